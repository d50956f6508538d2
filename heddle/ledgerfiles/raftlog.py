"""Write the log and the snapshot with which a Raft orderer goes on from a channel's last block.

An orderer that has blocks and no log waits for a leader of others, for ever: it takes itself for one that
joins. So all consenters of a channel are given the same beginning: a snapshot at the last block, whose voters
are the consenters which this block names. Nothing of it is a promise that a node gave to another one, so it
is only safe where no consenter of the channel has a log of its own any more.

Source: etcd's server/v3/storage/wal/{wal,encoder,decoder}.go, walpb/record.proto,
etcdserver/api/snap/snapshotter.go, raft/v3/raftpb/raft.proto; orderer/consensus/etcdraft/{storage,chain}.go
(Fabric 3.1.5).
"""

from dataclasses import dataclass

from fabric_protos.common import common_pb2

from heddle.configtx.raft import raft_metadata_of
from heddle.errors import ConfigtxError
from heddle.ledgerfiles.wire import crc32c, field_bytes, field_number

__all__ = ["RaftFiles", "raft_files"]

_METADATA, _STATE, _CHECKSUM, _SNAPSHOT = 1, 3, 4, 5
"""Kinds of records in etcd's log."""
_ALIGNMENT = 8
_NEW_AGE = 1 << 32
"""What term and index count from after a restore: above all that there was before. So a consenter that comes
back with an old log, of which nobody knew, is never elected, and no answer of it is taken for an entry that
it does not have: it has to take the snapshot first."""


@dataclass(frozen=True, kw_only=True)
class RaftFiles:
    """A log and a snapshot: file names within a channel's folders, and their bytes."""

    log_name: str
    log: bytes
    snapshot_name: str
    snapshot: bytes


def raft_files(newest: common_pb2.Block) -> RaftFiles | None:
    """Return what a consenter has beside the blocks up to `newest`; None after the genesis block alone.

    A channel with nothing but its genesis block needs no log: all its consenters begin it together.
    Raises ConfigtxError for a block that Raft has not ordered.
    """
    if newest.header.number == 0:
        return None
    noted = raft_metadata_of(newest)
    voters, index = tuple(noted.consenter_ids), _NEW_AGE + noted.raft_index
    if not voters or not noted.raft_index:
        raise ConfigtxError(f"block {newest.header.number} was not ordered by Raft: it names no consenters")
    term = index
    state = b"".join(field_number(1, voter) for voter in sorted(voters))
    metadata = field_bytes(1, state) + field_number(2, index) + field_number(3, term)
    return RaftFiles(
        log_name=f"{0:016x}-{0:016x}.wal",
        log=_log(index=index, term=term, voters=state),
        snapshot_name=f"{term:016x}-{index:016x}.snap",
        snapshot=_snapshot(field_bytes(1, newest.SerializeToString()) + field_bytes(2, metadata)),
    )


def _snapshot(content: bytes) -> bytes:
    return field_number(1, crc32c(content)) + field_bytes(2, content)


def _log(*, index: int, term: int, voters: bytes) -> bytes:
    """Return the log as of an orderer that saved this snapshot last and has no entry after it."""
    first = field_number(1, 0) + field_number(2, 0)
    last = field_number(1, index) + field_number(2, term) + field_bytes(3, voters)
    state = field_number(1, term) + field_number(2, 0) + field_number(3, index)
    written, checksum = b"", 0
    records = ((_CHECKSUM, b""), (_METADATA, b""), (_SNAPSHOT, first), (_SNAPSHOT, last), (_STATE, state))
    for kind, content in records:
        checksum = crc32c(content, checksum)
        written += _frame(field_number(1, kind) + field_number(2, checksum) + field_bytes(3, content))
    return written


def _frame(content: bytes) -> bytes:
    """Return a record with its length and padding before it, aligned to eight bytes."""
    padding = -len(content) % _ALIGNMENT
    flags = 0x80 | padding if padding else 0
    return (len(content) | flags << 56).to_bytes(8, "little") + content + bytes(padding)
