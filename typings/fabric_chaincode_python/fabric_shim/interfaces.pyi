from abc import ABC, abstractmethod

from fabric_chaincode_python.fabric_shim.stub import ChaincodeStub
from fabric_protos.peer.proposal_response_pb2 import Response

class Chaincode(ABC):
    @abstractmethod
    async def init(self, stub: ChaincodeStub) -> Response: ...
    @abstractmethod
    async def invoke(self, stub: ChaincodeStub) -> Response: ...
