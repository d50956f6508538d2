"""Lay out an organization's private data as the store from which its new peers take it."""

from collections.abc import Sequence

from heddle.backup.contents import Reader
from heddle.backup.manifest import PeerBackup
from heddle.backup.privatedata import private_items, unpack_private_data
from heddle.backup.restoring.ledgers import CHUNK, Chunk
from heddle.ledgerfiles.transientstore import FOLDER, store_files

__all__ = ["store_chunks"]


async def store_chunks(reader: Reader, peer: PeerBackup, channels: Sequence[str]) -> tuple[Chunk, ...]:
    """Return the files of the store, in pieces; none where the backup has no private data of it."""
    data = []
    for channel in channels:
        contents = [await reader.read(item) for item in private_items(peer, channel)]
        data.append((channel, [each for content in contents for each in unpack_private_data(content)]))
    if not any(found for _, found in data):
        return ()
    chunks: list[Chunk] = []
    offsets: dict[str, int] = {}
    for name, part in store_files(data):
        path = f"{FOLDER}/{name}"
        last = chunks[-1] if chunks else None
        if last is not None and last.path == path and len(last.content) < CHUNK:
            chunks[-1] = Chunk(path=path, offset=last.offset, content=last.content + part)
        else:
            chunks.append(Chunk(path=path, offset=offsets.get(path, 0), content=part))
        offsets[path] = offsets.get(path, 0) + len(part)
    return tuple(chunks)
