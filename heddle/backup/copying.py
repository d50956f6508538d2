"""Copy the new blocks of a channel from its orderers into a backup, each of them proved."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from fabric_protos.common.common_pb2 import Block

from heddle.backup.blocks import pack
from heddle.backup.confirmation import Progress, confirm_block
from heddle.backup.contents import PIECE, Writer
from heddle.backup.manifest import BlockRange, ChannelBackup
from heddle.configtx.ledgercheck import LedgerCheck
from heddle.configtx.trust import ConfigMark, again
from heddle.errors import BackupError, FabricError
from heddle.fabric import orderer
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.network.blocks import channel_height
from heddle.network.network import Network

__all__ = ["Progress", "copy_channel"]


_REQUEST = 200
"""Blocks of one request: each has a deadline of its own."""
_SECONDS = 120.0
_FILE = PIECE
"""Bytes of blocks in one file, as far as whole blocks allow."""


@dataclass(frozen=True, kw_only=True)
class _Source:
    """Read a channel's blocks from its orderers: from one, and from the next where that one fails."""

    connections: Connections
    nodes: Sequence[Node]
    channel: str
    signer: Signer

    async def block(self, number: int) -> Block:
        """Return the block of this number."""
        async with aclosing(self.blocks(number, number)) as found:
            return await anext(found)

    async def blocks(self, first: int, last: int) -> AsyncGenerator[Block, None]:
        """Yield blocks in their order. Raises the last orderer's error when none goes on."""
        failures = 0
        while first <= last:
            node = self.nodes[failures % len(self.nodes)]
            stop = min(last, first + _REQUEST - 1)
            try:
                stream = orderer.deliver_blocks(
                    self.connections, node, self.channel, first, stop, self.signer, deadline=_SECONDS
                )
                async with aclosing(stream) as found:
                    async for block in found:
                        yield block
                        first, failures = first + 1, 0
            except FabricError:
                failures += 1
                if failures == len(self.nodes):
                    raise


async def copy_channel(
    network: Network,
    connections: Connections,
    name: str,
    before: ChannelBackup | None,
    writer: Writer,
    progress: Progress,
) -> ChannelBackup:
    """Return a channel as it is now, with its blocks that the backup before lacks written.

    Every block is proved: by its predecessor, its data and the signatures of the ordering service, from the
    genesis block on that the stack made or joined. Raises BackupError if the channel is another one than that
    of the backup before, or does not hold; FabricError if no orderer gives a block.
    """
    source = _Source(
        connections=connections,
        nodes=network.orderers,
        channel=name,
        signer=network.channel_reader(name),
    )
    genesis_hash = network.instance.channel(name).genesis_hash
    height = await channel_height(network, connections, name)
    check = LedgerCheck(name, genesis_hash)
    if before is not None:
        await _resume(check, source, before, genesis_hash, height)
    progress(f"channel {name}: copying blocks {check.number} to {height - 1}")
    ranges = [*before.blocks] if before else []
    ranges += await _copy(check, source, height, writer, progress)
    known, last_hash = check.known, check.last_hash
    if known is None or last_hash is None:
        raise BackupError(f"channel {name}: no configuration of it was proved")
    confirmed = await confirm_block(network, connections, name, height - 1, last_hash, progress)
    return ChannelBackup(
        name=name,
        height=height,
        genesis_hash=genesis_hash,
        last_hash=last_hash.hex(),
        config_block=known.mark.number,
        config_hash=known.mark.hash,
        config_sequence=int(known.config.sequence),
        blocks=tuple(ranges),
        confirmed_by=confirmed.nodes,
        commit_hash=confirmed.commit_hash.hex() or None,
    )


async def _resume(
    check: LedgerCheck, source: _Source, before: ChannelBackup, genesis_hash: str, height: int
) -> None:
    """Go on where the backup before ended, if it is of the same channel."""
    name = before.name
    if before.genesis_hash != genesis_hash:
        raise BackupError(
            f"channel {name}: the newest backup is of another channel of that name: its genesis "
            f"block has hash {before.genesis_hash[:16]}…, this channel's {genesis_hash[:16]}…",
            hint="Name another target for this instance: backups of the former one stay what they are.",
        )
    if before.height > height:
        raise BackupError(
            f"channel {name}: the orderers have {height} blocks, but the newest backup {before.height}",
            hint="The channel lost blocks, or was restored from an older backup: see `heddle status`. To "
            "keep what there is now, name another target.",
        )
    mark = ConfigMark(number=before.config_block, hash=before.config_hash)
    known = again(await source.block(mark.number), name, mark)
    check.resume(before.height, bytes.fromhex(before.last_hash), known)


async def _copy(
    check: LedgerCheck, source: _Source, height: int, writer: Writer, progress: Progress
) -> list[BlockRange]:
    """Write the blocks from where the check stands up to the height, in files."""
    ranges: list[BlockRange] = []
    waiting: list[Block] = []
    size = 0
    async with aclosing(source.blocks(check.number, height - 1)) as blocks:
        async for block in blocks:
            number = check.number
            if problem := check.check({"": block}).get(""):
                raise BackupError(
                    f"channel {source.channel}: block {number} of an orderer does not hold: {problem}",
                    hint=f"`heddle channel verify STACK {source.channel}` shows which nodes' blocks hold.",
                )
            waiting.append(block)
            size += block.ByteSize()
            if size >= _FILE or check.number == height:
                ranges.append(await _write(writer, source.channel, waiting))
                progress(f"channel {source.channel}: {check.number} of {height} blocks")
                waiting, size = [], 0
    return ranges


async def _write(writer: Writer, channel: str, blocks: Sequence[Block]) -> BlockRange:
    first, last = int(blocks[0].header.number), int(blocks[-1].header.number)
    item = await writer.add(f"channels/{channel}/{first}-{last}.blocks", pack(blocks))
    return BlockRange(first=first, last=last, item=item)
