"""Answer what a chaincode asks the ledger while it runs, out of a simulation.

Source: core/chaincode/handler.go (Fabric 3.1.5).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.peer import chaincode_pb2, chaincode_shim_pb2

from heddle.embedded.fabric.access import SignedData
from heddle.embedded.fabric.malformed import MALFORMED
from heddle.embedded.fabric.peer.channel import PeerChannel
from heddle.embedded.fabric.peer.collections import collection_of, implicit, permissions
from heddle.embedded.fabric.peer.definitions import Committed
from heddle.embedded.fabric.peer.rwset import POLICY_ENTRY
from heddle.embedded.fabric.peer.simulation import Simulation
from heddle.protobuf import enum_name

__all__ = ["Call", "RequestRefused", "Requests"]

Message: TypeAlias = chaincode_shim_pb2.ChaincodeMessage
Call: TypeAlias = Callable[[str, str, chaincode_pb2.ChaincodeInput], Awaitable[Message]]
"""Runs another chaincode of a channel, in the same transaction."""
_pb = chaincode_shim_pb2
PAGE = 100
"""Entries of a range that go into one answer (ledger.state.totalQueryLimit is not enforced)."""


class RequestRefused(Exception):  # noqa: N818 - an answer, not a mistake
    """The answer is an error, in Fabric's words."""


