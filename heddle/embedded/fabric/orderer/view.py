"""Make the note of BFT orderers in each block: smartbftprotos.ViewMetadata.

The view's number modulo the number of consenters is the leader's place among them. The message's other fields
are used with leader rotation only, which Fabric 3.1 does not have.
Source: SmartBFT smartbftprotos/messages.proto, as vendored in Fabric 3.1.5.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

__all__ = ["next_view"]


def _view_metadata() -> Any:  # noqa: ANN401 - a protobuf message's class
    """Return SmartBFT's message ViewMetadata, which fabric_protos does not have."""
    file = descriptor_pb2.FileDescriptorProto(name="view.proto", package="heddle.standin", syntax="proto3")
    message = file.message_type.add(name="ViewMetadata")
    for number, name in enumerate(("view_id", "latest_sequence", "decisions_in_view"), start=1):
        kind = descriptor_pb2.FieldDescriptorProto
        message.field.add(name=name, number=number, type=kind.TYPE_UINT64, label=kind.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("heddle.standin.ViewMetadata"))


ViewMetadata = _view_metadata()


def next_view(previous: bytes, *, leader: int, consenters: int) -> bytes:
    """Return the note of the next block.

    Args:
        previous: what the newest block says; nothing in a genesis block.
        leader: place of the leader among the consenters, in the order of their ids.
        consenters: how many there are.
    """
    view = ViewMetadata.FromString(previous)
    before = view.view_id
    view.view_id += (leader - before) % consenters
    view.decisions_in_view = (
        view.decisions_in_view + 1 if view.latest_sequence and view.view_id == before else 0
    )
    view.latest_sequence += 1
    return bytes(view.SerializeToString())
