"""A chaincode that does what a case tells it: each operation is one request to the peer.

`run` takes one argument, a JSON list of operations such as `["put", key, value]`, or with a collection's name
as the last part, and answers with the list of their results. Everything else is the sample chaincode's.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fabric_chaincode_python.fabric_shim import response
from fabric_protos.common import policies_pb2
from fabric_protos.msp import msp_principal_pb2
from fabric_protos.peer import chaincode_pb2, chaincode_shim_pb2, proposal_response_pb2

from heddle.embedded.fabric.chaincode import assets, ledger
from heddle.embedded.fabric.chaincode.writes import emit

Stub = Any


async def _get(stub: Stub, key: str, collection: str = "") -> str | None:
    return (await ledger.get(stub, key, collection)).decode() or None


async def _put(stub: Stub, key: str, value: str, collection: str = "") -> None:
    await ledger.put(stub, key, value.encode(), collection)


async def _big(stub: Stub, key: str, size: int) -> None:
    await ledger.put(stub, key, bytes(size))


async def _hash(stub: Stub, key: str, collection: str) -> str:
    return (await ledger.hash_of(stub, key, collection)).hex()


async def _between(stub: Stub, start: str, end: str, collection: str = "") -> list[list[str]]:
    found = ledger.between(stub, start, end, collection)
    return [[entry.key, entry.value.decode()] async for entry in found]


async def _partial(stub: Stub, kind: str, *attributes: str) -> list[list[str]]:
    start = stub.create_composite_key(kind, list(attributes))
    found = [entry async for entry in ledger.between(stub, start, start + "\U0010ffff")]
    return [[*stub.split_composite_key(entry.key)[1], entry.value.decode()] for entry in found]


async def _composite(stub: Stub, value: str, kind: str, *attributes: str) -> None:
    await ledger.put(stub, stub.create_composite_key(kind, list(attributes)), value.encode())


async def _history(stub: Stub, key: str) -> list[str | None]:
    return [None if one.is_delete else one.value.decode() async for one in ledger.history(stub, key)]


async def _query(stub: Stub, text: str) -> None:
    kind = chaincode_shim_pb2.ChaincodeMessage.GET_QUERY_RESULT
    await ledger.ask(stub, kind, chaincode_shim_pb2.GetQueryResult(query=text))


async def _policy(stub: Stub, key: str, msp_id: str, collection: str = "") -> None:
    """From now on a peer of this organization must endorse writes of the key."""
    role = msp_principal_pb2.MSPRole(msp_identifier=msp_id, role=msp_principal_pb2.MSPRole.PEER)
    policy = policies_pb2.SignaturePolicyEnvelope(rule=policies_pb2.SignaturePolicy(signed_by=0))
    policy.identities.add(principal=role.SerializeToString())
    request = chaincode_shim_pb2.PutStateMetadata(key=key, collection=collection)
    request.metadata.metakey, request.metadata.value = (
        "VALIDATION_PARAMETER",
        policy.SerializeToString(),
    )
    kind = chaincode_shim_pb2.ChaincodeMessage.PUT_STATE_METADATA
    await ledger.ask(stub, kind, request)


async def _call(stub: Stub, chaincode: str, channel: str, *arguments: str) -> list[Any]:
    spec = chaincode_pb2.ChaincodeSpec(
        chaincode_id=chaincode_pb2.ChaincodeID(name=f"{chaincode}/{channel}" if channel else chaincode),
        input=chaincode_pb2.ChaincodeInput(args=[text.encode() for text in arguments]),
    )
    message = chaincode_shim_pb2.ChaincodeMessage
    found = message.FromString(await ledger.ask(stub, message.INVOKE_CHAINCODE, spec))
    answer = proposal_response_pb2.Response.FromString(found.payload)
    return [answer.status, answer.payload.decode() or answer.message]


async def _transient(stub: Stub, name: str) -> str | None:
    value = ledger.transient(stub).get(name)
    return None if value is None else value.decode()


async def _emit(stub: Stub, name: str, payload: str) -> None:
    emit(stub, name, payload.encode())


async def _sleep(_: Stub, seconds: float) -> None:
    await asyncio.sleep(seconds)


_OPERATIONS: Mapping[str, Callable[..., Awaitable[Any]]] = {
    "get": _get,
    "put": _put,
    "delete": ledger.delete,
    "purge": ledger.purge,
    "hash": _hash,
    "between": _between,
    "composite": _composite,
    "partial": _partial,
    "history": _history,
    "query": _query,
    "policy": _policy,
    "call": _call,
    "transient": _transient,
    "emit": _emit,
    "big": _big,
    "sleep": _sleep,
}


async def _run(stub: Stub, text: str) -> bytes:
    results = [await _OPERATIONS[name](stub, *rest) for name, *rest in json.loads(text)]
    return json.dumps(results).encode()


class Probe(assets.AssetLedger):
    """Runs operations, in Init as well."""

    async def init(self, stub: Stub) -> Any:
        """As `run`."""
        return await self.invoke(stub)

    async def invoke(self, stub: Stub) -> Any:
        """See the module."""
        name, arguments = stub.get_function_and_parameters()
        if name != "run":
            return await super().invoke(stub)
        try:
            return response.success(await _run(stub, *arguments))
        except Exception as problem:  # whatever it is, the peer needs an answer
            return response.error(str(problem))


if __name__ == "__main__":
    assets.serve(Probe())
