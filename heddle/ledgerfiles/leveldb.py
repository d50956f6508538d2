"""Write the files of a LevelDB that holds entries in its journal alone: bytes out, pure.

Whoever opens it takes them over into tables. Source: doc/log_format.md of google/leveldb;
leveldb/{session_record,batch,journal/journal}.go of syndtr/goleveldb, which Fabric uses.
"""

from collections.abc import Iterable, Iterator

from heddle.ledgerfiles.wire import crc32c, length_prefixed, varint

__all__ = ["CURRENT", "JOURNAL", "MANIFEST", "current_file", "journal", "manifest_file"]

CURRENT, MANIFEST, JOURNAL = "CURRENT", "MANIFEST-000001", "000002.log"
"""Names of the files."""
_COMPARATOR = b"leveldb.BytewiseComparator"
_JOURNAL_NUMBER, _NEXT_NUMBER = 2, 3
_BLOCK, _HEADER = 32 * 1024, 7
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_PUT = 1
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


def _batch(sequence: int, key: bytes, value: bytes) -> bytes:
    head = sequence.to_bytes(8, "little") + (1).to_bytes(4, "little")
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
    checksum = crc32c(bytes((kind,)) + part)
    masked = ((checksum >> 15 | checksum << 17) + _MASK_DELTA) & _MASK
    return masked.to_bytes(4, "little") + len(part).to_bytes(2, "little") + bytes((kind,)) + part
