from collections.abc import AsyncIterator
from typing import Protocol

from fabric_chaincode_python.fabric_shim.interfaces import Chaincode
from fabric_protos.peer.chaincode_shim_pb2 import ChaincodeMessage

class _Stream(Protocol):
    async def write(self, message: ChaincodeMessage) -> None: ...

class ChaincodeService:
    def __init__(self, chaincode_id: str, chaincode: Chaincode) -> None: ...
    async def Connect(self, request_iterator: AsyncIterator[ChaincodeMessage], context: _Stream) -> None: ...

def start(
    cc: Chaincode,
    cc_id: str | None = None,
    address: str | None = None,
    key: str | None = None,
    cert: str | None = None,
    client_ca_certs: str | None = None,
) -> None: ...
