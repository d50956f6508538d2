"""A small asset ledger on fabric-chaincode-python, run as a service.

An asset is `{"id", "owner", "value"}` under its id. Functions, all arguments text:

| function | arguments | answer |
|---|---|---|
| put | id, owner, value | the asset; creates it or changes it |
| get | id | the asset |
| list | (first id, first id no longer wanted) | a list of assets, ordered by id |
| transfer | id, new owner | the asset; refused if there is none |
| delete | id | nothing; refused if there is none |

Environment, as Fabric's other chaincode services: CHAINCODE_ID (the package id), CHAINCODE_SERVER_ADDRESS
(`host:port` to listen on), CHAINCODE_TLS_DISABLED (`true` for plain TCP), CHAINCODE_TLS_KEY and
CHAINCODE_TLS_CERT (PEM files), CHAINCODE_CLIENT_CA_CERT (PEM file; peers must then show a certificate).
"""

import json
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from fabric_chaincode_python.fabric_shim import response, server
from fabric_chaincode_python.fabric_shim.interfaces import Chaincode
from fabric_chaincode_python.fabric_shim.logging import LOGGER

from heddle.standin.chaincode.writes import serialize_writes

__all__ = ["AssetLedger", "main"]

Stub: TypeAlias = Any
Response: TypeAlias = Any
"""The shim ships no types."""


class Refusal(Exception):  # noqa: N818 - an answer, not a mistake
    """What the caller did wrong; becomes the chaincode's error message."""


class AssetLedger(Chaincode):  # type: ignore[misc]
    """Dispatches to the functions of this module's table."""

    async def init(self, stub: Stub) -> Response:
        """Nothing to prepare."""
        return response.success(b"")

    async def invoke(self, stub: Stub) -> Response:
        """Run the function that the transaction names; a refusal is an answer, not a crash."""
        try:
            name, arguments = stub.get_function_and_parameters()
            return response.success(await _call(stub, name, arguments))
        except Refusal as refusal:
            return response.error(str(refusal))


def _encoded(value: object) -> bytes:
    """The same bytes on every endorsing peer: sorted keys, no white space."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


async def _existing(stub: Stub, asset_id: str) -> dict[str, str]:
    stored = await stub.get_state(asset_id)
    if not stored:
        raise Refusal(f"the asset {asset_id} does not exist")
    asset: dict[str, str] = json.loads(stored)
    return asset


async def _stored(stub: Stub, asset: dict[str, str]) -> bytes:
    if not asset["id"]:
        raise Refusal("an asset needs an id that is not empty")
    value = _encoded(asset)
    await stub.put_state(asset["id"], value)
    return value


async def _put(stub: Stub, asset_id: str, owner: str, value: str) -> bytes:
    return await _stored(stub, {"id": asset_id, "owner": owner, "value": value})


async def _get(stub: Stub, asset_id: str) -> bytes:
    return _encoded(await _existing(stub, asset_id))


async def _list(stub: Stub, start: str = "", end: str = "") -> bytes:
    return _encoded([json.loads(entry.value) async for entry in await stub.get_state_by_range(start, end)])


async def _transfer(stub: Stub, asset_id: str, owner: str) -> bytes:
    return await _stored(stub, {**await _existing(stub, asset_id), "owner": owner})


async def _delete(stub: Stub, asset_id: str) -> bytes:
    await _existing(stub, asset_id)
    await stub.delete_state(asset_id)
    return b""


_Function = Callable[..., Awaitable[bytes]]
_FUNCTIONS: Mapping[str, tuple[_Function, tuple[int, ...]]] = {
    "put": (_put, (3,)),
    "get": (_get, (1,)),
    "list": (_list, (0, 2)),
    "transfer": (_transfer, (2,)),
    "delete": (_delete, (1,)),
}


async def _call(stub: Stub, name: str, arguments: list[str]) -> bytes:
    if name not in _FUNCTIONS:
        raise Refusal(f"no function {name}: there are {', '.join(_FUNCTIONS)}")
    function, counts = _FUNCTIONS[name]
    if len(arguments) not in counts:
        wanted = " or ".join(map(str, counts))
        raise Refusal(f"{name} takes {wanted} arguments, got {len(arguments)}")
    return await function(stub, *arguments)


def main(environment: Mapping[str, str] = os.environ) -> None:
    """Serve until SIGTERM."""
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
    server.start(AssetLedger(), **tls)


if __name__ == "__main__":
    main()
