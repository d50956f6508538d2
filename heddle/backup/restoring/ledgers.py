"""Lay out a backup's blocks as the files with which ordering nodes begin, and prove them before."""

import hashlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from fabric_protos.common.common_pb2 import Block

from heddle.backup.blocks import unpack
from heddle.backup.contents import Reader
from heddle.backup.copying import Progress
from heddle.backup.manifest import ChannelBackup
from heddle.configtx.ledgercheck import LedgerCheck
from heddle.configtx.read import settings_of
from heddle.configtx.settings import BFT, ChannelSettings
from heddle.errors import BackupError
from heddle.ledgerfiles.blockfile import MAX_FILE_SIZE, BlockFiles, file_name, orderer_block
from heddle.ledgerfiles.raftlog import raft_files
from heddle.render import ORDERER_LEDGER, RAFT_LOGS, RAFT_SNAPSHOTS

__all__ = [
    "CHUNK",
    "Chunk",
    "LedgerFile",
    "ProvedChannel",
    "block_chunks",
    "described",
    "folders_of",
    "prove_channel",
    "raft_chunks",
]

CHUNK = 4 * 1024 * 1024
"""Bytes that travel at once, as far as whole blocks or entries allow."""
_ONE_FILE = 1 << 62
"""Stand-ins have one file of blocks, however long."""


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Hold bytes of a file of an ordering node: their place in it, and its path below the node's claim."""

    path: str
    offset: int
    content: bytes


@dataclass(frozen=True, kw_only=True)
class LedgerFile:
    """Describe a file as an ordering node has to have it: its size and SHA-256, hexadecimal."""

    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ProvedChannel:
    """Describe a channel of a backup whose every block was proved.

    settings: what its newest configuration says.
    files: all files of one of its consenters, by their path below the claim.
    last: its last block.
    """

    backup: ChannelBackup
    settings: ChannelSettings
    files: dict[str, LedgerFile]
    last: Block

    @property
    def consenters(self) -> tuple[str, ...]:
        """Return host:port of those that order it after its last block."""
        return tuple(each.address for each in self.settings.consenters)

    @property
    def bft(self) -> bool:
        """Tell whether it is ordered by BFT, which keeps no log beside the blocks."""
        return self.settings.consensus == BFT


async def prove_channel(
    reader: Reader, channel: ChannelBackup, *, standin: bool, progress: Progress
) -> ProvedChannel:
    """Prove every block of a channel from its genesis hash on, and describe the files of its consenters.

    Raises BackupError for a block that does not hold, or that is not where the manifest says.
    """
    check, last = LedgerCheck(channel.name, channel.genesis_hash), Block()
    sums: dict[str, _Sum] = {}
    files = _block_files(standin=standin)
    for each in channel.blocks:
        progress(f"channel {channel.name}: proving blocks {each.first} to {each.last} of {channel.height}")
        for block in unpack(await reader.read(each.item)):
            number = check.number
            if problem := check.check({"": block}).get(""):
                raise _broken(channel, f"block {number} does not hold: {problem}")
            file, _, content = files.place(orderer_block(block))
            sums.setdefault(_block_path(channel.name, file), _Sum()).add(content)
            last = block
    found = (check.number, check.last_hash.hex() if check.last_hash else "")
    known = check.known
    if found != (channel.height, channel.last_hash) or known is None:
        raise _broken(channel, f"it ends with block {found[0] - 1}, not as its manifest says")
    settings = settings_of(known.config, channel=channel.name)
    has_log = settings.consensus != BFT and not standin
    for chunk in raft_chunks(channel.name, last) if has_log else ():
        sums.setdefault(chunk.path, _Sum()).add(chunk.content)
    return ProvedChannel(
        backup=channel,
        settings=settings,
        files={path: each.described() for path, each in sums.items()},
        last=orderer_block(last),
    )


async def block_chunks(reader: Reader, channel: ChannelBackup, *, standin: bool) -> AsyncIterator[Chunk]:
    """Yield the files of blocks of a channel piece by piece, each file from its begin on."""
    files, waiting = _block_files(standin=standin), list[Chunk]()
    for each in channel.blocks:
        for block in unpack(await reader.read(each.item)):
            file, offset, content = files.place(orderer_block(block))
            chunk = Chunk(path=_block_path(channel.name, file), offset=offset, content=content)
            if waiting and (waiting[0].path != chunk.path or offset - waiting[0].offset >= CHUNK):
                yield _joined(waiting)
                waiting = []
            waiting.append(chunk)
    if waiting:
        yield _joined(waiting)


def raft_chunks(channel: str, last: Block) -> tuple[Chunk, ...]:
    """Return the log and the snapshot with which Raft goes on after a channel's last block."""
    raft = raft_files(orderer_block(last))
    if raft is None:
        return ()
    return (
        Chunk(path=f"{RAFT_LOGS}/{channel}/{raft.log_name}", offset=0, content=raft.log),
        Chunk(path=f"{RAFT_SNAPSHOTS}/{channel}/{raft.snapshot_name}", offset=0, content=raft.snapshot),
    )


def described(chunks: Iterable[Chunk]) -> dict[str, LedgerFile]:
    """Return the files that pieces make, by their paths."""
    sums: dict[str, _Sum] = {}
    for chunk in chunks:
        sums.setdefault(chunk.path, _Sum()).add(chunk.content)
    return {path: each.described() for path, each in sums.items()}


def folders_of(files: dict[str, LedgerFile]) -> list[str]:
    """Return the folders that these files are in."""
    return sorted({path.rpartition("/")[0] for path in files})


class _Sum:
    """Add up the size and the SHA-256 of a file."""

    def __init__(self) -> None:
        self._size, self._digest = 0, hashlib.sha256()

    def add(self, content: bytes) -> None:
        self._size += len(content)
        self._digest.update(content)

    def described(self) -> LedgerFile:
        return LedgerFile(size=self._size, sha256=self._digest.hexdigest())


def _block_files(*, standin: bool) -> BlockFiles:
    return BlockFiles(limit=_ONE_FILE if standin else MAX_FILE_SIZE)


def _block_path(channel: str, file: int) -> str:
    return f"{ORDERER_LEDGER}/chains/{channel}/{file_name(file)}"


def _joined(chunks: list[Chunk]) -> Chunk:
    first = chunks[0]
    return Chunk(path=first.path, offset=first.offset, content=b"".join(each.content for each in chunks))


def _broken(channel: ChannelBackup, why: str) -> BackupError:
    return BackupError(
        f"channel {channel.name}: the backup cannot be restored: {why}",
        hint="Nothing was changed. `heddle backup list` shows earlier backups.",
    )
