"""Apply valid transactions to the state: public values, hashes, private data, and their end.

Source: core/ledger/kvledger/txmgmt/{privacyenabledstate,pvtstatepurgemgmt} (Fabric 3.1.5).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2

from heddle.embedded.fabric.peer.privatestore import Part, PrivateStore
from heddle.embedded.fabric.peer.rwset import POLICY_ENTRY
from heddle.embedded.fabric.peer.state import State, Version, hashed, hashed_key, private
from heddle.embedded.fabric.peer.transaction import CollectionHashes, Endorsed

__all__ = ["Committer"]


@dataclass(kw_only=True)
class Committer:
    """Applies transactions to one channel's state.

    Args:
        state: to write to.
        store: has the private data that this peer got.
        blocks_to_live: of a namespace's collection; 0 is for ever.
    """

    state: State
    store: PrivateStore
    blocks_to_live: Callable[[str, str], int]
    history: dict[tuple[str, str], list[Version]] = field(default_factory=dict)
    _expiring: dict[int, list[tuple[str, str, bytes, Version]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def apply(self, transaction: Endorsed, version: Version) -> None:
        """Write what a valid transaction writes; its private data where they are in the store."""
        for namespace, sets in transaction.sets.items():
            for write in sets.public.writes:
                self.history.setdefault((namespace, write.key), []).append(version)
                self._write(namespace, write.key, None if write.is_delete else write.value, version)
            for change in sets.public.metadata_writes:
                self._set_policy(namespace, change.key, change.entries, version)
            for collection in sets.collections:
                self._apply_hashes(namespace, collection, version)
                content = self.store.get(Part(*version, namespace, collection.name))
                if content is not None:
                    self.apply_private(namespace, collection.name, content, version)

    def _apply_hashes(self, namespace: str, collection: CollectionHashes, version: Version) -> None:
        place = hashed(namespace, collection.name)
        to_live = self.blocks_to_live(namespace, collection.name)
        for write in collection.sets.hashed_writes:
            value = None if write.is_delete else write.value_hash
            self._write(place, hashed_key(write.key_hash), value, version)
            if write.is_purge:
                self._drop(namespace, collection.name, write.key_hash)
                self.store.remove(namespace, collection.name, write.key_hash, version)
            if to_live and not write.is_delete:
                # One more: the block that wrote it does not count (pvtdatapolicy.GetExpiringBlock).
                end = version.block + to_live + 1
                self._expiring[end].append((namespace, collection.name, write.key_hash, version))
        for change in collection.sets.metadata_writes:
            self._set_policy(place, hashed_key(change.key_hash), change.entries, version)

    def apply_private(self, namespace: str, collection: str, content: bytes, version: Version) -> None:
        """Write private data, in time or late: what was overwritten or expired since stays as it is."""
        sets = kv_rwset_pb2.KVRWSet.FromString(content)
        place = private(namespace, collection)
        for write in sets.writes:
            known = self.state.get(hashed(namespace, collection), hashed_key(write.key))
            if write.is_delete:
                if known is None:
                    self.state.delete(place, write.key)
            elif known is not None and known.version == version:
                self.state.put(place, write.key, write.value, version)
        for change in sets.metadata_writes:
            stored = self.state.get(place, change.key)
            known = self.state.get(hashed(namespace, collection), hashed_key(change.key))
            if stored is not None and known is not None and known.version == version:
                self.state.put(place, change.key, stored.value, version)

    def expire(self, block: int) -> None:
        """Remove the private data whose `blockToLive` ends with the block just committed."""
        for namespace, collection, key_hash, version in self._expiring.pop(block, []):
            known = self.state.get(hashed(namespace, collection), hashed_key(key_hash))
            if known is not None and known.version == version:
                self.state.delete(hashed(namespace, collection), hashed_key(key_hash))
                self._drop(namespace, collection, key_hash)
            self.store.remove(namespace, collection, key_hash, (version.block, version.transaction + 1))

    def _drop(self, namespace: str, collection: str, key_hash: bytes) -> None:
        """Delete a private value whose key may not be known."""
        place = private(namespace, collection)
        for key, _ in list(self.state.between(place, "", "")):
            if hashed_key(key) == key_hash.hex():
                self.state.delete(place, key)

    def _write(self, namespace: str, key: str, value: bytes | None, version: Version) -> None:
        if value is None:
            self.state.delete(namespace, key)
        else:
            self.state.put(namespace, key, value, version)

    def _set_policy(
        self, namespace: str, key: str, entries: Iterable[kv_rwset_pb2.KVMetadataEntry], version: Version
    ) -> None:
        """Set the policy of a key that exists; a key without a value has no metadata (tx_ops.go)."""
        stored = self.state.get(namespace, key)
        if stored is not None:
            policy = next((entry.value for entry in entries if entry.name == POLICY_ENTRY), b"")
            self.state.put(namespace, key, stored.value, version, policy)
