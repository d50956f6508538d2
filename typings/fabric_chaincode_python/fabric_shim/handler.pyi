from fabric_chaincode_python.fabric_shim.msg_queue_handler import MsgQueueHandler
from fabric_chaincode_python.fabric_shim.server import _Stream

class Handler:
    msg_queue_handler: MsgQueueHandler
    context: _Stream
