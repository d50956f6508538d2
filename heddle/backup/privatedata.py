"""Keep private data in a backup: of each organization here what its administrator may read of it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import aclosing

from fabric_protos.common.common_pb2 import ChannelHeader, Envelope, Payload
from fabric_protos.peer.events_pb2 import BlockAndPrivateData
from google.protobuf.message import DecodeError

from heddle.backup.contents import PIECE, Writer
from heddle.backup.copying import Progress
from heddle.backup.manifest import ChannelBackup, Item, PeerBackup
from heddle.errors import BackupError, HeddleError
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.fabric.privatedata import deliver_private_data
from heddle.identity.signer import Signer
from heddle.ledgerfiles.transientstore import PrivateData
from heddle.ledgerfiles.wire import TruncatedError, length_prefixed, prefixed_at, varint, varint_at
from heddle.network.network import Network

__all__ = ["copy_private_data", "pack_private_data", "private_items", "unpack_private_data"]

_SECONDS = 120.0
"""Seconds for one request."""
_REQUEST = 200
"""Blocks of one request."""


async def copy_private_data(
    network: Network,
    connections: Connections,
    organization: str,
    channels: Sequence[ChannelBackup],
    before: PeerBackup | None,
    writer: Writer,
    progress: Progress,
) -> PeerBackup:
    """Return an organization's private data up to the backup's heights, with what is new written.

    Raises BackupError with the last peer's reason where none of its peers hands it out: a backup
    without private data would be taken for a whole one.
    """
    heights = dict(before.heights) if before else {}
    files = list(before.files) if before else []
    told_by = before.peer if before else ""
    for channel in channels:
        first = heights.get(channel.name, 0)
        asked = _peers(network, organization, channel.name)
        if first < channel.height and asked:
            progress(f"channel {channel.name}: private data of {organization}, blocks {first} on")
            told_by, items = await _copy(connections, asked, channel, first, organization, writer)
            files += items
            heights[channel.name] = channel.height
    return PeerBackup(name=organization, peer=told_by, heights=heights, files=tuple(files))


def _peers(network: Network, organization: str, channel: str) -> list[tuple[Node, Signer]]:
    acting = network.representatives(channel)
    return [
        (peer, each.signer)
        for each in acting
        if each.organization.name == organization
        for peer in each.peers
    ]


async def _copy(
    connections: Connections,
    asked: Sequence[tuple[Node, Signer]],
    channel: ChannelBackup,
    first: int,
    organization: str,
    writer: Writer,
) -> tuple[str, list[Item]]:
    """Return the first peer that hands out all private data of a channel, and the files with it."""
    failure: HeddleError | None = None
    for peer, signer in asked:
        try:
            return peer.name, await _told(connections, peer, signer, channel, first, organization, writer)
        except HeddleError as error:
            failure = error
    raise BackupError(
        f"channel {channel.name}: no peer of {organization} hands out its private data: "
        f"{failure.message if failure else ''}",
        hint="There is no new backup. See `heddle status`.",
    ) from failure


async def _told(
    connections: Connections,
    peer: Node,
    signer: Signer,
    channel: ChannelBackup,
    first: int,
    organization: str,
    writer: Writer,
) -> list[Item]:
    items: list[Item] = []
    waiting: list[PrivateData] = []
    size, begin = 0, first
    for start in range(first, channel.height, _REQUEST):
        stop = min(start + _REQUEST, channel.height) - 1
        stream = deliver_private_data(connections, peer, channel.name, start, stop, signer, deadline=_SECONDS)
        async with aclosing(stream) as blocks:
            async for each in blocks:
                found = list(_data_of(each))
                waiting += found
                size += sum(len(one.writes) for one in found)
        if waiting and (size >= PIECE or stop == channel.height - 1):
            path = f"peers/{organization}/{channel.name}/{begin}-{stop}.private"
            items.append(await writer.add(path, pack_private_data(waiting)))
            waiting, size, begin = [], 0, stop + 1
    return items


def _data_of(answer: BlockAndPrivateData) -> Iterator[PrivateData]:
    """Yield what the transactions of a block, named by their places in it, wrote into collections."""
    for position, writes in sorted(answer.private_data_map.items()):
        try:
            payload = Payload.FromString(Envelope.FromString(answer.block.data.data[position]).payload)
            transaction = ChannelHeader.FromString(payload.header.channel_header).tx_id
        except (DecodeError, IndexError):
            continue  # no transaction is in this place, so no peer ever looks for it
        yield PrivateData(
            block=int(answer.block.header.number), transaction=transaction, writes=writes.SerializeToString()
        )


def private_items(peer: PeerBackup, channel: str) -> list[Item]:
    """Return the files with an organization's private data of a channel, in order."""
    prefix = f"peers/{peer.name}/{channel}/"
    return [item for item in peer.files if item.path.startswith(prefix)]


def pack_private_data(data: Iterable[PrivateData]) -> bytes:
    """Return private data as one file: of each its block, its transaction's id, and what it wrote."""
    return b"".join(
        varint(each.block) + length_prefixed(each.transaction.encode()) + length_prefixed(each.writes)
        for each in data
    )


def unpack_private_data(content: bytes) -> Iterator[PrivateData]:
    """Yield the private data of a file. Raises BackupError where it ends within one, or is none."""
    place = 0
    try:
        while place < len(content):
            block, place = varint_at(content, place)
            transaction, place = prefixed_at(content, place)
            writes, place = prefixed_at(content, place)
            yield PrivateData(block=block, transaction=transaction.decode(), writes=writes)
    except (TruncatedError, UnicodeDecodeError) as error:
        raise BackupError(f"a file of private data is damaged: {error}", hint="Use another backup.") from None
