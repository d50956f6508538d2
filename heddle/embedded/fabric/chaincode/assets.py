"""Keep a small ledger of assets: a chaincode on fabric-chaincode-python, run as a service.

An asset is `{"id", "owner", "value"}` under its id. Functions, all arguments text:

| function | arguments | answer |
|---|---|---|
| put | id, owner, value | the asset; creates it or changes it |
| get | id | the asset |
| list | (first id, first id no longer wanted) | a list of assets, ordered by id |
| query | rich query | a list of the assets that it finds; only on peers with CouchDB |
| transfer | id, new owner | the asset; refused if there is none |
| delete | id | nothing; refused if there is none |
| history | id | every change: transaction, time, asset or null, newest first |
| putPrice | id | nothing; takes `price` of the transient data, into the collection `prices` |
| getPrice | id | the price, on peers of the collection's members |
| checkPrice | id | whether `price` of the transient data is the asset's, on any peer |
| deletePrice | id | nothing |
| purgePrice | id | nothing; older prices are deleted as well, on all peers |

Each change emits an event: the function's name, with the asset, or its id alone where the rest is private
or gone.

Environment, as Fabric's other chaincode services: CHAINCODE_ID (the package id), CHAINCODE_SERVER_ADDRESS
(`host:port` to listen on), CHAINCODE_TLS_DISABLED (`true` for plain TCP), CHAINCODE_TLS_KEY and
CHAINCODE_TLS_CERT (PEM files), CHAINCODE_CLIENT_CA_CERT (PEM file; peers must then show a certificate).
"""

import hashlib
import json
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping

from fabric_chaincode_python.fabric_shim import response, server
from fabric_chaincode_python.fabric_shim.interfaces import Chaincode
from fabric_chaincode_python.fabric_shim.logging import LOGGER
from fabric_chaincode_python.fabric_shim.stub import ChaincodeStub
from fabric_protos.peer.proposal_response_pb2 import Response

from heddle.embedded.fabric.chaincode import ledger
from heddle.embedded.fabric.chaincode.writes import emit, serialize_writes

__all__ = ["AssetLedger", "main", "serve"]

PRICES = "prices"
"""The collection of private data that holds what assets cost."""


class Refusal(Exception):  # noqa: N818 - an answer, not a mistake
    """Refuse a call; the text becomes the chaincode's error message."""


class AssetLedger(Chaincode):
    """Dispatches to the functions of this module's table."""

    async def init(self, stub: ChaincodeStub) -> Response:
        """Accept the Init call, which prepares nothing."""
        return response.success(b"")

    async def invoke(self, stub: ChaincodeStub) -> Response:
        """Run the function that the transaction names; whatever happens, the peer gets an answer."""
        try:
            name, arguments = stub.get_function_and_parameters()
            return response.success(await _call(stub, name, arguments))
        except Exception as problem:
            # Without an answer the peer would hold its ledger for 30 s.
            return response.error(str(problem))


