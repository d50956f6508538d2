"""A peer's private data: kept, found again, ended; and only what the ledger has the hashes of."""

import hashlib
from pathlib import Path

import pytest
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2

from heddle.embedded.fabric.peer.privatestore import Part, PrivateStore, verified
from heddle.embedded.fabric.peer.transaction import CollectionHashes
from heddle.ledgerfiles.transientstore import PrivateData

PART = Part(7, 1, "assets", "prices")


def _sets(**values: bytes | None) -> bytes:
    content = kv_rwset_pb2.KVRWSet()
    for key, value in values.items():
        content.writes.add(key=key, value=value or b"", is_delete=value is None)
    return content.SerializeToString()


def _hash(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _hashes(content: bytes) -> CollectionHashes:
    sets = kv_rwset_pb2.HashedRWSet()
    for write in kv_rwset_pb2.KVRWSet.FromString(content).writes:
        sets.hashed_writes.add(
            key_hash=_hash(write.key.encode()),
            value_hash=b"" if write.is_delete else _hash(write.value),
            is_delete=write.is_delete,
        )
    return CollectionHashes(name="prices", sets=sets, hash=_hash(content))


def test_what_was_committed_is_found_after_a_restart(tmp_path: Path) -> None:
    """Each transaction's parts are a file; one that was not finished is nothing."""
    store = PrivateStore(tmp_path)
    other = Part(7, 1, "assets", "open")
    store.put(PART, _sets(tea=b"1"))
    store.put(other, _sets(tea=b"2"))
    (tmp_path / "8-0.new").write_bytes(b"half")
    again = PrivateStore(tmp_path)
    assert again.get(PART) == _sets(tea=b"1")
    assert dict(again.of_block(7)) == {PART: _sets(tea=b"1"), other: _sets(tea=b"2")}
    assert again.get(Part(8, 0, "assets", "prices")) is None


def test_what_was_endorsed_is_forgotten_with_its_transaction(tmp_path: Path) -> None:
    """Valid or not: afterwards only what was committed is left."""
    store = PrivateStore(tmp_path)
    store.endorsed("one", "assets", "prices", b"a")
    store.endorsed("two", "assets", "prices", b"b")
    store.forget("one")
    assert store.expected("one", "assets", "prices") is None
    assert store.expected("two", "assets", "prices") == b"b"


def test_what_a_restore_left_is_found_until_its_transaction_is_committed(tmp_path: Path) -> None:
    """By chaincode and collection; what an endorser gave comes first."""
    written = rwset_pb2.TxPvtReadWriteSet()
    one = written.ns_pvt_rwset.add(namespace="assets")
    one.collection_pvt_rwset.add(collection_name="prices", rwset=b"a")
    left = PrivateData(block=7, transaction="one", writes=written.SerializeToString())
    store = PrivateStore(tmp_path, [left])

    assert store.expected("one", "assets", "prices") == b"a"
    assert store.expected("one", "assets", "open") is None
    assert store.expected("two", "assets", "prices") is None
    store.endorsed("one", "assets", "prices", b"b")
    assert store.expected("one", "assets", "prices") == b"b"
    store.forget("one")
    assert store.expected("one", "assets", "prices") is None


def test_a_purged_key_is_gone_from_the_disk(tmp_path: Path) -> None:
    """Its older values on all blocks, and no other key, nor what was written later."""
    store = PrivateStore(tmp_path)
    store.put(PART, _sets(tea=b"secret", rum=b"1"))
    later = Part(9, 0, "assets", "prices")
    store.put(later, _sets(tea=b"new"))
    store.remove("assets", "prices", _hash(b"tea"), (9, 0))
    assert store.get(PART) == _sets(rum=b"1")
    assert store.get(later) == _sets(tea=b"new")
    assert b"secret" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("given", "good"),
    [
        ({"tea": b"1", "rum": None}, True),
        ({"tea": b"1"}, True),
        ({"tea": b"2", "rum": None}, False),
        ({"tea": None, "rum": None}, False),
        ({"gin": b"1"}, False),
    ],
)
def test_only_what_has_the_ledger_s_hashes(given: dict[str, bytes | None], good: bool) -> None:
    """All of it, or what a purge has left; no other value, no other key."""
    hashes = _hashes(_sets(tea=b"1", rum=None))
    assert verified(_sets(**given), hashes) is good
