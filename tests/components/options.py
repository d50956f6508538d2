"""A network to try options of a stack file on, and a look into the pods that it declares."""

from typing import Any

from tests.components.declared import named
from tests.components.recording import Recorder

NETWORK: dict[str, Any] = {
    "name": "dev",
    "organizations": [{"name": "one", "peers": 2}, {"name": "two", "peers": 1}],
    "channels": [{"name": "channel", "organizations": ["one", "two"]}],
    "chaincodes": [{"name": "assets", "version": "1.0", "channel": "channel", "image": "sample"}],
}
DOMAIN: dict[str, Any] = {
    "domain": "fabric.example.com",
    "ordering": {"organization": {"ports": {"first": 30050}}},
    "organizations": [
        {"name": "one", "peers": 2, "ports": {"first": 30100}},
        {"name": "two", "peers": 1, "ports": {"first": 30200}},
    ],
}
SERVER = "assets-one-d0ff59"


def pod(recorder: Recorder, name: str, kind: str = "StatefulSet") -> dict[str, Any]:
    template: dict[str, Any] = named(recorder, kind)[name]["spec"]["template"]
    return template


def container(recorder: Recorder, name: str, kind: str = "StatefulSet") -> dict[str, Any]:
    (only,) = pod(recorder, name, kind)["spec"]["containers"]
    return dict(only)


def variables(recorder: Recorder, name: str, kind: str = "StatefulSet") -> dict[str, str]:
    """Variables with plain values."""
    return {each["name"]: each["value"] for each in container(recorder, name, kind)["env"] if "value" in each}


def from_secrets(recorder: Recorder, name: str) -> dict[str, tuple[str, str]]:
    """Variables out of Secrets: its name and key."""
    return {
        each["name"]: (each["valueFrom"]["secretKeyRef"]["name"], each["valueFrom"]["secretKeyRef"]["key"])
        for each in container(recorder, name)["env"]
        if "valueFrom" in each
    }
