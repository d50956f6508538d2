"""Compare the nodes of a drill with the backup: heights, hashes, and a query of the state."""

from dataclasses import dataclass

from heddle.backup.copying import Progress
from heddle.backup.restoring.ledgers import ProvedChannel
from heddle.configtx.blocks import block_hash, commit_hash
from heddle.errors import BackupError, FabricError
from heddle.fabric import cscc, events, lifecycle, orderer, participation, qscc
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Definition
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.network.network import Network
from heddle.waiting import Deadline, poll

__all__ = ["ChannelProof", "prove_drill"]

_CALL = 15.0


@dataclass(frozen=True, kw_only=True)
class ChannelProof:
    """Say what the nodes of a drill have of a channel: all of them the same.

    commit_hash: Fabric's hash of the state, the same on the peers of the drill as on those of which the
        backup was made; None where the backup has none.
    definitions: `name version sequence` of the chaincodes in force, as the peers' state has them.
    """

    name: str
    height: int
    last_hash: str
    commit_hash: str | None
    orderers: tuple[str, ...]
    peers: tuple[str, ...]
    definitions: tuple[str, ...]


async def prove_drill(
    network: Network, connections: Connections, channel: ProvedChannel, *, patience: float, progress: Progress
) -> ChannelProof:
    """Wait until the nodes of a drill have a channel's blocks, and compare them with the backup's.

    Raises BackupError for another block, or another state than the backup's stack has; FabricError for a
    node that has not all of it in time.
    """
    name, clock = channel.backup.name, Deadline(patience)
    ordering = [node for node in network.orderers if node.address in channel.consenters]
    for node in ordering:
        progress(f"channel {name}: waiting for {node.name}")
        await _orders(network, connections, node, channel, clock)
    peers = network.readers(name)
    drilled = {node.name for node in network.instance.peers}
    peers = [(node, signer) for node, signer in peers if node.name in drilled]
    for node, signer in peers:
        progress(f"channel {name}: waiting for {node.name} to take {channel.backup.height} blocks")
        await _follows(network, connections, node, signer, channel, clock)
    definitions = [await _definitions(connections, node, signer, name) for node, signer in peers]
    expected = _expected(network, name)
    for (node, _), found in zip(peers, definitions, strict=True):
        if found != expected:
            raise BackupError(
                f"{node.name}: channel {name} has the chaincodes {_shown(found)} in force; the state in the "
                f"backup has {_shown(expected)}",
                hint="The state that is made of these blocks is not what the stack put in force.",
            )
    return ChannelProof(
        name=name,
        height=channel.backup.height,
        last_hash=channel.backup.last_hash,
        commit_hash=channel.backup.commit_hash if peers else None,
        orderers=tuple(node.name for node in ordering),
        peers=tuple(node.name for node, _ in peers),
        definitions=expected,
    )


async def _orders(
    network: Network, connections: Connections, node: Node, channel: ProvedChannel, clock: Deadline
) -> None:
    name, height = channel.backup.name, channel.backup.height
    tls = network.client_tls()
    await connections.wait_until_ready(node, deadline=clock.left())
    await participation.wait_until(
        connections,
        node,
        name,
        tls,
        lambda info: info.height >= height and info.status == "active" and info.relation == "consenter",
        deadline=clock.left(),
        wanted=f"a consenter at height {height}",
    )
    reader = network.channel_reader(name)
    block = await orderer.deliver_block(
        connections, node, name, height - 1, reader, deadline=clock.left(), best_effort=True
    )
    _compare(node, channel, block_hash(block.header).hex())


async def _follows(
    network: Network,
    connections: Connections,
    peer: Node,
    signer: Signer,
    channel: ProvedChannel,
    clock: Deadline,
) -> None:
    backup = channel.backup
    await connections.wait_until_ready(peer, deadline=clock.left())
    if backup.name not in await cscc.channels(connections, peer, signer, deadline=clock.left()):
        genesis = await orderer.verified_genesis(
            connections, network.orderers, backup.name, backup.genesis_hash, signer, deadline=clock.left()
        )
        await cscc.join_channel(connections, peer, backup.name, genesis, signer, deadline=clock.left())

    async def height(left: float) -> int:
        return await qscc.height_if_admitted(connections, peer, backup.name, signer, deadline=left)

    def too_slow(found: int) -> FabricError:
        return FabricError(
            f"{peer.name}: channel {backup.name}: {found} of {backup.height} blocks in {clock.seconds:.0f} s",
            hint="A larger --timeout waits longer.",
        )

    def until(found: int) -> str:
        return f"until {peer.name} has all blocks of {backup.name}: {found} of {backup.height}"

    await poll(height, lambda found: found >= backup.height, deadline=clock, otherwise=too_slow, until=until)
    block = await events.deliver_block(
        connections, peer, backup.name, backup.height - 1, signer, deadline=clock.left(), wait=True
    )
    _compare(peer, channel, block_hash(block.header).hex())
    if backup.commit_hash is not None and commit_hash(block).hex() != backup.commit_hash:
        raise BackupError(
            f"{peer.name}: channel {backup.name}: what it made of the blocks has commit hash "
            f"{commit_hash(block).hex()[:16] or 'none'}…; the peers of which the backup was made had "
            f"{backup.commit_hash[:16]}…",
            hint="The state of one of them is wrong: `heddle runbook run rejoin-peer` makes a peer's anew.",
        )


async def _definitions(connections: Connections, peer: Node, signer: Signer, channel: str) -> tuple[str, ...]:
    found = await lifecycle.definitions(connections, peer, channel, signer, deadline=_CALL)
    return tuple(sorted(map(_words, found)))


def _words(definition: Definition) -> str:
    return f"{definition.name} {definition.version} sequence {definition.sequence}"


def _expected(network: Network, channel: str) -> tuple[str, ...]:
    """Return the chaincodes that the backup's stack put in force on a channel."""
    found = [
        each
        for chaincode in network.instance.chaincodes.values()
        for name, each in chaincode.by_channel().items()
        if name == channel
    ]
    return tuple(sorted(f"{each.name} {each.version} sequence {each.sequence}" for each in found))


def _compare(node: Node, channel: ProvedChannel, found: str) -> None:
    if found != channel.backup.last_hash:
        raise BackupError(
            f"{node.name}: channel {channel.backup.name}: block {channel.backup.height - 1} has hash "
            f"{found[:16]}…, the backup's {channel.backup.last_hash[:16]}…"
        )


def _shown(definitions: tuple[str, ...]) -> str:
    return ", ".join(definitions) or "none"
