"""Take endorser transactions apart, and put together those of orderers' clients.

Source: protoutil/txutils.go, core/common/validation/msgvalidation.go (Fabric 3.1.5).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.peer import chaincode_event_pb2, proposal_pb2, proposal_response_pb2, transaction_pb2

from heddle.embedded.fabric.access import SignedData

__all__ = ["CollectionHashes", "Endorsed", "Headers", "NamespaceSets", "endorsed", "proposal_hash", "sets_of"]


@dataclass(frozen=True, kw_only=True)
class Headers:
    """An envelope's headers, parsed, and the payload they belong to."""

    payload: common_pb2.Payload
    channel: common_pb2.ChannelHeader
    signature: common_pb2.SignatureHeader

    @classmethod
    def of(cls, envelope: common_pb2.Envelope) -> "Headers":
        """Read the headers of an envelope. Raises ValueError for a malformed one."""
        payload = common_pb2.Payload.FromString(envelope.payload)
        return cls(
            payload=payload,
            channel=common_pb2.ChannelHeader.FromString(payload.header.channel_header),
            signature=common_pb2.SignatureHeader.FromString(payload.header.signature_header),
        )


@dataclass(frozen=True, kw_only=True)
class CollectionHashes:
    """Hold what the ledger knows of one collection's part: hashes of keys and values, and of the whole."""

    name: str
    sets: kv_rwset_pb2.HashedRWSet
    hash: bytes


@dataclass(frozen=True, kw_only=True)
class NamespaceSets:
    """Hold the read-write sets of one namespace."""

    public: kv_rwset_pb2.KVRWSet
    collections: tuple[CollectionHashes, ...]

    @property
    def writes(self) -> bool:
        """Tell whether anything is written there."""
        return bool(
            self.public.writes
            or self.public.metadata_writes
            or any(one.sets.hashed_writes or one.sets.metadata_writes for one in self.collections)
        )


@dataclass(frozen=True, kw_only=True)
class Endorsed:
    """Hold what endorsers agreed on: chaincode, read-write sets by namespace, event, signatures."""

    actions: int
    chaincode: str
    version: str
    sets: dict[str, NamespaceSets]
    event: chaincode_event_pb2.ChaincodeEvent
    endorsements: tuple[SignedData, ...]
    hash: bytes
    expected_hash: bytes

    def private_parts(self) -> Iterator[tuple[str, CollectionHashes]]:
        """Yield the parts that members hold as private data, each with its namespace."""
        for namespace, sets in self.sets.items():
            for collection in sets.collections:
                if collection.hash:
                    yield namespace, collection


def endorsed(headers: Headers) -> Endorsed:
    """Read a transaction's action. Raises ValueError for a malformed one, IndexError without action."""
    actions = transaction_pb2.Transaction.FromString(headers.payload.data).actions
    action = actions[0]
    content = transaction_pb2.ChaincodeActionPayload.FromString(action.payload)
    response_bytes = content.action.proposal_response_payload
    response = proposal_response_pb2.ProposalResponsePayload.FromString(response_bytes)
    result = proposal_pb2.ChaincodeAction.FromString(response.extension)
    return Endorsed(
        actions=len(actions),
        chaincode=result.chaincode_id.name,
        version=result.chaincode_id.version,
        sets=sets_of(result.results),
        event=chaincode_event_pb2.ChaincodeEvent.FromString(result.events),
        endorsements=tuple(
            SignedData(response_bytes + item.endorser, item.endorser, item.signature)
            for item in content.action.endorsements
        ),
        hash=response.proposal_hash,
        expected_hash=proposal_hash(headers.payload.header, content.chaincode_proposal_payload),
    )


def sets_of(results: bytes) -> dict[str, NamespaceSets]:
    """Read `rwset.TxReadWriteSet` bytes, by namespace. Raises ValueError for malformed ones."""
    rwset = rwset_pb2.TxReadWriteSet.FromString(results)
    return {item.namespace: _sets(item) for item in rwset.ns_rwset}


def _sets(item: rwset_pb2.NsReadWriteSet) -> NamespaceSets:
    return NamespaceSets(
        public=kv_rwset_pb2.KVRWSet.FromString(item.rwset),
        collections=tuple(
            CollectionHashes(
                name=one.collection_name,
                sets=kv_rwset_pb2.HashedRWSet.FromString(one.hashed_rwset),
                hash=one.pvt_rwset_hash,
            )
            for one in item.collection_hashed_rwset
        ),
    )


def proposal_hash(header: common_pb2.Header, payload: bytes) -> bytes:
    """Return the SHA-256 of both headers and the proposal's payload without its transient part."""
    visible = proposal_pb2.ChaincodeProposalPayload.FromString(payload)
    visible.TransientMap.clear()
    return hashlib.sha256(
        header.channel_header + header.signature_header + visible.SerializeToString()
    ).digest()
