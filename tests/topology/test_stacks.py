"""The stacks that ship, laid out: each shows what its comments promise."""

import pytest

from heddle.spec.load import parse_instance
from heddle.topology import Topology, plan
from tests.shipped import shipped_stack


def laid_out(name: str, *, public_address: str = "") -> Topology:
    file = shipped_stack(name)
    return plan(parse_instance(file["config"]["fabric:instance"], source=name), public_address=public_address)


def test_enterprise_orders_with_bft_for_three_companies_on_three_channels() -> None:
    """Four consenters, each circle its own channel, one peer of the maker's where one is enough."""
    enterprise = laid_out("enterprise")

    assert (enterprise.consensus, len(enterprise.ordering.nodes)) == ("BFT", 4)
    assert enterprise.bft is not None
    assert {
        channel.name: {member.organization: len(member.peers) for member in channel.members}
        for channel in enterprise.channels
    } == {
        "goods": {"maker": 2, "carrier": 1, "shop": 1},
        "transport": {"maker": 1, "carrier": 1},
        "sales": {"maker": 2, "shop": 1},
    }


def test_enterprise_keeps_prices_from_the_carrier() -> None:
    """Its peers hold hashes, and it endorses no price."""
    (assets,) = laid_out("enterprise").chaincodes
    (definition,) = assets.definitions
    (prices,) = definition.collections

    assert (prices.name, prices.policy) == ("prices", "OR('MakerMSP.member','ShopMSP.member')")
    assert "CarrierMSP" not in str(prices.endorsement_policy)
    assert "CarrierMSP" in str(definition.endorsement_policy)


def test_couchdb_has_a_database_with_a_claim_of_its_own_for_every_peer() -> None:
    """Orderers have none."""
    couchdb = laid_out("couchdb")

    assert [database.peer for database in couchdb.databases] == ["peer0-organization", "peer1-organization"]
    assert {database.storage_size for database in couchdb.databases} == {"1Gi"}
    assert [node.couchdb for node in couchdb.ordering.nodes] == [None] * 3


def test_public_domain_pins_names_and_ports_and_has_a_member_elsewhere() -> None:
    """Address on the ledger = address outside; the external member has no nodes, but an anchor peer."""
    public = laid_out("public-domain", public_address="192.0.2.1")

    assert public.service_type == "NodePort"
    assert [node.node_port for node in public.nodes] == [node.port for node in public.nodes]
    assert {node.port for node in public.nodes} == {30050, 30051, 30052, 30100, 30120}
    assert [each.name for each in public.managed] == ["north", "south"]
    members = {member.organization: member for member in public.channels[0].members}
    assert (members["east"].peers, members["east"].anchor_peers) == ((), ("peer0.east.example.com:7051",))
    assert [server.organization for server in public.chaincodes[0].servers] == ["north", "south"]


def test_external_cluster_takes_images_by_digest_and_spreads_its_consenters() -> None:
    """What is not named comes from the mirror, at upstream's path."""
    external = laid_out("external-cluster")

    assert "@sha256:" in external.images.peer
    assert external.images.couchdb.startswith("registry.example.com/mirror/library/couchdb:")
    zones = [node.placement.node_selector["topology.kubernetes.io/zone"] for node in external.ordering.nodes]
    assert zones == ["zone-a", "zone-b", "zone-c"]
    assert {node.placement.node_selector["pool"] for node in external.ordering.nodes} == {"ledger"}
    assert {node.storage_size for node in external.managed[0].nodes} == {"500Gi"}


@pytest.mark.parametrize(
    "name", ["dev", "offline", "internal", "enterprise", "couchdb", "public-domain", "external-cluster"]
)
def test_every_stack_says_when_it_is_disposable(name: str) -> None:
    """Only what is for trials may be destroyed with its ledgers; production is protected."""
    file = shipped_stack(name)

    assert file["config"]["fabric:instance"].get("disposable", False) is (name != "external-cluster")
