"""Names, addresses and ports of an instance."""

import re
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from heddle.quantities import amount
from heddle.spec.load import parse_instance
from heddle.spec.names import ORGANIZATION
from heddle.spec.policies import Endorsement
from heddle.topology import (
    ChaincodePlan,
    ChannelPlan,
    MemberPlan,
    Placement,
    Topology,
    endorsement_policy,
    plan,
)
from tests.spec.strategies import indices_of, instances, names

DNS_LABEL = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
# A StatefulSet's pods carry its name, a dash and a hash of ten characters in a label.
LONGEST_STATEFULSET = 63 - 11
UNSET: dict[str, Any] = {"resources": {}, "placement": Placement(), "labels": {}, "environment": {}}
"""What the file may say of a node by its name: settings of a node that is gone must go from the file, too."""


def planned(data: dict[str, Any]) -> Topology:
    return plan(parse_instance(data, source="test"))


@settings(max_examples=25)
@given(instances())
def test_names_are_unique_and_kubernetes_takes_them(data: dict[str, Any]) -> None:
    """Whatever a stack file may say, no two things of an instance meet under one name."""
    topology = planned(data)

    nodes = [node.name for node in topology.nodes]
    databases = [database.name for database in topology.databases]
    servers = [server.name for chaincode in topology.chaincodes for server in chaincode.servers]
    services = [*nodes, *databases, *servers]
    assert len(services) == len(set(services))
    assert [name for name in services if not DNS_LABEL.fullmatch(name)] == []
    assert [name for name in [*nodes, *databases] if len(name) > LONGEST_STATEFULSET] == []


@settings(max_examples=25)
@given(instances())
def test_pinned_ports_are_nobody_elses(data: dict[str, Any]) -> None:
    """With a domain each node has a port of its own, the same on the ledger and on machines; else none is."""
    topology = planned(data)

    ports = [node.port for node in topology.nodes]
    if "domain" in data:
        assert len(ports) == len(set(ports))
        pinned = ports if data["exposure"] == "NodePort" else [None] * len(ports)
        assert [node.node_port for node in topology.nodes] == pinned
    else:
        assert set(ports) <= {7050, 7051}
        assert {node.node_port for node in topology.nodes} == {None}


@settings(max_examples=25)
@given(instances())
def test_a_member_joins_with_the_peers_named_and_announces_the_first_of_those(data: dict[str, Any]) -> None:
    """Peers are known by their indices; what is external has no peers here."""
    topology = planned(data)
    organizations = {each.name: each for each in topology.organizations}

    for member in (member for channel in topology.channels for member in channel.members):
        nodes = organizations[member.organization].nodes
        assert member.peers == tuple(node for node in nodes if node in member.peers)
        announced = () if organizations[member.organization].external else member.anchor_peers
        assert [peer.address for peer in member.peers[: len(announced)]] == [*announced]
        assert bool(member.peers) == (organizations[member.organization].external is None)


@settings(max_examples=25)
@given(instances())
def test_no_request_is_above_its_limit(data: dict[str, Any]) -> None:
    """Kubernetes would refuse the pod: defaults give way to what the file says."""
    topology = planned(data)

    for node in (*topology.nodes, *topology.databases):
        requests, limits = node.resources["requests"], node.resources.get("limits", {})
        assert [key for key in limits if amount(requests.get(key, "0")) > amount(limits[key])] == []


@settings(max_examples=25)
@given(instances(), names(ORGANIZATION))
def test_a_neighbour_renames_nothing(data: dict[str, Any], newcomer: str) -> None:
    """An organization that comes first in the file leaves every other node as it was."""
    if newcomer in {"orderer", *(each["name"] for each in data["organizations"])}:
        return
    before = planned(data)

    ports = {"ports": {"first": 32000}} if "domain" in data else {}
    grown = {
        **data,
        "organizations": [{"name": newcomer, "mspId": "msp-new", **ports}, *data["organizations"]],
    }

    assert set(before.nodes) <= set(planned(grown).nodes)


