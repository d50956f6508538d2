"""Read Raft's ids of consenters in blocks, and write its message that hands the lead over.

Source: orderer/consensus/etcdraft/{consenter,membership}.go (Fabric 3.1.5), raftpb/raft.proto of
go.etcd.io/raft/v3.
"""

from collections.abc import Sequence

from fabric_protos.common import common_pb2
from fabric_protos.orderer.etcdraft import metadata_pb2
from google.protobuf.message import DecodeError

from heddle.configtx import values
from heddle.configtx.settings import Consenter
from heddle.errors import ConfigtxError
from heddle.protobuf import message_of_numbers

__all__ = ["raft_ids", "raft_metadata_of", "transfer_message", "transfer_of"]

_TRANSFER_LEADER = 13
"""raftpb.MsgTransferLeader: from the node that is to lead, to the node that leads."""
_Message = message_of_numbers("RaftMessage", "type", "to", "sender")


def raft_metadata_of(block: common_pb2.Block) -> metadata_pb2.BlockMetadata:
    """Return what Raft's orderers note in a block; empty in a genesis block. Raises ConfigtxError."""
    slots = block.metadata.metadata
    signed = bytes(slots[common_pb2.SIGNATURES]) if len(slots) > common_pb2.SIGNATURES else b""
    value = values.parse(common_pb2.Metadata(), signed, "the block's signatures").value
    content = values.parse(common_pb2.OrdererBlockMetadata(), value, "the block's orderer metadata")
    told = values.parse(common_pb2.Metadata(), content.consenter_metadata, "the block's consenter metadata")
    return values.parse(metadata_pb2.BlockMetadata(), told.value, "the block's Raft metadata")


def raft_ids(newest: common_pb2.Block, consenters: Sequence[Consenter]) -> dict[str, int]:
    """Return Raft's ids of a channel's consenters by their `host:port`.

    Args:
        newest: the newest block; before anything was ordered, consenters count from 1.
        consenters: of the configuration that is in force with this block, in its order.

    Raises ConfigtxError if the two do not belong together.
    """
    ids = tuple(raft_metadata_of(newest).consenter_ids) or tuple(range(1, len(consenters) + 1))
    addresses = [consenter.address for consenter in consenters]
    if len(ids) != len(consenters) or len(set(ids)) != len(ids) or len(set(addresses)) != len(addresses):
        raise ConfigtxError(
            f"block {newest.header.number} has the Raft ids {', '.join(map(str, ids))} for the consenters "
            f"{', '.join(addresses)}"
        )
    return dict(zip(addresses, ids, strict=True))


def transfer_message(*, leader: int, successor: int) -> bytes:
    """Return the message by which a leader is asked to hand over; ids are Raft's.

    It has no term, so it counts in whichever there is.
    """
    return bytes(_Message(type=_TRANSFER_LEADER, to=leader, sender=successor).SerializeToString())


def transfer_of(payload: bytes) -> tuple[int, int] | None:
    """Return leader and successor of a message that asks to hand over; None for any other message."""
    try:
        message = _Message.FromString(payload)
    except DecodeError:
        return None
    return (message.to, message.sender) if message.type == _TRANSFER_LEADER else None
