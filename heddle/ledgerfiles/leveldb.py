"""Write and read the files of a LevelDB that holds entries in its journal alone. Pure.

Whoever opens it takes them over into tables. Source: doc/log_format.md of google/leveldb;
leveldb/{session_record,batch,journal/journal}.go of syndtr/goleveldb, which Fabric uses.
"""

from collections.abc import Iterable, Iterator

from heddle.ledgerfiles.wire import TruncatedError, crc32c, length_prefixed, prefixed_at, varint

__all__ = ["CURRENT", "JOURNAL", "MANIFEST", "current_file", "entries_in", "journal", "manifest_file"]

CURRENT, MANIFEST, JOURNAL = "CURRENT", "MANIFEST-000001", "000002.log"
"""Names of the files."""
_COMPARATOR = b"leveldb.BytewiseComparator"
_JOURNAL_NUMBER, _NEXT_NUMBER = 2, 3
_BLOCK, _HEADER = 32 * 1024, 7
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_PUT = 1
_ONE = (1).to_bytes(4, "little")
"""The number of entries of a write, behind its sequence of eight bytes."""
_HEAD = 12
_MASK_DELTA = 0xA282EAD8
_MASK = 0xFFFFFFFF


def current_file() -> bytes:
    """Return the file that names the manifest."""
    return f"{MANIFEST}\n".encode()


def manifest_file() -> bytes:
    """Return the manifest of a database that has no tables yet: its order, and which journal to read."""
    edit = b"\x01" + length_prefixed(_COMPARATOR)
    for tag, number in ((2, _JOURNAL_NUMBER), (3, _NEXT_NUMBER), (4, 0)):
        edit += bytes((tag,)) + varint(number)
    return b"".join(_records([edit]))


def journal(entries: Iterable[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """Yield the journal's bytes, for entries of key and value; each is a write of its own."""
    return _records(_batch(number, key, value) for number, (key, value) in enumerate(entries, 1))


def entries_in(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield key and value of each entry that `journal` wrote.

    Raises TruncatedError where the bytes are damaged, or hold writes of another kind.
    """
    for record in _contents(content):
        if record[8:_HEAD] != _ONE or len(record) == _HEAD or record[_HEAD] != _PUT:
            raise TruncatedError("the journal has a write that is not of one entry")
        key, place = prefixed_at(record, _HEAD + 1)
        value, place = prefixed_at(record, place)
        yield key, value


def _batch(sequence: int, key: bytes, value: bytes) -> bytes:
    head = sequence.to_bytes(8, "little") + _ONE
    return head + bytes((_PUT,)) + length_prefixed(key) + length_prefixed(value)


def _records(contents: Iterable[bytes]) -> Iterator[bytes]:
    """Yield records in blocks of 32 KiB; one that does not fit goes on in the next block."""
    place = 0
    for content in contents:
        view, first = memoryview(content), True
        while first or view:
            room = _BLOCK - place
            if room < _HEADER:
                yield bytes(room)
                place, room = 0, _BLOCK
            part = bytes(view[: room - _HEADER])
            view = view[len(part) :]
            kind = (_FULL if not view else _FIRST) if first else (_LAST if not view else _MIDDLE)
            yield _framed(kind, part)
            place, first = (place + _HEADER + len(part)) % _BLOCK, False


def _framed(kind: int, part: bytes) -> bytes:
    return _checksum(kind, part) + len(part).to_bytes(2, "little") + bytes((kind,)) + part


def _checksum(kind: int, part: bytes) -> bytes:
    checksum = crc32c(bytes((kind,)) + part)
    return (((checksum >> 15 | checksum << 17) + _MASK_DELTA) & _MASK).to_bytes(4, "little")


def _contents(content: bytes) -> Iterator[bytes]:
    """Yield the content of each record, put together of its parts."""
    parts: list[bytes] = []
    for kind, part in _parts(content):
        if (kind in (_FULL, _FIRST)) is bool(parts):
            raise TruncatedError("the journal has a part of a record where none belongs")
        parts.append(part)
        if kind in (_FULL, _LAST):
            yield b"".join(parts)
            parts = []
    if parts:
        raise TruncatedError("the journal ends within a record")


def _parts(content: bytes) -> Iterator[tuple[int, bytes]]:
    for begin in range(0, len(content), _BLOCK):
        block, place = content[begin : begin + _BLOCK], 0
        while place + _HEADER <= len(block):
            size, kind = int.from_bytes(block[place + 4 : place + 6], "little"), block[place + 6]
            part = block[place + _HEADER : place + _HEADER + size]
            if len(part) != size or block[place : place + 4] != _checksum(kind, part):
                raise TruncatedError(f"the journal is damaged in the record at {begin + place}")
            yield kind, part
            place += _HEADER + size