@settings(max_examples=25)
@given(instances())
def test_growing_a_set_leaves_its_nodes_as_they_were(data: dict[str, Any]) -> None:
    """One more peer everywhere: nobody is renamed, and anchors stay."""
    before = planned(data)

    grown = planned({**data, "organizations": [_grown(each) for each in data["organizations"]]})

    assert set(before.nodes) <= set(grown.nodes)
    assert [member.anchor_peers for channel in before.channels for member in channel.members] == [
        member.anchor_peers for channel in grown.channels for member in channel.members
    ]


@settings(max_examples=25)
@given(instances())
def test_the_order_of_lists_in_the_file_names_and_changes_nothing(data: dict[str, Any]) -> None:
    """Everything backwards: the same nodes, members, definitions and servers, byte for byte."""
    backwards = {
        **data,
        **{key: [_backwards(each) for each in data[key][::-1]] for key in ("organizations", "channels")},
        "chaincodes": [_backwards(each) for each in data["chaincodes"][::-1]],
        "nodes": dict(reversed(data["nodes"].items())),
    }

    before, after = planned(data), planned(backwards)

    assert set(before.nodes) == set(after.nodes)
    assert [_members(channel) for channel in before.channels] == [
        _members(channel) for channel in after.channels[::-1]
    ]
    for one, other in zip(before.chaincodes, after.chaincodes[::-1], strict=True):
        assert _definitions(one) == _definitions(other)
        assert set(one.servers) == set(other.servers)


def _definitions(chaincode: ChaincodePlan) -> dict[str, tuple[object, ...]]:
    """What is on the ledger of each channel."""
    return {
        each.channel: (each.sequence, each.endorsement_policy, each.collections, each.further)
        for each in chaincode.definitions
    }


def _backwards(section: dict[str, Any]) -> dict[str, Any]:
    """The lists of a section in reverse; those of its collections, too."""
    return {
        key: [_backwards(each) if isinstance(each, dict) else each for each in value[::-1]]
        if isinstance(value, list)
        else value
        for key, value in section.items()
    }


def _members(channel: ChannelPlan) -> dict[str, MemberPlan]:
    return {member.organization: member for member in channel.members}


def _grown(organization: dict[str, Any]) -> dict[str, Any]:
    """One more peer, and room for it."""
    if "external" in organization:
        return organization
    grown = {**organization, "peers": [*indices_of(organization["peers"]), 9]}
    return {**grown, "ports": {**grown["ports"], "count": 20}} if "ports" in grown else grown


@settings(max_examples=25)
@given(instances(), st.data())
def test_a_node_that_goes_for_good_changes_nothing_of_any_other(
    data: dict[str, Any], draws: st.DataObject
) -> None:
    """Neither names, ports, certificates nor numbers: whichever index is taken out, whichever comes in."""
    before = planned(data)
    orderers = indices_of(data["ordering"]["nodes"])
    out, into = (
        draws.draw(st.sampled_from(orderers)),
        draws.draw(st.integers(0, 9).filter(lambda each: each not in orderers)),
    )
    swapped = {**data["ordering"], "nodes": [into, *(each for each in orderers if each != out)]}
    kept = {key: value for key, value in data["nodes"].items() if key in {"peer", "orderer"}}

    after = planned({**data, "ordering": swapped, "nodes": kept})

    lost = {node.index for node in before.ordering.nodes} - {node.index for node in after.ordering.nodes}
    assert lost == {out}
    same = {node for node in before.nodes if (node.kind, node.index) != ("orderer", out)}
    assert {replace(node, **UNSET) for node in same} <= {replace(node, **UNSET) for node in after.nodes}


@settings(max_examples=25)
@given(st.lists(st.integers(0, 9), min_size=3, max_size=3, unique=True), st.data())
def test_a_peer_that_goes_for_good_changes_nothing_of_any_other(
    peers: list[int], draws: st.DataObject
) -> None:
    """Its channel loses it, and its pinned port stays its own."""
    out = draws.draw(st.sampled_from(peers))
    left = sorted(set(peers) - {out})
    before, after = (_with_peers(each) for each in (peers, left))

    assert {node for node in before.nodes if node.name != f"peer{out}-one"} == set(after.nodes)
    assert [peer.port for peer in after.channels[0].members[0].peers] == [30100 + index for index in left]


