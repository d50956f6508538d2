"""Make the note of Raft orderers in each block: the ids of the channel's consenters.

Source: ComputeMembershipChanges in orderer/consensus/etcdraft/membership.go (Fabric 3.1.5).
"""

from collections.abc import Sequence

from fabric_protos.common import common_pb2
from fabric_protos.orderer.etcdraft import metadata_pb2

from heddle.configtx.raft import raft_ids, raft_metadata_of
from heddle.configtx.settings import Consenter

__all__ = ["next_note"]


def next_note(newest: common_pb2.Block, before: Sequence[Consenter], after: Sequence[Consenter]) -> bytes:
    """Return the note of the block after `newest`.

    A consenter keeps its id. One that comes while one goes is the same with another certificate or address,
    and gets that one's id; else it gets an id that nobody has had.

    Args:
        newest: the newest block.
        before: the consenters, as `newest` leaves them.
        after: the consenters, as the next block leaves them.
    """
    known = dict(zip(before, raft_ids(newest, before).values(), strict=True))
    following = raft_metadata_of(newest).next_consenter_id or len(before) + 1
    gone = [each for consenter, each in known.items() if consenter not in after]
    new = [consenter for consenter in after if consenter not in known]
    for consenter in new:
        if len(new) == len(gone) == 1:
            known[consenter] = gone[0]
        else:
            known[consenter], following = following, following + 1
    ids = [known[consenter] for consenter in after]
    value = metadata_pb2.BlockMetadata(consenter_ids=ids, next_consenter_id=following).SerializeToString()
    return bytes(common_pb2.Metadata(value=value).SerializeToString())
