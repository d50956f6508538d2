from asyncio import Future

from fabric_protos.peer.chaincode_shim_pb2 import ChaincodeMessage

class QueueMessage:
    def __init__(self, msg: ChaincodeMessage, method: str, future: Future[ChaincodeMessage]) -> None: ...

class MsgQueueHandler:
    async def queue_msg(self, msg: QueueMessage) -> None: ...
