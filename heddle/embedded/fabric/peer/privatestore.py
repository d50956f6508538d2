"""Keep the private data that one peer holds of one channel.

Of transactions that are not committed yet, in memory; of committed ones in a file each, so that what is
purged or has lived its blocks is gone from the disk. The ledger only has hashes, also of keys.
Source: core/transientstore, core/ledger/pvtdatastorage (Fabric 3.1.5).
"""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2

from heddle.embedded.fabric.peer.transaction import CollectionHashes
from heddle.ledgerfiles.transientstore import PrivateData

__all__ = ["Part", "PrivateStore", "verified"]


KEPT = 10_000
"""Parts of transactions that were endorsed and not committed; upstream's transient store counts blocks."""


class Part(NamedTuple):
    """Name one collection's private data of one transaction of the ledger."""

    block: int
    transaction: int
    namespace: str
    collection: str


class PrivateStore:
    """Private read-write sets: `kvrwset.KVRWSet` bytes.

    Args:
        folder: for the files; made when it is absent.
        restored: of a channel whose blocks are to be committed anew: nothing of it is trusted.
    """

    def __init__(self, folder: Path, restored: Iterable[PrivateData] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._parts: dict[Part, bytes] = {}
        self._transient: dict[tuple[str, str, str], bytes] = {}
        # Beside what was endorsed, of which only the newest is kept.
        self._restored = {each.transaction: each.writes for each in restored}
        for path in folder.iterdir():
            self._load(path)

    # --- not committed yet

    def endorsed(self, transaction_id: str, namespace: str, collection: str, content: bytes) -> None:
        """Keep what was endorsed here or sent by an endorser, until its transaction is committed."""
        self._transient[transaction_id, namespace, collection] = content
        if len(self._transient) > KEPT:
            del self._transient[next(iter(self._transient))]  # the oldest: what was only asked is never sent

    def expected(self, transaction_id: str, namespace: str, collection: str) -> bytes | None:
        """Return the private data that an endorser gave, or that a restore left here."""
        given = self._transient.get((transaction_id, namespace, collection))
        if given is not None:
            return given
        written = rwset_pb2.TxPvtReadWriteSet.FromString(self._restored.get(transaction_id, b""))
        for one, name, content in _collections(written):
            if (one, name) == (namespace, collection):
                return content
        return None

    def forget(self, transaction_id: str) -> None:
        """Forget private data of a transaction that is committed, valid or not."""
        self._restored.pop(transaction_id, None)
        for key in [key for key in self._transient if key[0] == transaction_id]:
            del self._transient[key]

    # --- committed

    def get(self, part: Part) -> bytes | None:
        """Return the private data that this peer has."""
        return self._parts.get(part)

    def put(self, part: Part, content: bytes) -> None:
        """Keep the private data of a transaction."""
        self._parts[part] = content
        self._save(part.block, part.transaction)

    def of_block(self, block: int) -> Iterator[tuple[Part, bytes]]:
        """Yield the private data of one block's transactions."""
        for part, content in self._parts.items():
            if part.block == block:
                yield part, content

    def remove(self, namespace: str, collection: str, key_hash: bytes, before: tuple[int, int]) -> None:
        """Forget a key's values that were written before a transaction, (block, index)."""
        for part, content in list(self._parts.items()):
            same = (part.namespace, part.collection) == (namespace, collection)
            if same and (part.block, part.transaction) < before:
                rest = _without(content, key_hash)
                if rest != content:
                    self.put(part, rest)

    # --- files

    def _path(self, block: int, index: int) -> Path:
        return self._folder / f"{block}-{index}"

    def _load(self, path: Path) -> None:
        if path.suffix:
            path.unlink()  # a write that was not finished
            return
        block, index = (int(number) for number in path.name.split("-"))
        written = rwset_pb2.TxPvtReadWriteSet.FromString(path.read_bytes())
        for namespace, collection, content in _collections(written):
            self._parts[Part(block, index, namespace, collection)] = content

    def _save(self, block: int, index: int) -> None:
        content = rwset_pb2.TxPvtReadWriteSet(data_model=rwset_pb2.TxReadWriteSet.KV)
        for part, data in self._parts.items():
            if (part.block, part.transaction) == (block, index):
                one = content.ns_pvt_rwset.add(namespace=part.namespace)
                one.collection_pvt_rwset.add(collection_name=part.collection, rwset=data)
        path = self._path(block, index)
        fresh = path.with_suffix(".new")
        fresh.write_bytes(content.SerializeToString())
        fresh.replace(path)


def _collections(written: rwset_pb2.TxPvtReadWriteSet) -> Iterator[tuple[str, str, bytes]]:
    """Yield chaincode, collection and content of what a transaction wrote."""
    for one in written.ns_pvt_rwset:
        for collection in one.collection_pvt_rwset:
            yield one.namespace, collection.collection_name, collection.rwset


def _without(content: bytes, key_hash: bytes) -> bytes:
    sets = kv_rwset_pb2.KVRWSet.FromString(content)
    kept = [write for write in sets.writes if _sha256(write.key.encode()) != key_hash]
    if len(kept) == len(sets.writes):
        return content
    del sets.writes[:]
    sets.writes.extend(kept)
    return bytes(sets.SerializeToString())


def verified(content: bytes, hashes: CollectionHashes) -> bool:
    """Tell whether private data fit the hashes on the ledger; what was purged since may be missing."""
    if _sha256(content) == hashes.hash:
        return True
    known = {write.key_hash: write for write in hashes.sets.hashed_writes}
    for write in kv_rwset_pb2.KVRWSet.FromString(content).writes:
        found = known.get(_sha256(write.key.encode()))
        if found is None or found.is_delete != write.is_delete:
            return False
        if not write.is_delete and found.value_hash != _sha256(write.value):
            return False
    return True


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
