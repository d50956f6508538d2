"""Would setting a peer's ledger aside lose private data? Blocks hold its hashes only, peers hold the rest.

A collection counts when its definition is in force, whether anything was ever written to it or not. The
implicit collection that every organization has of every chaincode counts when blocks show that something was
written to it. So does that of `_lifecycle`, which has the organization's approvals: without them its peers
run no chaincode, and Fabric lets nobody give one again for a sequence in force.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import TypeAlias

from fabric_protos.common import common_pb2, policies_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.msp import identities_pb2, msp_principal_pb2
from fabric_protos.orderer import ab_pb2_grpc
from fabric_protos.peer import collection_pb2, proposal_pb2, proposal_response_pb2, transaction_pb2
from fabric_protos.peer.lifecycle import db_pb2

from heddle.cli.outputs import ChannelOutput, InstanceOutput, NodeOutput
from heddle.configtx.values import parse
from heddle.errors import ConfigtxError, FabricError, RunbookError
from heddle.fabric import lifecycle, qscc
from heddle.fabric.connection import Connections
from heddle.fabric.deliver import deliver, seek_envelope

__all__ = ["Holding", "Members", "defined_collections", "holdings", "members_of", "written_collections"]

Members: TypeAlias = dict[tuple[str, str], set[str]]
"""MSP ids by (chaincode, collection)."""

_CALL = 10.0
_READING = 3600.0
"""Seconds for reading a whole channel from an orderer."""
_IMPLICIT = "_implicit_org_"
_LIFECYCLE = "_lifecycle"
_LEVEL = 1


@dataclass(frozen=True, kw_only=True)
class Holding:
    """A collection whose private data the peer may hold, and which other peers hold it too."""

    channel: str
    chaincode: str
    collection: str
    others: tuple[str, ...]
    silent: tuple[str, ...] = ()
    """Peers that should hold it too, but do not answer or are not level."""

    def words(self) -> str:
        """As a line for people."""
        name = f"{self.channel}: collection {self.collection} of {self.chaincode}"
        silent = f" (not counted, because silent or behind: {', '.join(self.silent)})" if self.silent else ""
        return f"{name}: also held by {', '.join(self.others) or 'nobody'}{silent}"


async def holdings(
    network: InstanceOutput, connections: Connections, peer: NodeOutput, *, trusted: Iterable[str] = ()
) -> tuple[Holding, ...]:
    """Every collection of the peer's channels that the peer is a member of, with its other holders.

    Args:
        network: the stack's network. Peers of other stacks are unknown to it, so they count for nothing.
        connections: to its nodes.
        peer: the one whose ledger would be set aside.
        trusted: MSP ids of organizations elsewhere whose peers hold their data for certain.
    """
    channels = [channel for channel in network.channels.values() if peer.name in channel.peers]
    found: list[Holding] = []
    for channel in channels:
        found += await _on_channel(network, connections, peer, channel, frozenset(trusted))
    return tuple(found)


async def _on_channel(
    network: InstanceOutput,
    connections: Connections,
    peer: NodeOutput,
    channel: ChannelOutput,
    trusted: frozenset[str],
) -> list[Holding]:
    level, silent = await _others(network, connections, peer, channel)
    members = await _definitions(network, connections, channel, level)
    if members is None or not any(one.msp_id == peer.msp_id for one in level):
        # Only without another peer of the organization can its implicit collection be lost, and only blocks
        # tell whether that is in use.
        async with aclosing(_blocks(network, connections, peer, channel)) as blocks:
            members = await _from_blocks(blocks, f"{_IMPLICIT}{peer.msp_id}", members)
    return [
        Holding(
            channel=channel.name,
            chaincode=chaincode,
            collection=collection,
            others=(
                *(one.name for one in level if one.msp_id in msps),
                *(f"peers of {msp}" for msp in sorted(trusted & msps - {peer.msp_id})),
            ),
            silent=tuple(one.name for one in silent if one.msp_id in msps),
        )
        for (chaincode, collection), msps in sorted(members.items())
        if peer.msp_id in msps
    ]


async def _others(
    network: InstanceOutput, connections: Connections, peer: NodeOutput, channel: ChannelOutput
) -> tuple[list[NodeOutput], list[NodeOutput]]:
    """The channel's other peers of this stack: those that are level with the highest, and the rest."""
    others = [one for one in network.peers if one.name in channel.peers and one.name != peer.name]

    async def height(one: NodeOutput) -> int:
        signer = network.organization(one.organization).signer()
        try:
            info = await qscc.chain_info(connections, one.node(), channel.name, signer, deadline=_CALL)
        except FabricError:
            return 0
        return info.height

    heights = await asyncio.gather(*(height(one) for one in others))
    enough = max(max(heights, default=0) - _LEVEL, 1)
    level = [one for one, found in zip(others, heights, strict=True) if found >= enough]
    return level, [one for one in others if one not in level]


async def _definitions(
    network: InstanceOutput, connections: Connections, channel: ChannelOutput, peers: list[NodeOutput]
) -> Members | None:
    """The members of the collections in force on the channel; None if no peer tells."""
    for one in peers:
        signer = network.organization(one.organization).signer()
        try:
            found = await lifecycle.definitions(connections, one.node(), channel.name, signer, deadline=_CALL)
            return {
                (definition.name, name): members
                for definition in found
                for name, members in members_of(definition.collections).items()
            }
        except (FabricError, ConfigtxError):
            continue
    return None


