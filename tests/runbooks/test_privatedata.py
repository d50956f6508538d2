"""Who else holds private data: decided by definitions in force, and by what blocks show."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.msp import msp_principal_pb2
from fabric_protos.peer import collection_pb2, proposal_pb2, proposal_response_pb2, transaction_pb2
from fabric_protos.peer.lifecycle import db_pb2

from heddle.fabric.connection import Connections
from heddle.fabric.definition import Definition
from heddle.fabric.dial import DirectDialer
from heddle.network.network import Network
from heddle.runbooks.collections import Members, collections_of, implicit_collection, members_of
from heddle.runbooks.privatedata import Holding, holdings, level_with
from tests.contract.definitions import collection_package
from tests.contract.standins import prepared_standins
from tests.network.processes import network_of_processes
from tests.real.network import RealNetwork, running
from tests.real.steps import define, make_channel, run_chaincode


def package(**collections: list[str]) -> bytes:
    """A CollectionConfigPackage: the MSP ids of each collection's members."""
    result = collection_pb2.CollectionConfigPackage()
    for name, msps in collections.items():
        static = result.config.add().static_collection_config
        static.name = name
        for msp in msps:
            role = msp_principal_pb2.MSPRole(msp_identifier=msp, role=msp_principal_pb2.MSPRole.MEMBER)
            static.member_orgs_policy.signature_policy.identities.append(
                msp_principal_pb2.MSPPrincipal(
                    principal_classification=msp_principal_pb2.MSPPrincipal.ROLE,
                    principal=role.SerializeToString(),
                )
            )
    return bytes(result.SerializeToString())


def block(*parts: Any) -> common_pb2.Block:
    """A block with one transaction that writes these namespaces."""
    results = rwset_pb2.TxReadWriteSet(ns_rwset=parts).SerializeToString()
    action = proposal_pb2.ChaincodeAction(results=results).SerializeToString()
    response = proposal_response_pb2.ProposalResponsePayload(extension=action).SerializeToString()
    endorsed = transaction_pb2.ChaincodeEndorsedAction(proposal_response_payload=response)
    content = transaction_pb2.ChaincodeActionPayload(action=endorsed).SerializeToString()
    transaction = transaction_pb2.Transaction(actions=[transaction_pb2.TransactionAction(payload=content)])
    header = common_pb2.ChannelHeader(type=common_pb2.ENDORSER_TRANSACTION).SerializeToString()
    payload = common_pb2.Payload(
        header=common_pb2.Header(channel_header=header), data=transaction.SerializeToString()
    )
    envelope = common_pb2.Envelope(payload=payload.SerializeToString()).SerializeToString()
    return common_pb2.Block(data=common_pb2.BlockData(data=[b"\xff not an envelope", envelope]))


def hashed(namespace: str, collection: str) -> Any:
    """Hashes of a collection."""
    part = rwset_pb2.CollectionHashedReadWriteSet(collection_name=collection)
    return rwset_pb2.NsReadWriteSet(namespace=namespace, collection_hashed_rwset=[part])


def defined(name: str, collections: bytes) -> Any:
    """A definition's collections, as `_lifecycle` writes them."""
    value = db_pb2.StateData(Bytes=collections).SerializeToString()
    write = kv_rwset_pb2.KVWrite(key=f"namespaces/fields/{name}/Collections", value=value)
    public = kv_rwset_pb2.KVRWSet(writes=[write]).SerializeToString()
    return rwset_pb2.NsReadWriteSet(namespace="_lifecycle", rwset=public)


def test_members_are_those_that_the_policy_names() -> None:
    """By their roles, whatever the rule."""
    assert members_of(package(prices=["AMSP", "BMSP"], own=["AMSP"])) == {
        "prices": {"AMSP", "BMSP"},
        "own": {"AMSP"},
    }
    assert members_of(b"") == {}


async def told(blocks: Iterable[common_pb2.Block], members: Members | None) -> set[tuple[str, str]]:
    """Return the collections that the first organization's peer may hold, by these blocks."""

    async def stream() -> AsyncIterator[common_pb2.Block]:
        for each in blocks:
            yield each

    found = await collections_of(stream(), implicit_collection("OneMSP"), members)
    return {key for key, msps in found.items() if "OneMSP" in msps}


