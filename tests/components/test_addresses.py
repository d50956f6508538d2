"""Every address that a client is handed verifies: the certificate names it, or the override comes with it."""

import ipaddress
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from heddle.clientconfig.files import ClientRequest, client_files
from heddle.network.network import network_of
from heddle.plugin.values import Properties, Secret
from tests.components.recording import Recorder, record

BASE = {
    "name": "x",
    "ordering": {"nodes": 1},
    "organizations": [{"name": "one", "peers": 2}, {"name": "two", "peers": 1}],
    "channels": [{"name": "channel", "organizations": ["one", "two"]}],
}
PINNED = {
    "domain": "chain.example.com",
    "ordering": {"nodes": 1, "organization": {"ports": {"first": 30100, "count": 10}}},
    "organizations": [
        {"name": "one", "peers": 2, "ports": {"first": 30120, "count": 10}},
        {"name": "two", "peers": 1, "ports": {"first": 30140, "count": 10}},
    ],
}
EXPOSURES: dict[str, tuple[dict[str, Any], str]] = {
    "ClusterIP": ({"publicAddress": "none"}, ""),
    "NodePort at an EIP": ({"publicAddress": "192.0.2.1"}, "192.0.2.1"),
    "NodePort at an IPv6 address": ({"publicAddress": "2001:db8::1"}, "2001:db8::1"),
    "NodePort at a name": ({"publicAddress": "chain.example.com"}, "chain.example.com"),
    "NodePort at an address found by itself": ({"publicAddress": "auto"}, "198.51.100.7"),
    "LoadBalancer": ({"exposure": "LoadBalancer", "publicAddress": "none"}, ""),
    "LoadBalancer beside an EIP": ({"exposure": "LoadBalancer", "publicAddress": "192.0.2.1"}, "192.0.2.1"),
    "domain with pinned NodePorts": (PINNED, ""),
    "domain at load balancers": ({**PINNED, "exposure": "LoadBalancer"}, ""),
    "domain with pinned NodePorts at an EIP": ({**PINNED, "publicAddress": "192.0.2.1"}, "192.0.2.1"),
}


def certified(recorder: Recorder) -> dict[str, set[str]]:
    """The names in each node's TLS certificate, by the node's name."""
    found = {}
    for certificate in recorder.of("Certificate").values():
        if certificate.get("usage") == "tls" and certificate.get("hosts"):
            found[certificate["commonName"]] = set(certificate["hosts"])
    return found


def files_of(recorder: Recorder, organization: str) -> dict[str, str]:
    """The content of every file for a client of an organization."""
    outputs: Properties = {"instance": recorder.instance, "access": Secret(recorder.access)}
    request = ClientRequest(organization=organization, users=("admin",), root="/r")
    return {name: file.content for name, file in client_files(network_of("x", outputs), request).items()}


def profile_addresses(profile: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for kind in ("peers", "orderers"):
        for name, node in (profile.get(kind) or {}).items():
            options = node["grpcOptions"]
            assert options["ssl-target-name-override"] == options["hostnameOverride"]
            yield name, node["url"].removeprefix("grpcs://"), options["hostnameOverride"]


def environment_addresses(text: str, organization: str) -> Iterator[tuple[str, str, str]]:
    exported = dict(re.findall(r"^export (\w+)='?([^'\n]*)'?$", text, re.MULTILINE))
    override = exported.get("CORE_PEER_TLS_SERVERHOSTOVERRIDE", "")
    yield f"peer0-{organization}", exported["CORE_PEER_ADDRESS"], override
    yield "orderer0-orderer", exported["ORDERER_ADDRESS"], exported["ORDERER_HOST"]


def handed_out(recorder: Recorder) -> Iterator[tuple[str, str, str]]:
    """Node, address and override (empty: none) of everything that clients are handed."""
    nodes = [*recorder.instance["peers"], *recorder.instance["orderers"]]
    for node in nodes:  # the output: a reader sees the name beside the endpoint
        yield node["name"], f"{node['host']}:{node['port']}", ""
        if node["publicEndpoint"]:
            yield node["name"], node["publicEndpoint"], node["host"]
    for organization in ("one", "two"):
        files = files_of(recorder, organization)
        for name in ("connection-profile.json", "connection-profile.yaml", "connection-profile-go.yaml"):
            yield from profile_addresses(yaml.safe_load(files[name]))
        for peer in json.loads(files["gateway.json"])["peers"]:
            yield peer["name"], peer["endpoint"], peer["tlsServerName"]
        yield from environment_addresses(files["env/admin.sh"], organization)


def plain_host(address: str) -> str:
    """The host of `host:port`, as a certificate has it."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return host


@pytest.mark.parametrize("exposure", EXPOSURES)
def test_a_client_can_verify_what_it_is_told_to_dial(exposure: str) -> None:
    """In profiles, the gateway's file, the tools' environment and the output, however nodes are exposed."""
    changes, public_address = EXPOSURES[exposure]
    recorder = record({**BASE, **changes}, public_address=public_address)
    names = certified(recorder)

    told = list(handed_out(recorder))

    assert {node for node, _, _ in told} == set(names)
    wrong = [each for each in told if (each[2] or plain_host(each[1])) not in names[each[0]]]
    assert wrong == []


def test_a_load_balancers_address_is_in_no_certificate() -> None:
    """So that the test above is about something: without overrides it would fail."""
    recorder = record({**BASE, "exposure": "LoadBalancer", "publicAddress": "none"})
    names = certified(recorder)

    assert any(plain_host(address) not in names[node] for node, address, _ in handed_out(recorder))
