"""Write and read protobuf's wire format, and the checksum that etcd writes beside it."""

from collections.abc import Iterable

__all__ = [
    "TruncatedError",
    "crc32c",
    "field_bytes",
    "field_number",
    "length_prefixed",
    "prefixed_at",
    "varint",
    "varint_at",
]

_LONGEST = 10
"""Bytes of a number of 64 bits, seven of them in each."""
_POLYNOMIAL = 0x82F63B78
_MASK = 0xFFFFFFFF


class TruncatedError(ValueError):
    """The bytes end within a number, or go on where none can."""


def varint(number: int) -> bytes:
    """Return an unsigned number as protobuf writes it, seven bits a byte, the lowest first."""
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def varint_at(content: bytes | memoryview, offset: int) -> tuple[int, int]:
    """Return the number at an offset, and the offset after it. Raises TruncatedError where there is none."""
    number = shift = 0
    for place, byte in enumerate(content[offset : offset + _LONGEST], offset + 1):
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, place
        shift += 7
    raise TruncatedError(f"the number at {offset} has no end")


def length_prefixed(content: bytes) -> bytes:
    """Return bytes with their length before them."""
    return varint(len(content)) + content


def prefixed_at(content: bytes | memoryview, offset: int) -> tuple[bytes, int]:
    """Return the bytes behind the length at an offset, and the offset after them.

    Raises TruncatedError where they end before.
    """
    length, start = varint_at(content, offset)
    if start + length > len(content):
        raise TruncatedError(f"{length} bytes expected, {len(content) - start} left")
    return bytes(content[start : start + length]), start + length


def field_number(field: int, number: int) -> bytes:
    """Return a protobuf field that holds an unsigned number."""
    return varint(field << 3) + varint(number)


def field_bytes(field: int, content: bytes) -> bytes:
    """Return a protobuf field that holds bytes or a message."""
    return varint(field << 3 | 2) + length_prefixed(content)


def _table() -> Iterable[int]:
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        yield value


_TABLE = tuple(_table())


def crc32c(content: bytes, before: int = 0) -> int:
    """Return the CRC-32C (Castagnoli) of bytes that follow others whose checksum is `before`."""
    value = before ^ _MASK
    for byte in content:
        value = _TABLE[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ _MASK
