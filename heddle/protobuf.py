"""Read protobuf messages that a node of another release may have written."""

from google.protobuf.descriptor import EnumDescriptor

__all__ = ["enum_name"]


def enum_name(enum: EnumDescriptor, number: int) -> str:
    """Return the name of an enumeration's value, or the number where this release has no name for it."""
    known = enum.values_by_number.get(number)
    return known.name if known else str(number)