async def test_an_implicit_collection_counts_when_it_is_in_use() -> None:
    """Of a chaincode and of `_lifecycle`, by hashes in blocks; another organization's does not matter."""
    blocks = [
        block(hashed("assets", "_implicit_org_TwoMSP"), hashed("_lifecycle", "_implicit_org_TwoMSP")),
        block(hashed("assets", "_implicit_org_OneMSP"), hashed("_lifecycle", "_implicit_org_OneMSP")),
    ]

    own = "_implicit_org_OneMSP"
    assert await told(blocks, {}) == {("assets", own), ("_lifecycle", own)}


async def test_unused_implicit_collections_do_not_count() -> None:
    """Every organization has one of every chaincode."""
    assert await told([block(hashed("assets", "prices"))], {}) == set()


async def test_blocks_tell_what_is_defined_where_no_peer_does() -> None:
    """Definitions that a peer told count alone; without, those that blocks wrote."""
    blocks = [block(defined("assets", package(prices=["OneMSP", "TwoMSP"])))]

    assert await told(blocks, None) == {("assets", "prices")}
    assert await told(blocks, {}) == set()


def test_peers_that_are_level_with_each_other_alone_are_no_holders() -> None:
    """What is private in blocks that they lack is on the broken peer alone."""
    assert level_with(1000, {"a": 5, "b": 5}) == []
    assert level_with(1000, {"a": 999, "b": 998}) == ["a"]
    assert level_with(1, {"a": 1, "silent": 0}) == ["a"]


@dataclass
class Scene:
    """Two organizations with a peer each, and a chaincode with collections, on stand-ins."""

    processes: RealNetwork
    network: Network

    async def found(self, connections: Connections, *trusted: str) -> dict[tuple[str, str], Holding]:
        """Return the holdings of the first organization's peer, by chaincode and collection."""
        peer = self.network.instance.peers[0]
        held = await holdings(self.network, connections, peer, trusted=trusted)
        return {(each.chaincode, each.collection): each for each in held}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One network for the tests of this module."""
    folder = tmp_path_factory.mktemp("standins")
    processes = prepared_standins(folder, orderers=1, peers={"alpha": 1, "beta": 1})
    for _ in running(processes):
        asyncio.run(define_collections(processes))
        yield Scene(processes, network_of_processes(processes))


async def define_collections(processes: RealNetwork) -> None:
    """Put a chaincode in force with a collection of both organizations, and one of each alone."""
    policies = {
        "prices": "OR('AlphaMSP.member', 'BetaMSP.member')",
        "own": "OR('AlphaMSP.member')",
        "theirs": "OR('BetaMSP.member')",
    }
    collections = collection_package([{"name": name, "policy": text} for name, text in policies.items()])
    wanted = Definition(name="assets", version="1", sequence=1, collections=collections.SerializeToString())
    async with Connections(DirectDialer()) as connections:
        await make_channel(connections, processes)
        packages = await run_chaincode(connections, processes, "assets")
        await define(connections, processes, wanted, packages)


async def test_another_members_peer_holds_it(scene: Scene, connections: Connections) -> None:
    """A collection of both has a second holder; one of the other organization alone does not matter."""
    found = await scene.found(connections)

    assert found["assets", "prices"].others == ("beta-peer1",)
    assert ("assets", "theirs") not in found


async def test_a_collection_of_one_peer_has_no_other_holder(scene: Scene, connections: Connections) -> None:
    """Defined is enough: nobody can tell from outside that nothing was ever written."""
    own = (await scene.found(connections))["assets", "own"]

    assert own.others == ()
    assert "held by nobody" in own.words()


async def test_its_approvals_are_held_by_nobody_else(scene: Scene, connections: Connections) -> None:
    """They are private data of an organization with one peer; blocks have their hashes."""
    found = await scene.found(connections)

    assert found["_lifecycle", "_implicit_org_AlphaMSP"].others == ()
    assert ("_lifecycle", "_implicit_org_BetaMSP") not in found


async def test_a_person_can_vouch_for_others(scene: Scene, connections: Connections) -> None:
    """Peers of another stack are unknown here: whoever runs the runbook says that they hold it."""
    found = await scene.found(connections, "BetaMSP", "AlphaMSP")

    assert found["assets", "prices"].others == ("beta-peer1", "peers of BetaMSP")
    assert found["assets", "own"].others == ()


async def test_a_silent_peer_is_no_holder(scene: Scene, connections: Connections) -> None:
    """A peer that does not answer may have lost it too; then blocks tell what is defined."""
    scene.processes.programs["beta-peer1"].stop()
    try:
        prices = (await scene.found(connections))["assets", "prices"]
    finally:
        scene.processes.start()

    assert (prices.others, prices.silent) == ((), ("beta-peer1",))
