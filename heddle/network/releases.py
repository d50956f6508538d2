"""Ask nodes which release of Fabric they run."""

from heddle.errors import FabricError, PlainHttp
from heddle.fabric import operations
from heddle.fabric.connection import Connections
from heddle.fabric.node import ClientTls, Node
from heddle.network.answers import no_answer
from heddle.planner.facts import NoAnswer

__all__ = ["ask_release"]


async def ask_release(
    connections: Connections, node: Node, tls: ClientTls | None, *, deadline: float
) -> str | NoAnswer:
    """Return the release that a node says it runs, such as "v3.1.5".

    A node that does not speak TLS yet is asked in plain HTTP: nothing secret is sent or told.
    """
    try:
        try:
            return await operations.version(connections, node, tls=tls, deadline=deadline)
        except PlainHttp:
            return await operations.version(connections, node, deadline=deadline)
    except FabricError as error:
        return no_answer(error)
