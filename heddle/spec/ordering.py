"""The ordering service and how it cuts blocks."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from heddle.spec.model import Section
from heddle.spec.names import MspId, OrganizationName
from heddle.spec.quantities import BatchTimeout, Bytes

MEBIBYTE = 1024 * 1024


def _raft_nodes(count: int) -> int:
    """The count. Raises PydanticCustomError for two: they survive no loss, but can suffer two."""
    if count == 2:
        raise PydanticCustomError(
            "raft_nodes",
            "{allowed}",
            {
                "allowed": "Raft needs 1, 3 or more nodes here; with 2, losing either stops the channel",
                "step": "Use 3, or 1 for a throw-away network.",
            },
        )
    if not 1 <= count <= 99:
        raise PydanticCustomError(
            "raft_nodes", "{allowed}", {"allowed": "1 to 99 nodes", "step": "3 and 5 are usual."}
        )
    return count


class Batch(Section):
    """When a block is cut: as soon as one of the limits is reached."""

    timeout: BatchTimeout = "2s"
    """Longest wait of a transaction for its block."""
    messages: Annotated[int, Field(ge=1, le=4_294_967_295)] = 500
    """Transactions in a block, at most."""
    preferred_max_bytes: Bytes = 2 * MEBIBYTE
    """Size at which a block is cut; a single larger transaction gets a block of its own."""
    absolute_max_bytes: Bytes = 10 * MEBIBYTE
    """Size above which a transaction is refused; at most 49 MB (Fabric's advice for its 100 MB messages)."""


class OrdererOrganization(Section):
    """The organization that runs the ordering nodes."""

    name: OrganizationName = "orderer"
    """Name of the organization; part of every node's name."""
    msp_id: MspId | None = None
    """MSP id: immutable, unique in a consortium. Default: made of organization and instance."""


class Ordering(Section):
    """The ordering service: a set of Raft consenters that serves every channel of the instance."""

    type: Literal["raft"] = "raft"
    """Consensus."""
    nodes: Annotated[
        int,
        AfterValidator(_raft_nodes),
        WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 99, "not": {"const": 2}}),
    ] = 3
    """Number of ordering nodes; (n − 1) / 2 of them may fail."""
    organization: OrdererOrganization = OrdererOrganization()
    """Who runs the nodes."""
    batch: Batch = Batch()
    """Block cutting of channels that do not say otherwise."""
    snapshot_interval_size: Annotated[Bytes, Field(le=4_294_967_295)] = 16 * MEBIBYTE
    """Raft log after which a consenter takes a snapshot and compacts it."""
