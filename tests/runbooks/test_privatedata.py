"""Who else holds private data: decided by definitions in force, and by what blocks show."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.msp import msp_principal_pb2
from fabric_protos.peer import collection_pb2, proposal_pb2, proposal_response_pb2, transaction_pb2
from fabric_protos.peer.lifecycle import db_pb2

from heddle.runbooks import privatedata
from heddle.runbooks.collections import members_of
from heddle.runbooks.privatedata import Holding, holdings
from tests.network.samples import sample_network


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


class Scene:
    """A channel of two organizations with a peer each, as the clients would tell of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.network = sample_network()
        self.level = [self.network.instance.peers[1]]
        self.definitions: dict[tuple[str, str], set[str]] | None = {}
        self.blocks: list[common_pb2.Block] = []

        async def others(*_: object) -> Any:
            silent = [one for one in self.network.instance.peers[1:] if one not in self.level]
            return self.level, silent

        async def definitions(*_: object) -> Any:
            return self.definitions if self.level else None

        async def blocks(*_: object) -> AsyncIterator[common_pb2.Block]:
            for one in self.blocks:
                yield one

        monkeypatch.setattr(privatedata, "_others", others)
        monkeypatch.setattr(privatedata, "_definitions", definitions)
        monkeypatch.setattr(privatedata, "_blocks", blocks)

    async def found(self, *trusted: str) -> list[Holding]:
        """The holdings of the first organization's peer."""
        peer = self.network.instance.peers[0]
        return list(await holdings(self.network, None, peer, trusted=trusted))  # type: ignore[arg-type]


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A channel."""
    return Scene(monkeypatch)


async def test_another_members_peer_holds_it(scene: Scene) -> None:
    """A collection of both has a second holder; one of the other organization alone does not matter."""
    scene.definitions = {("assets", "prices"): {"OneMSP", "TwoMSP"}, ("assets", "theirs"): {"TwoMSP"}}

    [prices] = await scene.found()

    assert (prices.collection, prices.others) == ("prices", ("peer0-two",))


async def test_a_collection_of_one_peer_has_no_other_holder(scene: Scene) -> None:
    """Defined is enough: nobody can tell from outside that nothing was ever written."""
    scene.definitions = {("assets", "own"): {"OneMSP"}}

    [own] = await scene.found()

    assert own.others == ()
    assert "held by nobody" in own.words()


async def test_a_silent_peer_is_no_holder(scene: Scene) -> None:
    """A peer that does not answer may have lost it too; then blocks tell what is defined."""
    scene.level = []
    scene.blocks = [block(defined("assets", package(prices=["OneMSP", "TwoMSP"])))]

    [prices] = await scene.found()

    assert (prices.others, prices.silent) == ((), ("peer0-two",))


async def test_an_implicit_collection_counts_when_it_is_in_use(scene: Scene) -> None:
    """Of a chaincode and of `_lifecycle`, by hashes in blocks; another organization's does not matter."""
    scene.blocks = [
        block(hashed("assets", "_implicit_org_TwoMSP"), hashed("_lifecycle", "_implicit_org_TwoMSP")),
        block(hashed("assets", "_implicit_org_OneMSP"), hashed("_lifecycle", "_implicit_org_OneMSP")),
    ]

    found = await scene.found()

    assert [(one.chaincode, one.others) for one in found] == [("_lifecycle", ()), ("assets", ())]


async def test_unused_implicit_collections_do_not_count(scene: Scene) -> None:
    """Every organization has one of every chaincode."""
    scene.blocks = [block(hashed("assets", "prices"))]

    assert await scene.found() == []


async def test_a_person_can_vouch_for_others(scene: Scene) -> None:
    """Peers of another stack are unknown here: whoever runs the runbook says that they hold it."""
    scene.definitions = {("assets", "shared"): {"OneMSP", "FarMSP"}}

    [alone] = await scene.found()
    [vouched] = await scene.found("FarMSP", "OneMSP")

    assert alone.others == ()
    assert vouched.others == ("peers of FarMSP",)


async def test_peers_that_are_level_with_each_other_alone_are_no_holders(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is private in blocks that they lack is on the broken peer alone."""
    network = sample_network()
    heights = {"orderers": 1000, "peer": 5}

    async def info(*_: object, **__: object) -> Any:
        return SimpleNamespace(height=heights["peer"])

    async def newest(*_: object, **__: object) -> common_pb2.Block:
        return common_pb2.Block(header=common_pb2.BlockHeader(number=heights["orderers"] - 1))

    monkeypatch.setattr(privatedata.qscc, "chain_info", info)
    monkeypatch.setattr("heddle.fabric.orderer.deliver_block", newest)

    async def level() -> list[str]:
        channel = next(iter(network.instance.channels.values()))
        found, _ = await privatedata._others(network, None, network.instance.peers[0], channel)  # type: ignore[arg-type]
        return [one.name for one in found]

    assert await level() == []
    heights["peer"] = 999
    assert await level() == ["peer0-two"]
