"""Record what a chaincode reads and writes while it is simulated.

Source: core/ledger/kvledger/txmgmt/txmgr/{tx_simulator,query_executor}.go (Fabric 3.1.5). A read never sees
the transaction's own writes. What is refused raises ValueError in Fabric's words.
"""

from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2

from heddle.embedded.fabric.peer.rwset import CollectionSets, Sets, private_results, read, results
from heddle.embedded.fabric.peer.state import State, Stored, Version, hashed, hashed_key, private

__all__ = ["Scope", "Simulation"]


class Simulation:
    """Hold one proposal's view of the state. Namespaces are chaincode names."""

    def __init__(self, state: State, transaction_id: str) -> None:
        self._state = state
        self._id = transaction_id
        self._sets: dict[str, Sets] = {}
        self._written = self._queried_private = self._paged = False

    # --- public state

    def get(self, namespace: str, key: str) -> bytes | None:
        """Return a committed value; the read is recorded."""
        stored = self._state.get(namespace, key)
        self._of(namespace).reads[key] = stored.version if stored else None
        return stored.value if stored else None

    def put(self, namespace: str, key: str, value: bytes | None) -> None:
        """Write, or delete with None."""
        self._before_write()
        self._of(namespace).writes[key] = value

    def policy(self, namespace: str, key: str) -> bytes:
        """Return the key's own endorsement policy; empty if it has none."""
        self.get(namespace, key)
        stored = self._state.get(namespace, key)
        return stored.policy if stored else b""

    def set_policy(self, namespace: str, key: str, policy: bytes) -> None:
        """Give a key its own endorsement policy."""
        self._before_write()
        self._of(namespace).policies[key] = policy

    def between(self, namespace: str, start: str, end: str) -> list[tuple[str, bytes]]:
        """Return a range of committed values; the query is recorded with what it found."""
        found = list(self._state.between(namespace, start, end))
        self._record_range(namespace, start, end, found)
        return [(key, stored.value) for key, stored in found]

    def page(self, namespace: str, start: str, end: str, size: int) -> tuple[list[tuple[str, bytes]], str]:
        """Return the first `size` entries of a range, and where the next page starts (empty: nowhere)."""
        if self._written:
            raise ValueError(
                f"txid [{self._id}]: unsuppored transaction. "
                "Paginated queries are supported only in a read-only transaction"
            )
        self._paged = True
        found = self.between(namespace, start, end)
        return found[:size], found[size][0] if len(found) > size else ""

    def _record_range(self, namespace: str, start: str, end: str, found: list[tuple[str, Stored]]) -> None:
        query = kv_rwset_pb2.RangeQueryInfo(start_key=start, end_key=end, itr_exhausted=True)
        query.raw_reads.kv_reads.extend(read(key, stored.version) for key, stored in found)
        self._of(namespace).ranges.append(query)

    # --- private data

    def get_private(self, namespace: str, collection: str, key: str) -> bytes | None:
        """Return a private value that this peer has in the version that the ledger has the hash of."""
        stored = self._state.get(private(namespace, collection), key)
        known = self._state.get(hashed(namespace, collection), hashed_key(key))
        version = stored.version if stored else None
        if version != (known.version if known else None):
            raise ValueError(
                "private data matching public hash version is not available. Public hash version = "
                f"{_words(known)}, Private data version = {_words(stored)}"
            )
        self._in(namespace, collection).reads[key] = version
        return stored.value if stored else None

    def hash_of(self, namespace: str, collection: str, key: str) -> bytes | None:
        """Return the hash of a private value."""
        known = self._state.get(hashed(namespace, collection), hashed_key(key))
        self._in(namespace, collection).reads[key] = known.version if known else None
        return known.value if known else None

    def put_private(self, namespace: str, collection: str, key: str, value: bytes | None) -> None:
        """Write, or delete with None."""
        self._before_write()
        self._in(namespace, collection).writes[key] = value

    def purge_private(self, namespace: str, collection: str, key: str) -> None:
        """Delete with all that was there before."""
        self.put_private(namespace, collection, key, None)
        self._in(namespace, collection).purged.add(key)

    def set_private_policy(self, namespace: str, collection: str, key: str, policy: bytes) -> None:
        """Give a private key its own endorsement policy."""
        self._before_write()
        self._in(namespace, collection).policies[key] = policy

    def private_policy(self, namespace: str, collection: str, key: str) -> bytes:
        """Return the private key's own endorsement policy; empty if it has none."""
        self.hash_of(namespace, collection, key)
        known = self._state.get(hashed(namespace, collection), hashed_key(key))
        return known.policy if known else b""

    def between_private(
        self, namespace: str, collection: str, start: str, end: str
    ) -> list[tuple[str, bytes]]:
        """Return a range of private values. Nothing is recorded, so nothing may be written."""
        if self._written:
            raise ValueError(
                f"txid [{self._id}]: unsuppored transaction. "
                "Queries on pvt data is supported only in a read-only transaction"
            )
        self._queried_private = True
        found = self._state.between(private(namespace, collection), start, end)
        return [(key, stored.value) for key, stored in found]

    # --- the results

    def results(self) -> bytes:
        """Return `rwset.TxReadWriteSet` bytes, the same on every peer with the same state."""
        return results(self._sets)

    def private_results(self) -> dict[tuple[str, str], bytes]:
        """Return `kvrwset.KVRWSet` bytes by namespace and collection."""
        return private_results(self._sets)

    def _of(self, namespace: str) -> Sets:
        return self._sets.setdefault(namespace, Sets())

    def _in(self, namespace: str, collection: str) -> CollectionSets:
        return self._of(namespace).collections.setdefault(collection, CollectionSets())

    def _before_write(self) -> None:
        done = "queries on pvt data" if self._queried_private else "a paginated query" if self._paged else ""
        if done:
            raise ValueError(
                f"txid [{self._id}]: unsuppored transaction. Transaction has already performed {done}. "
                "Writes are not allowed"
            )
        self._written = True


class Scope:
    """Read and write one namespace of a simulation, or one collection of it, as `_lifecycle` does."""

    def __init__(self, simulation: Simulation, namespace: str, collection: str = "") -> None:
        self._simulation = simulation
        self._namespace = namespace
        self._collection = collection

    def get(self, key: str) -> bytes | None:
        """Return the value of a key."""
        if self._collection:
            return self._simulation.get_private(self._namespace, self._collection, key)
        return self._simulation.get(self._namespace, key)

    def between(self, start: str, end: str) -> list[tuple[str, bytes]]:
        """Return values of a range of keys."""
        if self._collection:
            return self._simulation.between_private(self._namespace, self._collection, start, end)
        return self._simulation.between(self._namespace, start, end)

    def put(self, key: str, value: bytes) -> None:
        """Write the value of a key."""
        if self._collection:
            self._simulation.put_private(self._namespace, self._collection, key, value)
        else:
            self._simulation.put(self._namespace, key, value)

    def hash(self, key: str) -> bytes | None:
        """Return the SHA-256 of a value of the collection."""
        return self._simulation.hash_of(self._namespace, self._collection, key)


def _words(stored: Stored | None) -> str:
    if stored is None:
        return "<nil>"
    version: Version = stored.version
    return f"{{BlockNum: {version.block}, TxNum: {version.transaction}}}"
