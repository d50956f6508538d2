"""Every address that a client is handed verifies: the certificate names it, or the override comes with it."""

import ipaddress
import json
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml

from heddle.clientconfig.files import ClientRequest, client_files
from heddle.clientconfig.folder import write_client_folder
from heddle.clientconfig.grant import Grant, Role, granted_files
from heddle.identity.authority import new_authority
from heddle.network.instance import read_instance
from heddle.network.network import Network, network_of, open_network
from heddle.network.status import judge_node
from heddle.planner.facts import NodeFacts
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


def network(recorder: Recorder) -> Network:
    """The network as the stack's owner opens it."""
    outputs: Properties = {"instance": recorder.instance, "access": Secret(recorder.access)}
    return network_of("x", outputs)


def persons_network(recorder: Recorder, organization: str, folder: Path) -> Network:
    """The network as a person opens the folder that `heddle access grant` wrote."""
    instance, authorities = deepcopy(recorder.instance), {}
    for name, member in instance["organizations"].items():
        authorities[name] = new_authority(common_name=f"ca.{name}", organization=name)
        member["caCertificate"] = authorities[name].certificate.decode()
    grant = Grant(user="alice", role=Role.VIEWER, organization=organization, validity_days=1)
    files = granted_files(read_instance(instance), grant, authorities[organization].private_key)
    write_client_folder(folder, {"user": "alice"}, files)
    return open_network(f"{folder}/", folder)


def files_of(opened: Network, organization: str, user: str) -> dict[str, str]:
    """The content of every file for a client of an organization."""
    request = ClientRequest(organization=organization, users=(user,), root="/r")
    return {name: file.content for name, file in client_files(opened, request).items()}


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


def handed_out(recorder: Recorder, folder: Path) -> Iterator[tuple[str, str, str]]:
    """Node, address and override (empty: none) of everything that clients are handed."""
    yield from output_addresses(recorder.instance)
    yield from status_addresses(network(recorder))
    for organization in ("one", "two"):
        yield from client_addresses(files_of(network(recorder), organization, "admin"), organization, "admin")
        place = folder / organization
        opened = persons_network(recorder, organization, place)
        yield from output_addresses(json.loads((place / "instance.json").read_text()))
        yield from status_addresses(opened)
        yield from client_addresses(files_of(opened, organization, "alice"), organization, "alice")


def output_addresses(instance: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Of the output `instance`, and of access folders: a reader sees the name beside the endpoint."""
    for node in [*instance["peers"], *instance["orderers"]]:
        yield node["name"], f"{node['host']}:{node['port']}", ""
        if node["publicEndpoint"]:
            yield node["name"], node["publicEndpoint"], node["host"]


def status_addresses(opened: Network) -> Iterator[tuple[str, str, str]]:
    """Of `heddle status`, with which `make up` ends: both addresses of a node, side by side."""
    for node in (*opened.instance.orderers, *opened.instance.peers):
        kind: Literal["orderer", "peer"] = "orderer" if node in opened.instance.orderers else "peer"
        shown = judge_node(node, NodeFacts(name=node.name, kind=kind, address=f"{node.host}:{node.port}"))
        yield shown.name, shown.address, ""
        if shown.public_endpoint:
            yield shown.name, shown.public_endpoint, shown.address.rpartition(":")[0]


def client_addresses(files: dict[str, str], organization: str, user: str) -> Iterator[tuple[str, str, str]]:
    """Of the files that `heddle sdk-config` writes."""
    for name in ("connection-profile.json", "connection-profile.yaml", "connection-profile-go.yaml"):
        yield from profile_addresses(yaml.safe_load(files[name]))
    for peer in json.loads(files["gateway.json"])["peers"]:
        yield peer["name"], peer["endpoint"], peer["tlsServerName"]
    yield from environment_addresses(files[f"env/{user}.sh"], organization)


def plain_host(address: str) -> str:
    """The host of `host:port`, as a certificate has it."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return host


@pytest.mark.parametrize("exposure", EXPOSURES)
def test_a_client_can_verify_what_it_is_told_to_dial(
    exposure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In profiles, gateway.json, environments, the output, status and access folders, however exposed."""
    monkeypatch.setattr("heddle.network.network.own_kubeconfig", lambda: "")
    changes, public_address = EXPOSURES[exposure]
    recorder = record({**BASE, **changes}, public_address=public_address)
    names = certified(recorder)

    told = list(handed_out(recorder, tmp_path))

    assert {node for node, _, _ in told} == set(names)
    wrong = [each for each in told if (each[2] or plain_host(each[1])) not in names[each[0]]]
    assert wrong == []


def test_a_load_balancers_address_is_in_no_certificate() -> None:
    """So that the test above is about something: without overrides it would fail."""
    recorder = record({**BASE, "exposure": "LoadBalancer", "publicAddress": "none"})
    names = certified(recorder)

    assert any(
        plain_host(address) not in names[node] for node, address, _ in output_addresses(recorder.instance)
    )
