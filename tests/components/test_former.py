"""What a Network declares while its nodes move to other addresses, and what it does not otherwise."""

from typing import Any

import pytest

from tests.components.declared import waits_for
from tests.components.recording import Recorder, record

BASE: dict[str, Any] = {
    "name": "dev",
    "ordering": {"nodes": 3, "organization": {"ports": {"first": 30050}}},
    "organizations": [{"name": "one", "peers": 2, "ports": {"first": 30100}}],
    "channels": [{"name": "channel", "organizations": ["one"]}],
    "domain": "new.example.com",
}
SERVICE = "fabric-dev.svc.cluster.local"


@pytest.fixture(scope="module")
def moving() -> Recorder:
    """There was no domain before."""
    return record({**BASE, "former": {"domain": "none"}})


@pytest.fixture(scope="module")
def settled() -> Recorder:
    return record(BASE)


def ports(recorder: Recorder, node: str) -> list[dict[str, Any]]:
    (found,) = (each for each in recorder.of("Service").values() if each["metadata"]["name"] == node)
    return list(found["spec"]["ports"])


def test_a_service_has_both_ports_and_leads_to_where_the_pod_listens(
    moving: Recorder, settled: Recorder
) -> None:
    """Before its restart a pod listens at its former port, and calls it by the same name."""
    assert [(each["name"], each["port"], each["targetPort"]) for each in ports(moving, "peer1-one")] == [
        ("grpc", 30101, "grpc"),
        ("grpc-former", 7051, "grpc"),
    ]
    assert [each["name"] for each in ports(settled, "peer1-one")] == ["grpc"]


def test_a_former_port_of_the_machines_stays_pinned() -> None:
    """Clients outside find nodes there while `former` is in the file. Without a domain none was pinned."""
    moved = record({**BASE, "former": {"ports": {"one": 31000}}})

    assert [each.get("nodePort") for each in ports(moved, "peer1-one")] == [30101, 31001]
    assert [each.get("nodePort") for each in ports(moved, "orderer0-orderer")] == [30050]
    assert [
        each.get("nodePort") for each in ports(record({**BASE, "former": {"domain": "none"}}), "peer0-one")
    ] == [
        30100,
        None,
    ]


def test_resources_know_both_addresses_of_a_node(moving: Recorder, settled: Recorder) -> None:
    """They verify it by the name that it has before its restart and after."""
    (channel,) = moving.of("Channel").values()

    assert {each["name"]: each["former"] for each in channel["orderers"]} == {
        f"orderer{index}-orderer": [f"orderer{index}-orderer.{SERVICE}:7050"] for index in range(3)
    }
    (channel,) = settled.of("Channel").values()
    assert all("former" not in each for each in channel["orderers"])


def test_no_service_changes_before_its_addresses_may_go(moving: Recorder) -> None:
    """The terms refuse first, so nothing that somebody uses is taken away."""
    (terms,) = moving.of("AddressTerms").values()
    first = moving.position("dev-addresses")

    assert terms["served"]["peer1-one"] == ["peer1-one.new.example.com:30101", f"peer1-one.{SERVICE}:7051"]
    assert all(moving.position(name) > first for name in moving.of("Service") if "eip" in name)


def test_channels_wait_for_the_peers_whose_new_addresses_they_name(
    moving: Recorder, settled: Recorder
) -> None:
    """Only while nodes move; at other times they need not."""
    ledger = "dev-channel-channel-ledger"

    assert "dev-peers-rollout" in waits_for(moving, ledger)
    assert "dev-peers-rollout" not in waits_for(settled, ledger)


def test_a_peer_asks_its_first_peer_at_both_addresses(moving: Recorder) -> None:
    """One of them answers, whichever of the two restarted first."""
    files = {each["metadata"]["name"]: each["data"] for each in moving.of("ConfigMap").values()}

    assert (
        f'bootstrap: "peer0-one.new.example.com:30100 peer0-one.{SERVICE}:7051"'
        in files["peer1-one"]["core.yaml"]
    )
