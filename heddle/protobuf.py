"""Make and read protobuf messages that another release, or nobody, has described."""

from collections.abc import Mapping
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import EnumDescriptor

__all__ = ["enum_name", "message_of_numbers"]


def enum_name(enum: EnumDescriptor, number: int) -> str:
    """Return the name of an enumeration's value, or the number where this release has no name for it."""
    known = enum.values_by_number.get(number)
    return known.name if known else str(number)


def message_of_numbers(name: str, *fields: str, inner: Mapping[str, int] | None = None) -> Any:  # noqa: ANN401 - a protobuf message's class
    """Return the class of a message whose fields, numbered from 1, are unsigned numbers; it keeps others.

    `inner`: fields that hold another message, as its bytes, each with its number.
    """
    file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", package="heddle", syntax="proto3")
    message, kind = file.message_type.add(name=name), descriptor_pb2.FieldDescriptorProto
    for number, field in enumerate(fields, start=1):
        message.field.add(name=field, number=number, type=kind.TYPE_UINT64, label=kind.LABEL_OPTIONAL)
    for field, number in (inner or {}).items():
        message.field.add(name=field, number=number, type=kind.TYPE_BYTES, label=kind.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"heddle.{name}"))
