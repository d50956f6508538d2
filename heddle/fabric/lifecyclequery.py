"""Query `_lifecycle`, the chaincode of chaincodes: its name and a message in, a message out."""

from google.protobuf.message import Message

from heddle.configtx.values import MessageT
from heddle.fabric.answers import message_of
from heddle.fabric.connection import Connections
from heddle.fabric.endorser import Argument, evaluate
from heddle.fabric.node import Node
from heddle.identity.signer import Signer

__all__ = ["LIFECYCLE", "query"]

LIFECYCLE = "_lifecycle"


async def query(
    connections: Connections,
    node: Node,
    signer: Signer,
    channel: str,
    function: str,
    args: Message,
    result: MessageT,
    deadline: float,
) -> MessageT:
    """Call a function with its message; fill `result` with the answer, and return it."""
    call: list[Argument] = [function, args.SerializeToString()]
    answer = await evaluate(connections, node, signer, channel, LIFECYCLE, call, deadline=deadline)
    return message_of(result, answer, node, f"{LIFECYCLE} {function}{f' on {channel}' if channel else ''}")