def _encoded(value: object) -> bytes:
    """Return the same bytes on every endorsing peer: sorted keys, no white space."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


async def _existing(stub: ChaincodeStub, asset_id: str) -> dict[str, str]:
    stored = await ledger.get(stub, asset_id)
    if not stored:
        raise Refusal(f"the asset {asset_id} does not exist")
    asset: dict[str, str] = json.loads(stored)
    return asset


async def _stored(stub: ChaincodeStub, change: str, asset: dict[str, str]) -> bytes:
    if not asset["id"]:
        raise Refusal("an asset needs an id that is not empty")
    value = _encoded(asset)
    await ledger.put(stub, asset["id"], value)
    emit(stub, change, value)
    return value


async def _put(stub: ChaincodeStub, asset_id: str, owner: str, value: str) -> bytes:
    return await _stored(stub, "put", {"id": asset_id, "owner": owner, "value": value})


async def _get(stub: ChaincodeStub, asset_id: str) -> bytes:
    return _encoded(await _existing(stub, asset_id))


async def _list(stub: ChaincodeStub, start: str = "", end: str = "") -> bytes:
    return _encoded([json.loads(entry.value) async for entry in ledger.between(stub, start, end)])


async def _query(stub: ChaincodeStub, text: str) -> bytes:
    return _encoded([json.loads(entry.value) async for entry in ledger.query(stub, text)])


async def _transfer(stub: ChaincodeStub, asset_id: str, owner: str) -> bytes:
    return await _stored(stub, "transfer", {**await _existing(stub, asset_id), "owner": owner})


async def _delete(stub: ChaincodeStub, asset_id: str) -> bytes:
    await _existing(stub, asset_id)
    await ledger.delete(stub, asset_id)
    emit(stub, "delete", _encoded({"id": asset_id}))
    return b""


async def _history(stub: ChaincodeStub, asset_id: str) -> bytes:
    changes = [
        {
            "transaction": change.tx_id,
            "time": change.timestamp.ToJsonString(),
            "asset": None if change.is_delete else json.loads(change.value),
        }
        async for change in ledger.history(stub, asset_id)
    ]
    return _encoded(changes)


def _given_price(stub: ChaincodeStub) -> bytes:
    price = ledger.transient(stub).get("price")
    if not price:
        raise Refusal("the transient data hold no price")
    return price


async def _put_price(stub: ChaincodeStub, asset_id: str) -> bytes:
    await ledger.put(stub, asset_id, _given_price(stub), PRICES)
    emit(stub, "putPrice", _encoded({"id": asset_id}))
    return b""


async def _get_price(stub: ChaincodeStub, asset_id: str) -> bytes:
    price = await ledger.get(stub, asset_id, PRICES)
    if not price:
        raise Refusal(f"the asset {asset_id} has no price")
    return price


async def _check_price(stub: ChaincodeStub, asset_id: str) -> bytes:
    known = await ledger.hash_of(stub, asset_id, PRICES)
    return _encoded(known == hashlib.sha256(_given_price(stub)).digest())


async def _delete_price(stub: ChaincodeStub, asset_id: str) -> bytes:
    await ledger.delete(stub, asset_id, PRICES)
    emit(stub, "deletePrice", _encoded({"id": asset_id}))
    return b""


async def _purge_price(stub: ChaincodeStub, asset_id: str) -> bytes:
    await ledger.purge(stub, asset_id, PRICES)
    emit(stub, "purgePrice", _encoded({"id": asset_id}))
    return b""


_Function = Callable[..., Awaitable[bytes]]
_FUNCTIONS: Mapping[str, tuple[_Function, tuple[int, ...]]] = {
    "put": (_put, (3,)),
    "get": (_get, (1,)),
    "list": (_list, (0, 2)),
    "query": (_query, (1,)),
    "transfer": (_transfer, (2,)),
    "delete": (_delete, (1,)),
    "history": (_history, (1,)),
    "putPrice": (_put_price, (1,)),
    "getPrice": (_get_price, (1,)),
    "checkPrice": (_check_price, (1,)),
    "deletePrice": (_delete_price, (1,)),
    "purgePrice": (_purge_price, (1,)),
}


async def _call(stub: ChaincodeStub, name: str, arguments: list[str]) -> bytes:
    if name not in _FUNCTIONS:
        raise Refusal(f"no function {name}: there are {', '.join(_FUNCTIONS)}")
    function, counts = _FUNCTIONS[name]
    if len(arguments) not in counts:
        wanted = " or ".join(map(str, counts))
        raise Refusal(f"{name} takes {wanted} arguments, got {len(arguments)}")
    return await function(stub, *arguments)


def serve(chaincode: Chaincode, environment: Mapping[str, str] = os.environ) -> None:
    """Serve a chaincode until SIGTERM, as the environment says."""
    # As process 1 of a container nothing ends us by default; the shim has no handler of its own.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    # The shim logs every message with its payload on this logger.
    LOGGER.setLevel(logging.ERROR)
    logging.getLogger().setLevel(logging.INFO)
    tls = {}
    if environment.get("CHAINCODE_TLS_DISABLED", "false").lower() != "true":
        missing = [name for name in ("CHAINCODE_TLS_KEY", "CHAINCODE_TLS_CERT") if not environment.get(name)]
        if missing:
            sys.exit(f"TLS is on, but {' and '.join(missing)} not set (or set CHAINCODE_TLS_DISABLED=true)")
        tls = {"key": environment["CHAINCODE_TLS_KEY"], "cert": environment["CHAINCODE_TLS_CERT"]}
        if environment.get("CHAINCODE_CLIENT_CA_CERT"):
            tls["client_ca_certs"] = environment["CHAINCODE_CLIENT_CA_CERT"]
    serialize_writes()
    server.start(chaincode, **tls)


def main() -> None:
    """Serve the asset ledger until the process is stopped."""
    serve(AssetLedger())


if __name__ == "__main__":
    main()
