"""Addresses that nodes had before: in certificates and Services until `former` leaves the file."""

from typing import Any

import pytest

from heddle.spec.load import parse_instance
from heddle.topology import NodePlan, Topology, plan

SERVICE = "peer1-one.fabric-dev.svc.cluster.local"
NOW = {
    "domain": "new.example.com",
    "ordering": {"organization": {"ports": {"first": 30050}}},
    "organizations": [{"name": "one", "ports": {"first": 30100}}],
}


def laid_out(**options: Any) -> Topology:
    return plan(parse_instance({"name": "dev", "organizations": [{"name": "one"}], **options}, source="test"))


def peer(topology: Topology) -> NodePlan:
    """The second peer of the organization."""
    return topology.organizations[0].nodes[1]


@pytest.mark.parametrize(
    ("options", "now", "former", "former_port"),
    [
        (NOW, "peer1-one.new.example.com:30101", (), None),
        (
            NOW | {"former": {"domain": "old.example.com"}},
            "peer1-one.new.example.com:30101",
            ("peer1-one.old.example.com:30101",),
            None,
        ),
        (
            NOW | {"former": {"ports": {"one": 31000}}},
            "peer1-one.new.example.com:30101",
            ("peer1-one.new.example.com:31001",),
            31001,
        ),
        (
            NOW | {"former": {"domain": "none"}},
            "peer1-one.new.example.com:30101",
            (f"{SERVICE}:7051",),
            7051,
        ),
        (
            {"former": {"domain": "old.example.com", "ports": {"one": 30100, "orderer": 30050}}},
            f"{SERVICE}:7051",
            ("peer1-one.old.example.com:30101",),
            30101,
        ),
        ({"former": {"publicAddress": "192.0.2.9"}}, f"{SERVICE}:7051", (), None),
    ],
    ids=["none", "domain", "ports", "from no domain", "to no domain", "public address"],
)
def test_a_node_answers_to_what_it_was_and_what_it_is(
    options: dict[str, Any], now: str, former: tuple[str, ...], former_port: int | None
) -> None:
    """The ledger has the address of now; a port of before is one more port of the Service."""
    topology = laid_out(**options)
    node = peer(topology)

    assert (node.address, node.former, node.former_port) == (now, former, former_port)
    assert node.served == (now, *former)
    assert {each.rpartition(":")[0] for each in node.served} <= set(node.tls_hosts)
    assert topology.moving == bool(former)


def test_a_former_public_address_stays_in_certificates() -> None:
    """Clients that use it still verify the node."""
    node = peer(laid_out(publicAddress="192.0.2.1", former={"publicAddress": "192.0.2.9"}))

    assert "192.0.2.9" in node.tls_hosts
    assert "192.0.2.9" not in peer(laid_out(publicAddress="192.0.2.1")).tls_hosts
