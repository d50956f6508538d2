"""What a chaincode reads and writes while it is simulated, as a read-write set.

Source: core/ledger/kvledger/txmgmt (Fabric 3.1.5). A read never sees the transaction's own writes.
"""

from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2

from heddle.standin.peer.state import State, Version

__all__ = ["Simulation"]


class Simulation:
    """One proposal's view of the state. Namespaces are chaincode names."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._reads: dict[str, dict[str, Version | None]] = {}
        self._writes: dict[str, dict[str, bytes | None]] = {}
        self._ranges: dict[str, list[kv_rwset_pb2.RangeQueryInfo]] = {}

    def get(self, namespace: str, key: str) -> bytes | None:
        """A committed value; the read is recorded."""
        stored = self._state.get(namespace, key)
        self._reads.setdefault(namespace, {})[key] = stored.version if stored else None
        return stored.value if stored else None

    def put(self, namespace: str, key: str, value: bytes) -> None:
        """Write. Raises ValueError for an empty key."""
        if not key:
            raise ValueError("invalid key. Unable to write: an empty string is not a valid key")
        self._writes.setdefault(namespace, {})[key] = value

    def delete(self, namespace: str, key: str) -> None:
        """Delete."""
        self._writes.setdefault(namespace, {})[key] = None

    def between(self, namespace: str, start: str, end: str) -> list[tuple[str, bytes]]:
        """A range of committed values; the query is recorded with what it found."""
        found = list(self._state.between(namespace, start, end))
        query = kv_rwset_pb2.RangeQueryInfo(start_key=start, end_key=end, itr_exhausted=True)
        query.raw_reads.kv_reads.extend(_read(key, stored.version) for key, stored in found)
        self._ranges.setdefault(namespace, []).append(query)
        return [(key, stored.value) for key, stored in found]

    def results(self) -> bytes:
        """`rwset.TxReadWriteSet` bytes, the same on every peer with the same state."""
        rwset = rwset_pb2.TxReadWriteSet(data_model=rwset_pb2.TxReadWriteSet.KV)
        for namespace in sorted({*self._reads, *self._writes, *self._ranges}):
            content = kv_rwset_pb2.KVRWSet(range_queries_info=self._ranges.get(namespace, []))
            reads = self._reads.get(namespace, {})
            content.reads.extend(_read(key, reads[key]) for key in sorted(reads))
            for key, value in sorted(self._writes.get(namespace, {}).items()):
                content.writes.add(key=key, value=value or b"", is_delete=value is None)
            rwset.ns_rwset.add(namespace=namespace, rwset=content.SerializeToString())
        return bytes(rwset.SerializeToString())


def _read(key: str, version: Version | None) -> kv_rwset_pb2.KVRead:
    if version is None:
        return kv_rwset_pb2.KVRead(key=key)
    return kv_rwset_pb2.KVRead(
        key=key, version=kv_rwset_pb2.Version(block_num=version.block, tx_num=version.transaction)
    )
