"""Build read-write sets: public ones, hashes of collections, and the private data themselves.

Source: core/ledger/kvledger/txmgmt/rwsetutil (Fabric 3.1.5). Everything is sorted, so that all endorsers with
the same state give the same bytes.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2

from heddle.embedded.fabric.peer.state import Version

__all__ = ["POLICY_ENTRY", "CollectionSets", "Sets", "private_results", "read", "results"]

POLICY_ENTRY = "VALIDATION_PARAMETER"
"""The one entry of a key's metadata that means something: its endorsement policy."""


@dataclass
class CollectionSets:
    """Hold what was read and written in one collection; a deleted value is None."""

    reads: dict[str, Version | None] = field(default_factory=dict)
    writes: dict[str, bytes | None] = field(default_factory=dict)
    purged: set[str] = field(default_factory=set)
    policies: dict[str, bytes] = field(default_factory=dict)


@dataclass
class Sets:
    """Hold what was read and written in one namespace."""

    reads: dict[str, Version | None] = field(default_factory=dict)
    writes: dict[str, bytes | None] = field(default_factory=dict)
    ranges: list[kv_rwset_pb2.RangeQueryInfo] = field(default_factory=list)
    policies: dict[str, bytes] = field(default_factory=dict)
    collections: dict[str, CollectionSets] = field(default_factory=dict)


def results(namespaces: Mapping[str, Sets]) -> bytes:
    """Return the `rwset.TxReadWriteSet` that goes on the ledger, as bytes."""
    rwset = rwset_pb2.TxReadWriteSet(data_model=rwset_pb2.TxReadWriteSet.KV)
    for namespace, sets in sorted(namespaces.items()):
        content = kv_rwset_pb2.KVRWSet(range_queries_info=sets.ranges)
        content.reads.extend(read(key, sets.reads[key]) for key in sorted(sets.reads))
        for key, value in sorted(sets.writes.items()):
            content.writes.add(key=key, value=value or b"", is_delete=value is None)
        for key, policy in sorted(sets.policies.items()):
            content.metadata_writes.add(key=key, entries=_entries(policy))
        one = rwset.ns_rwset.add(namespace=namespace, rwset=content.SerializeToString())
        for name, collection in sorted(sets.collections.items()):
            private = _private(collection)
            one.collection_hashed_rwset.add(
                collection_name=name,
                hashed_rwset=_hashed(collection).SerializeToString(),
                pvt_rwset_hash=hashlib.sha256(private).digest() if private else b"",
            )
    return bytes(rwset.SerializeToString())


def private_results(namespaces: Mapping[str, Sets]) -> dict[tuple[str, str], bytes]:
    """Return the `kvrwset.KVRWSet` bytes that only members get, by namespace and collection."""
    return {
        (namespace, name): private
        for namespace, sets in sorted(namespaces.items())
        for name, collection in sorted(sets.collections.items())
        if (private := _private(collection))
    }


def read(key: str, version: Version | None) -> kv_rwset_pb2.KVRead:
    """Return a read of a key, with its version if it was there."""
    return kv_rwset_pb2.KVRead(key=key, version=_version(version))


def _version(version: Version | None) -> kv_rwset_pb2.Version | None:
    if version is None:
        return None
    return kv_rwset_pb2.Version(block_num=version.block, tx_num=version.transaction)


def _entries(policy: bytes) -> list[kv_rwset_pb2.KVMetadataEntry]:
    return [kv_rwset_pb2.KVMetadataEntry(name=POLICY_ENTRY, value=policy)] if policy else []


def _private(collection: CollectionSets) -> bytes:
    """Return the private part; empty when nothing was written."""
    content = kv_rwset_pb2.KVRWSet()
    for key, value in sorted(collection.writes.items()):
        content.writes.add(key=key, value=value or b"", is_delete=value is None)
    for key in sorted(collection.policies):
        content.metadata_writes.add(key=key)
    return bytes(content.SerializeToString())


def _hashed(collection: CollectionSets) -> kv_rwset_pb2.HashedRWSet:
    content = kv_rwset_pb2.HashedRWSet()
    for key, version in sorted(collection.reads.items()):
        content.hashed_reads.add(key_hash=_sha256(key.encode()), version=_version(version))
    for key, value in sorted(collection.writes.items()):
        content.hashed_writes.add(
            key_hash=_sha256(key.encode()),
            is_delete=value is None,
            value_hash=b"" if value is None else _sha256(value),
            is_purge=key in collection.purged,
        )
    for key, policy in sorted(collection.policies.items()):
        content.metadata_writes.add(key_hash=_sha256(key.encode()), entries=_entries(policy))
    return content


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
