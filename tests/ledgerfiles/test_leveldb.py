"""A LevelDB of a journal alone: what is written is read again by the format's own rules."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heddle.ledgerfiles.leveldb import JOURNAL, MANIFEST, current_file, entries_in, journal, manifest_file
from heddle.ledgerfiles.transientstore import PrivateData, private_data_in, store_files
from heddle.ledgerfiles.wire import TruncatedError, crc32c, varint_at

_BLOCK = 32 * 1024
_ENTRIES = st.lists(st.tuples(st.binary(min_size=1, max_size=40), st.binary(max_size=300)), max_size=8)


def records(content: bytes) -> list[bytes]:
    """Read a journal's records (doc/log_format.md of google/leveldb)."""
    found: list[bytes] = []
    for begin in range(0, len(content), _BLOCK):
        block, place = content[begin : begin + _BLOCK], 0
        while place + 7 <= len(block):
            masked = int.from_bytes(block[place : place + 4], "little")
            length = int.from_bytes(block[place + 4 : place + 6], "little")
            kind, part = block[place + 6], block[place + 7 : place + 7 + length]
            rotated = (masked - 0xA282EAD8) & 0xFFFFFFFF
            assert (rotated >> 17 | rotated << 15) & 0xFFFFFFFF == crc32c(bytes([kind]) + part)
            assert len(part) == length
            if kind in (1, 2):
                found.append(part)
            else:
                found[-1] += part
            place += 7 + length
    return found


def entries(content: bytes) -> list[tuple[int, bytes, bytes]]:
    """Read the writes in a journal, each with its sequence."""
    found = []
    for record in records(content):
        assert record[8:12] == b"\1\0\0\0"
        assert record[12] == 1
        length, place = varint_at(record, 13)
        key, place = record[place : place + length], place + length
        length, place = varint_at(record, place)
        assert place + length == len(record)
        found.append((int.from_bytes(record[:8], "little"), key, record[place:]))
    return found


@given(_ENTRIES, st.integers(0, 3 * _BLOCK))
def test_entries_come_back(small: list[tuple[bytes, bytes]], size: int) -> None:
    """In order, numbered from 1, also where one fills blocks, or ends within the last bytes of one."""
    written = [*small, (b"large", b"\xa5" * size), *small]
    content = b"".join(journal(written))
    assert list(entries_in(content)) == written
    found = entries(content)
    assert found == [(number, *entry) for number, entry in enumerate(written, 1)]


@given(_ENTRIES, st.integers(0, 400), st.integers(1, 255))
def test_damage_is_found(written: list[tuple[bytes, bytes]], place: int, change: int) -> None:
    """A changed byte is refused, whichever it is, and so is a file that ends too early."""
    content = bytearray(b"".join(journal([(b"first", b"1"), *written])))
    place %= len(content)
    content[place] ^= change
    with pytest.raises(TruncatedError):
        list(entries_in(bytes(content)))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """Of bytes that are no journal nothing worse comes than a refusal."""
    with suppress(TruncatedError):
        list(entries_in(content))


def test_the_manifest_names_order_journal_and_numbers() -> None:
    """Without one of them goleveldb takes the database for damaged."""
    assert current_file() == f"{MANIFEST}\n".encode()
    [edit] = records(manifest_file())
    assert edit == b"\x01\x1aleveldb.BytewiseComparator\x02\x02\x03\x03\x04\x00"


def stored(channels: list[tuple[str, list[PrivateData]]]) -> bytes:
    """Return the journal of a peer's transient store."""
    return b"".join(part for name, part in store_files(channels) if name == JOURNAL)


def test_a_peer_finds_a_transaction_by_its_keys() -> None:
    """The keys of Fabric 3.1.5 (core/transientstore/store_helper.go), behind the channel's name."""
    content = stored([("trade", [PrivateData(block=300, transaction="ab12", writes=b"rw")])])
    height = b"\x02\x01\x2c"
    assert [(key, value) for _, key, value in entries(content)] == [
        (b"trade\0P\0ab12\0heddle\0" + height, b"\0\x08\xac\x02\x12\x02rw"),
        (b"trade\0H\0" + height + b"\0ab12\0heddle", b""),
        (b"trade\0T\0ab12\0heddle\0" + height, b""),
    ]


def test_a_stand_in_reads_what_is_of_its_channel() -> None:
    """In order, and nothing of another channel, also where one's name begins with the other's."""
    data = [PrivateData(block=block, transaction=f"tx{block}", writes=bytes(block)) for block in (0, 7, 300)]
    content = stored([("trade", data), ("trade2", data[:1])])
    assert list(private_data_in(content, "trade")) == data
    assert list(private_data_in(content, "trade2")) == data[:1]
    assert list(private_data_in(content, "tra")) == []