def _with_peers(indices: list[int]) -> Topology:
    return planned(
        {
            "name": "dev",
            "domain": "fabric.example.com",
            "stateDatabase": "CouchDB",
            "ordering": {"organization": {"ports": {"first": 30000}}},
            "organizations": [{"name": "one", "peers": indices, "ports": {"first": 30100}}],
            "channels": [{"name": "channel", "organizations": ["one"]}],
        }
    )


def test_a_number_of_nodes_means_the_indices_from_0() -> None:
    """What a stack file said before it could say indices means the same."""
    file = {"name": "dev", "organizations": [{"name": "one"}]}
    for type_, count in (("raft", 3), ("bft", 4)):
        counted = planned({**file, "ordering": {"type": type_, "nodes": count}})
        listed = planned({**file, "ordering": {"type": type_, "nodes": list(range(count))[::-1]}})
        assert counted == listed == planned({**file, "ordering": {"type": type_}})


@settings(max_examples=25)
@given(instances())
def test_certificates_are_good_for_the_name_on_the_ledger(data: dict[str, Any]) -> None:
    """Consenters, clients and peers verify the name that the channel says."""
    assert [node.name for node in planned(data).nodes if node.host not in node.tls_hosts] == []


@given(st.permutations(["AMSP", "BMSP", "CMSP"]))
def test_the_order_of_members_does_not_change_a_policy(msp_ids: list[str]) -> None:
    """Approvals match on bytes, so the file's order must not reach the ledger."""
    assert endorsement_policy(Endorsement.ANY, msp_ids) == "OR('AMSP.peer','BMSP.peer','CMSP.peer')"
    assert endorsement_policy(Endorsement.ALL, msp_ids) == "AND('AMSP.peer','BMSP.peer','CMSP.peer')"
    assert endorsement_policy(Endorsement.MAJORITY, msp_ids) is None


def test_names_of_the_sample_instance() -> None:
    """What a user sees in kubectl and on the ledger."""
    topology = planned(
        {
            "name": "dev",
            "organizations": [{"name": "organization", "peers": 1}],
            "channels": [{"name": "channel", "organizations": ["organization"]}],
            "chaincodes": [{"name": "assets", "version": "1.0", "channel": "channel", "image": "x"}],
        }
    )

    assert [node.address for node in topology.nodes] == [
        "orderer0-orderer.fabric-dev.svc.cluster.local:7050",
        "orderer1-orderer.fabric-dev.svc.cluster.local:7050",
        "orderer2-orderer.fabric-dev.svc.cluster.local:7050",
        "peer0-organization.fabric-dev.svc.cluster.local:7051",
    ]
    assert topology.organizations[0].msp_id == "OrganizationDevMSP"
    assert topology.chaincodes[0].label == "assets_1.0"
    assert (
        topology.chaincodes[0].servers[0].address
        == "assets-organization-d0ff59.fabric-dev.svc.cluster.local:9999"
    )


def test_a_channel_says_its_limits_one_by_one() -> None:
    """What it leaves out is `ordering.batch`'s, and only then the default."""
    topology = planned(
        {
            "name": "dev",
            "ordering": {"batch": {"timeout": "500ms", "messages": 100}},
            "organizations": [{"name": "one"}],
            "channels": [
                {"name": "a", "organizations": ["one"], "batch": {"messages": 10}},
                {"name": "b", "organizations": ["one"]},
            ],
        }
    )

    batches = [channel.batch for channel in topology.channels]
    limits = [(each.timeout, each.max_message_count, each.absolute_max_bytes) for each in batches]
    assert limits == [("500ms", 10, 10 * 1024**2), ("500ms", 100, 10 * 1024**2)]


def test_a_domain_of_ones_own_is_on_the_ledger_and_in_certificates() -> None:
    """Names outside are the domain's; inside, the Service's name still works."""
    data = {
        "name": "dev",
        "domain": "fabric.example.com",
        "ordering": {"organization": {"ports": {"first": 30050}}},
        "organizations": [{"name": "org1", "ports": {"first": 30100}}],
    }

    node = plan(parse_instance(data, source="test"), public_address="192.0.2.1").nodes[0]

    assert (node.address, node.node_port) == ("orderer0-orderer.fabric.example.com:30050", 30050)
    assert {"orderer0-orderer.fabric-dev.svc.cluster.local", "192.0.2.1"} <= set(node.tls_hosts)