@dataclass(kw_only=True)
class Requests:
    """Answers one chaincode in one transaction.

    Args:
        channel: where it runs.
        chaincode: its namespace.
        simulation: of the transaction.
        creator: who proposed the transaction, and signed it.
        initializing: whether this is the chaincode's Init, which may not use private data.
        call: how other chaincodes are called.
    """

    channel: PeerChannel
    chaincode: str
    simulation: Simulation
    creator: SignedData
    initializing: bool
    call: Call
    _queries: dict[str, list[bytes]] = field(default_factory=dict)
    _count: int = 0

    async def answer(self, message: Message) -> bytes:
        """Answer one request. Raises RequestRefused."""
        try:
            if message.type == Message.INVOKE_CHAINCODE:
                return await self._invoke(chaincode_pb2.ChaincodeSpec.FromString(message.payload))
            if message.type in _QUERIES:
                return bytes(self._query(message).SerializeToString())
            if message.type in _READS:
                return self._read(message)
            self._write(message)
        except MALFORMED as error:
            raise RequestRefused(str(error)) from error
        return b""

    # --- values

    def _read(self, message: Message) -> bytes:
        if message.type == Message.GET_STATE_METADATA:
            return self._policy(_pb.GetStateMetadata.FromString(message.payload))
        request = _pb.GetState.FromString(message.payload)
        if message.type == Message.GET_PRIVATE_DATA_HASH:
            self._refuse_in_init()
            self._defined(request.collection)
            return self.simulation.hash_of(self.chaincode, request.collection, request.key) or b""
        if request.collection:
            self._permitted(request.collection, write=False)
            return self.simulation.get_private(self.chaincode, request.collection, request.key) or b""
        return self.simulation.get(self.chaincode, request.key) or b""

    def _write(self, message: Message) -> None:
        name, simulation = self.chaincode, self.simulation
        match message.type:
            case Message.PUT_STATE:
                put = _pb.PutState.FromString(message.payload)
                self._put(put.collection, put.key, put.value)
            case Message.DEL_STATE:
                delete = _pb.DelState.FromString(message.payload)
                self._put(delete.collection, delete.key, None)
            case Message.PURGE_PRIVATE_DATA:
                purge = _pb.PurgePrivateState.FromString(message.payload)
                if not purge.collection:
                    raise RequestRefused("only applicable for private data")
                self._permitted(purge.collection, write=True)
                simulation.purge_private(name, purge.collection, purge.key)
            case Message.PUT_STATE_METADATA:
                self._set_policy(_pb.PutStateMetadata.FromString(message.payload))
            case kind:
                words = f"{enum_name(Message.Type.DESCRIPTOR, kind)} is not supported by a stand-in peer"
                raise RequestRefused(f"{words}; upstream's peers do it")

    def _put(self, collection: str, key: str, value: bytes | None) -> None:
        if collection:
            self._permitted(collection, write=True)
            self.simulation.put_private(self.chaincode, collection, key, value)
        else:
            self.simulation.put(self.chaincode, key, value)

    # --- a key's own endorsement policy

    def _policy(self, request: _pb.GetStateMetadata) -> bytes:
        if request.collection:
            self._permitted(request.collection, write=False)
            policy = self.simulation.private_policy(self.chaincode, request.collection, request.key)
        else:
            policy = self.simulation.policy(self.chaincode, request.key)
        result = _pb.StateMetadataResult()
        if policy:
            result.entries.add(metakey=POLICY_ENTRY, value=policy)
        return bytes(result.SerializeToString())

    def _set_policy(self, request: _pb.PutStateMetadata) -> None:
        policy = request.metadata.value if request.metadata.metakey == POLICY_ENTRY else b""
        if request.collection:
            self._permitted(request.collection, write=True)
            self.simulation.set_private_policy(self.chaincode, request.collection, request.key, policy)
        else:
            self.simulation.set_policy(self.chaincode, request.key, policy)

    # --- collections

    def _refuse_in_init(self) -> None:
        if self.initializing:
            raise RequestRefused("private data APIs are not allowed in chaincode Init()")

    def _permitted(self, collection: str, *, write: bool) -> None:
        self._refuse_in_init()
        config = self.channel.config
        found = collection_of(config, Committed(self.channel.state), self.chaincode, collection)
        if found is None:
            if collection.startswith(implicit("")):
                self._defined(collection)
            where = f"{self.channel.name}/{self.chaincode}/{collection}"
            raise RequestRefused(f"collection {where} could not be found")
        if not permissions(config, found, self.creator)[write]:
            raise RequestRefused(
                f"tx creator does not have {'write' if write else 'read'} access permission on privatedata "
                f"in chaincodeName:{self.chaincode} collectionName: {collection}"
            )

    def _defined(self, collection: str) -> None:
        reads = Committed(self.channel.state)
        if collection_of(self.channel.config, reads, self.chaincode, collection) is None:
            raise RequestRefused(
                f"collection [{collection}] not defined in the collection config for "
                f"chaincode [{self.chaincode}]"
            )

    # --- queries

    def _query(self, message: Message) -> _pb.QueryResponse:
        match message.type:
            case Message.GET_STATE_BY_RANGE:
                return self._range(_pb.GetStateByRange.FromString(message.payload))
            case Message.GET_HISTORY_FOR_KEY:
                key = _pb.GetHistoryForKey.FromString(message.payload).key
                return self._begin([found.SerializeToString() for found in self._history(key)])
            case Message.QUERY_STATE_NEXT:
                return self._page(_pb.QueryStateNext.FromString(message.payload).id)
            case Message.QUERY_STATE_CLOSE:
                query = _pb.QueryStateClose.FromString(message.payload).id
                self._queries.pop(query, None)
                return _pb.QueryResponse(id=query)
        # In upstream's words on LevelDB (stateleveldb.go).
        raise RequestRefused("ExecuteQuery not supported for leveldb")

    def _range(self, request: _pb.GetStateByRange) -> _pb.QueryResponse:
        if request.collection:
            self._permitted(request.collection, write=False)
            return self._begin(
                _entries(
                    self.simulation.between_private(
                        self.chaincode, request.collection, request.startKey, request.endKey
                    )
                )
            )
        metadata = _pb.QueryMetadata.FromString(request.metadata)
        start = metadata.bookmark or request.startKey
        if not metadata.pageSize:
            return self._begin(_entries(self.simulation.between(self.chaincode, start, request.endKey)))
        found, bookmark = self.simulation.page(self.chaincode, start, request.endKey, metadata.pageSize)
        summary = _pb.QueryResponseMetadata(fetched_records_count=len(found), bookmark=bookmark)
        response = _pb.QueryResponse(metadata=summary.SerializeToString())
        for entry in _entries(found):
            response.results.add(resultBytes=entry)
        return response

    def _history(self, key: str) -> list[kv_query_result_pb2.KeyModification]:
        return self.channel.key_history(self.chaincode, key)

    def _begin(self, entries: list[bytes]) -> _pb.QueryResponse:
        self._count += 1
        self._queries[f"{self._count}"] = entries
        return self._page(f"{self._count}")

    def _page(self, query: str) -> _pb.QueryResponse:
        if query not in self._queries:
            raise RequestRefused("query iterator not found")
        rest = self._queries[query]
        self._queries[query] = rest[PAGE:]
        response = _pb.QueryResponse(id=query, has_more=len(rest) > PAGE)
        for entry in rest[:PAGE]:
            response.results.add(resultBytes=entry)
        return response

    # --- other chaincodes

    async def _invoke(self, spec: chaincode_pb2.ChaincodeSpec) -> bytes:
        name, _, channel = spec.chaincode_id.name.partition("/")
        answer = await self.call(name.partition(":")[0], channel or self.channel.name, spec.input)
        return bytes(answer.SerializeToString())


def _entries(found: list[tuple[str, bytes]]) -> list[bytes]:
    return [kv_query_result_pb2.KV(key=key, value=value).SerializeToString() for key, value in found]


_READS = {Message.GET_STATE, Message.GET_PRIVATE_DATA_HASH, Message.GET_STATE_METADATA}
_QUERIES = {
    Message.GET_STATE_BY_RANGE,
    Message.GET_HISTORY_FOR_KEY,
    Message.GET_QUERY_RESULT,
    Message.QUERY_STATE_NEXT,
    Message.QUERY_STATE_CLOSE,
}
