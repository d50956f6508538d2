"""Look up transactions that were sent before: on a peer's stream of blocks, and by its `qscc`."""

from fabric_protos.peer import transaction_pb2

from heddle.fabric import endorser
from heddle.fabric.answers import message_of, validation_code
from heddle.fabric.connection import Connections
from heddle.fabric.deliver import Position
from heddle.fabric.events import Commit, CommitWatch
from heddle.fabric.node import Node
from heddle.identity.signer import Signer

__all__ = ["transaction_code", "wait_for_commit"]


async def wait_for_commit(
    connections: Connections,
    node: Node,
    channel: str,
    transaction_id: str,
    signer: Signer,
    *,
    start: Position = "oldest",
    deadline: float,
) -> Commit:
    """Return the commit of a transaction, looked for from block `start` on."""
    watch = CommitWatch(connections, node, channel, signer, deadline=deadline)
    try:
        await watch.start(start)
        return await watch.transaction(transaction_id)
    finally:
        await watch.close()


async def transaction_code(
    connections: Connections,
    node: Node,
    channel: str,
    transaction_id: str,
    signer: Signer,
    *,
    deadline: float,
) -> str:
    """Return the code of a transaction ("VALID"). Raises Refused if the ledger has none of this id."""
    args = ["GetTransactionByID", channel, transaction_id]
    content = await endorser.evaluate(connections, node, signer, channel, "qscc", args, deadline=deadline)
    found = message_of(transaction_pb2.ProcessedTransaction(), content, node, f"transaction {transaction_id}")
    return validation_code(found.validationCode)
