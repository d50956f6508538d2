"""A network of two organizations, and what is asked of all that it declares."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.components.recording import Recorder

NETWORK: dict[str, Any] = {
    "name": "dev",
    "organizations": [{"name": "one", "peers": 2}, {"name": "two", "peers": 1}],
    "channels": [
        {"name": "channel", "organizations": ["one", "two"]},
        {"name": "own", "organizations": ["two"]},
    ],
    "chaincodes": [
        {"name": "assets", "version": "1.0", "channel": "channel", "image": "sample", "endorsement": "all"}
    ],
}
CASES = Path(__file__).parent.parent / "cases" / "components"
NODES = ["orderer0-orderer", "orderer1-orderer", "orderer2-orderer", "peer0-one", "peer1-one", "peer0-two"]


def pod_specs(recorder: Recorder) -> Iterator[dict[str, Any]]:
    for kind in ("StatefulSet", "Deployment"):
        for inputs in recorder.of(kind).values():
            yield inputs["spec"]["template"]["spec"]


def named(recorder: Recorder, kind: str) -> dict[str, dict[str, Any]]:
    """Objects of a kind by their names in Kubernetes."""
    return {inputs["metadata"]["name"]: inputs for inputs in recorder.of(kind).values()}


def waits_for(recorder: Recorder, name: str) -> list[str]:
    """Names of what a resource explicitly depends on."""
    depends_on: Any = recorder.options[name].depends_on
    return [resource._name for resource in depends_on]


def all_before(recorder: Recorder, name: str) -> set[str]:
    """Names of all that a resource explicitly depends on, and of what these depend on."""
    before: set[str] = set()
    new = {name}
    while new:
        new = {each for known in new for each in waits_for(recorder, known)} - before
        before |= new
    return before