async def _from_blocks(
    blocks: AsyncIterable[common_pb2.Block], implicit: str, members: Members | None
) -> Members:
    """The collections that blocks tell of.

    The implicit one where it is in use; and if nobody else told (`members` None), all of all definitions.
    """
    found: Members = {}
    async for block in blocks:
        for parts in _write_sets(block):
            for chaincode, name in written_collections(parts):
                if name == implicit:
                    found[chaincode, name] = {name.removeprefix(_IMPLICIT)}
            # Whoever may write to the channel may write nonsense. Peers find it invalid.
            with suppress(ConfigtxError):
                for chaincode, package in defined_collections(parts):
                    for name, msps in members_of(package).items():
                        found.setdefault((chaincode, name), set()).update(msps)
    if members is None:
        return found
    return members | {key: msps for key, msps in found.items() if key[1] == implicit}


def members_of(package: bytes) -> dict[str, set[str]]:
    """The MSP ids that each collection's policy names, from a serialized CollectionConfigPackage.

    Source: core/common/privdata/util.go (getMemberOrgs). Raises ConfigtxError for what cannot be read.
    """
    found = {}
    for one in parse(collection_pb2.CollectionConfigPackage(), package, "collections").config:
        static = one.static_collection_config
        policy: policies_pb2.SignaturePolicyEnvelope = static.member_orgs_policy.signature_policy
        found[str(static.name)] = {_msp_of(principal) for principal in policy.identities} - {""}
    return found


def _msp_of(principal: msp_principal_pb2.MSPPrincipal) -> str:
    """Whose members a principal names; "" for what peers do not count either."""
    kind, content = principal.principal_classification, principal.principal
    with suppress(ConfigtxError):
        if kind == msp_principal_pb2.MSPPrincipal.ROLE:
            return str(parse(msp_principal_pb2.MSPRole(), content, "role").msp_identifier)
        if kind == msp_principal_pb2.MSPPrincipal.ORGANIZATION_UNIT:
            return str(parse(msp_principal_pb2.OrganizationUnit(), content, "unit").msp_identifier)
        if kind == msp_principal_pb2.MSPPrincipal.IDENTITY:
            return str(parse(identities_pb2.SerializedIdentity(), content, "identity").mspid)
    return ""


async def _blocks(
    network: InstanceOutput, connections: Connections, peer: NodeOutput, channel: ChannelOutput
) -> AsyncGenerator[common_pb2.Block, None]:
    """All blocks of a channel, from the first orderer that answers."""
    signer = network.organization(peer.organization).signer()
    request = seek_envelope(
        channel.name, "oldest", "newest", signer, best_effort=True, tls_cert_hash=connections.tls_cert_hash
    )
    said: list[str] = []
    for node in network.orderers:
        began = False
        try:
            stream = deliver(
                connections,
                node.node(),
                lambda opened: ab_pb2_grpc.AtomicBroadcastStub(opened).Deliver,
                request,
                f"read all blocks of {channel.name}",
                deadline=_READING,
            )
            async with aclosing(stream) as blocks:
                async for block in blocks:
                    began = True
                    yield block
        except FabricError as error:
            if began:
                raise
            said.append(error.message)
        else:
            return
    raise RunbookError(
        f"{channel.name}: no orderer gives its blocks, so it cannot be told what private data there is:\n  "
        + "\n  ".join(said),
        hint="Bring an orderer up first.",
    )


def _write_sets(block: common_pb2.Block) -> Iterator[rwset_pb2.TxReadWriteSet]:
    """What the transactions of a block write, valid or not. What cannot be read writes nothing."""
    for data in block.data.data:
        with suppress(ConfigtxError):
            for results in _results(parse(common_pb2.Envelope(), data, "transaction")):
                yield parse(rwset_pb2.TxReadWriteSet(), results, "results")


def written_collections(parts: rwset_pb2.TxReadWriteSet) -> set[tuple[str, str]]:
    """The (chaincode, collection) pairs whose hashes are read or written.

    Source: core/ledger/kvledger/txmgmt/rwsetutil (Fabric 3.1.5).
    """
    return {
        (part.namespace, hashed.collection_name)
        for part in parts.ns_rwset
        for hashed in part.collection_hashed_rwset
    }


def defined_collections(parts: rwset_pb2.TxReadWriteSet) -> Iterator[tuple[str, bytes]]:
    """The chaincodes whose definition is written, each with its CollectionConfigPackage.

    Source: core/chaincode/lifecycle/serializer.go (Fabric 3.1.5): one key for each field of a definition.
    Raises ConfigtxError for what cannot be read.
    """
    for part in parts.ns_rwset:
        if part.namespace != _LIFECYCLE:
            continue
        for write in parse(kv_rwset_pb2.KVRWSet(), part.rwset, "writes").writes:
            match write.key.split("/"):
                case ["namespaces", "fields", name, "Collections"]:
                    yield name, parse(db_pb2.StateData(), write.value, "definition").Bytes


def _results(envelope: common_pb2.Envelope) -> Iterable[bytes]:
    payload = parse(common_pb2.Payload(), envelope.payload, "payload")
    header = parse(common_pb2.ChannelHeader(), payload.header.channel_header, "header")
    if header.type != common_pb2.ENDORSER_TRANSACTION:
        return
    for action in parse(transaction_pb2.Transaction(), payload.data, "actions").actions:
        endorsed = parse(transaction_pb2.ChaincodeActionPayload(), action.payload, "action").action
        response = proposal_response_pb2.ProposalResponsePayload()
        parse(response, endorsed.proposal_response_payload, "response")
        yield parse(proposal_pb2.ChaincodeAction(), response.extension, "chaincode's action").results
