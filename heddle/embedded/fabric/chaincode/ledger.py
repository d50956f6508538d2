"""Ask the peer for state on behalf of the chaincode, with refusals as exceptions.

fabric-chaincode-python 2.5.4 takes a peer's refusal for a value, has no private data, and does not keep
composite keys out of open ranges. Source of the messages: fabric-protos peer/chaincode_shim.proto, of the
rules: fabric-chaincode-go shim/{stub,handler}.go.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import TypeAlias

from fabric_chaincode_python.fabric_shim.msg_queue_handler import QueueMessage
from fabric_chaincode_python.fabric_shim.stub import ChaincodeStub
from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.peer import chaincode_shim_pb2
from google.protobuf.message import Message as ProtobufMessage

__all__ = [
    "LedgerRefusal",
    "ask",
    "between",
    "delete",
    "get",
    "hash_of",
    "history",
    "purge",
    "put",
    "query",
    "transient",
]

Message: TypeAlias = chaincode_shim_pb2.ChaincodeMessage
KeyValue: TypeAlias = kv_query_result_pb2.KV
_pb = chaincode_shim_pb2
_FIRST = "\x01"
"""Where an open range starts: before it are composite keys, and what the peer itself keeps."""


class LedgerRefusal(Exception):  # noqa: N818 - an answer, not a mistake
    """Carry the peer's words when it gave no value."""


async def ask(stub: ChaincodeStub, kind: Message.Type.ValueType, content: ProtobufMessage) -> bytes:
    """Send the peer a request, and return what it answers. Raises LedgerRefusal."""
    message = Message(
        type=kind, payload=content.SerializeToString(), txid=stub.tx_id, channel_id=stub.channel_id
    )
    answered: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    await stub.client.msg_queue_handler.queue_msg(QueueMessage(message, Message.Type.Name(kind), answered))
    answer = await answered
    if answer.type == Message.ERROR:
        raise LedgerRefusal(answer.payload.decode(errors="replace"))
    return answer.payload


async def get(stub: ChaincodeStub, key: str, collection: str = "") -> bytes:
    """Return a value, empty if there is none; of a private data collection if one is named."""
    return await ask(stub, Message.GET_STATE, _pb.GetState(key=key, collection=collection))


async def put(stub: ChaincodeStub, key: str, value: bytes, collection: str = "") -> None:
    """Write the value of a key."""
    await ask(stub, Message.PUT_STATE, _pb.PutState(key=key, value=value, collection=collection))


async def delete(stub: ChaincodeStub, key: str, collection: str = "") -> None:
    """Delete a value, whether it is there or not."""
    await ask(stub, Message.DEL_STATE, _pb.DelState(key=key, collection=collection))


async def purge(stub: ChaincodeStub, key: str, collection: str) -> None:
    """Delete a private value and every older value of its key, on all peers."""
    await ask(stub, Message.PURGE_PRIVATE_DATA, _pb.PurgePrivateState(key=key, collection=collection))


async def hash_of(stub: ChaincodeStub, key: str, collection: str) -> bytes:
    """Return the SHA-256 of a private value, empty if there is none. Every peer of the channel knows it."""
    return await ask(stub, Message.GET_PRIVATE_DATA_HASH, _pb.GetState(key=key, collection=collection))


async def between(
    stub: ChaincodeStub, start: str = "", end: str = "", collection: str = ""
) -> AsyncIterator[kv_query_result_pb2.KV]:
    """Yield entries from `start` to before `end` by key; empty means open."""
    request = _pb.GetStateByRange(startKey=start or _FIRST, endKey=end, collection=collection)
    async for content in _pages(stub, await ask(stub, Message.GET_STATE_BY_RANGE, request)):
        yield KeyValue.FromString(content)


async def query(
    stub: ChaincodeStub, text: str, collection: str = ""
) -> AsyncIterator[kv_query_result_pb2.KV]:
    """Yield the entries that a rich query finds, `{"selector": …}`; peers with CouchDB answer it.

    The validation of a transaction does not run it again: its results are for reading, not for writing.
    """
    request = _pb.GetQueryResult(query=text, collection=collection)
    async for content in _pages(stub, await ask(stub, Message.GET_QUERY_RESULT, request)):
        yield KeyValue.FromString(content)


async def history(stub: ChaincodeStub, key: str) -> AsyncIterator[kv_query_result_pb2.KeyModification]:
    """Yield every value that a key ever had, newest first."""
    request = _pb.GetHistoryForKey(key=key)
    async for content in _pages(stub, await ask(stub, Message.GET_HISTORY_FOR_KEY, request)):
        yield kv_query_result_pb2.KeyModification.FromString(content)


async def _pages(stub: ChaincodeStub, first: bytes) -> AsyncIterator[bytes]:
    page = _pb.QueryResponse.FromString(first)
    while True:
        for entry in page.results:
            yield entry.resultBytes
        if not page.has_more:
            return
        request = _pb.QueryStateNext(id=page.id)
        page = _pb.QueryResponse.FromString(await ask(stub, Message.QUERY_STATE_NEXT, request))


def transient(stub: ChaincodeStub) -> Mapping[str, bytes]:
    """Return the data that the client sent along and that must not reach the ledger."""
    found: Mapping[str, bytes] = stub.signed_proposal_pb["proposal"]["payload"].TransientMap
    return found
