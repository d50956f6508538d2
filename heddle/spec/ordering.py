"""The ordering service and how it cuts blocks."""

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from heddle.spec.kinds import Bytes, Duration, Whole, between
from heddle.spec.model import Section
from heddle.spec.names import MspId, OrganizationName
from heddle.spec.ports import PortBlock

MEBIBYTE = 1024 * 1024

SnapshotIntervalSize = Annotated[Bytes, Field(le=4_294_967_295)]
"""Bytes; the field is 32 bits wide (etcdraft.Options)."""
DEFAULT_NODES = {"raft": 3, "bft": 4}
"""Number of ordering nodes by type."""
_Count = Annotated[int, *between(1, 4_294_967_295)]


def check_nodes(count: int | None, info: ValidationInfo) -> int | None:
    """The count. Raises PydanticCustomError for one that the type of ordering cannot have."""
    if count is None:
        return count
    if info.data.get("type") == "bft":
        return _bft_nodes(count)
    if count == 2:
        words = "Raft needs 1, 3 or more nodes here; with 2, losing either stops the channel"
        raise _refused(words, "Use 3, or 1 for a throw-away network.")
    if not 1 <= count <= 99:
        raise _refused("1 to 99 nodes", "3 and 5 are usual.")
    return count


def _bft_nodes(count: int) -> int:
    if not 4 <= count <= 99:
        words = "BFT needs at least 4 nodes (at most 99 here); of n nodes (n − 1) / 3 may fail or lie"
        raise _refused(words, "4, 7 and 10 are usual.")
    return count


def _refused(words: str, step: str) -> PydanticCustomError:
    return PydanticCustomError("nodes", "{allowed}", {"allowed": words, "step": step})


class Batch(Section):
    """When a block is cut: as soon as one of the limits is reached."""

    timeout: Duration = "2s"
    """Longest wait of a transaction for its block, 1 ms to 1 h. Raft only: with BFT it is
    `bft.requestBatchMaxInterval`."""
    messages: _Count = 500
    """Transactions in a block, at most."""
    preferred_max_bytes: Bytes = 2 * MEBIBYTE
    """Size at which a block is cut; a single larger transaction gets a block of its own. Less than
    `absoluteMaxBytes`; of use with Raft only."""
    absolute_max_bytes: Bytes = 10 * MEBIBYTE
    """Size above which a transaction is refused: 128 KB, so that changes of the channel fit, to 49 MB,
    Fabric's advice for its 100 MB messages."""


class Bft(Section):
    """Clocks and buffers of BFT; the defaults are upstream's sample (configtx.yaml, SmartBFT)."""

    # So that a default and the same value in a file have one spelling.
    model_config = ConfigDict(validate_default=True)

    request_batch_max_interval: Duration = "200ms"
    """Longest wait of a transaction for its block."""
    request_forward_timeout: Duration = "5s"
    """Wait for a request to be ordered before it is sent on to the leader."""
    request_complain_timeout: Duration = "20s"
    """Wait for a request to be ordered before the leader is complained of."""
    request_auto_remove_timeout: Duration = "3m"
    """Age at which a request is forgotten."""
    view_change_resend_interval: Duration = "5s"
    """Time between two messages that ask for another leader."""
    view_change_timeout: Duration = "20s"
    """Wait for a change of leader before the next is tried."""
    leader_heartbeat_timeout: Duration = "1m"
    """Silence after which the leader is complained of."""
    collect_timeout: Duration = "1s"
    """Wait for the others' states after a start."""
    incoming_message_buffer_size: _Count = 200
    """Messages that may wait to be read."""
    request_pool_size: _Count = 100_000
    """Requests that may wait to be ordered."""
    leader_heartbeat_count: _Count = 10
    """Heartbeats sent in a `leaderHeartbeatTimeout`."""


class OrdererOrganization(Section):
    """The organization that runs the ordering nodes."""

    name: OrganizationName = "orderer"
    """Name of the organization; part of every node's name."""
    msp_id: MspId | None = None
    """MSP id: immutable, unique in a consortium. Default: made of organization and instance."""
    ports: PortBlock | None = None
    """Ports of its nodes, one each in their order. Needed with `domain`, and only then."""


class Ordering(Section):
    """The ordering service: a set of consenters that serves every channel of the instance."""

    type: Literal["raft", "bft"] = "raft"
    """Consensus: raft survives crashes, bft also nodes that lie. A channel keeps what it was made with."""
    nodes: Annotated[
        Whole | None,
        AfterValidator(check_nodes),
        WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 99, "not": {"const": 2}}),
    ] = None
    """Number of ordering nodes: with raft 1, 3 or more, of which (n − 1) / 2 may fail; with bft 4 or more, of
    which (n − 1) / 3 may. Default: 3 with raft, 4 with bft."""
    organization: OrdererOrganization = OrdererOrganization()
    """Who runs the nodes."""
    batch: Batch = Batch()
    """Block cutting of channels, where they do not say otherwise."""
    snapshot_interval_size: SnapshotIntervalSize = 16 * MEBIBYTE
    """Raft log after which a consenter takes a snapshot and compacts it, for channels that do not say
    otherwise. Raft only."""
    bft: Bft | None = None
    """Clocks and buffers of BFT. With bft only; default: upstream's."""

    @property
    def node_count(self) -> int:
        """Number of ordering nodes, the default filled in."""
        return self.nodes or DEFAULT_NODES[self.type]
