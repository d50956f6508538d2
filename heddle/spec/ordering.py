"""Describe the ordering service and how it cuts blocks."""

from typing import Annotated, Literal

from pydantic import AfterValidator, ValidationInfo, WithJsonSchema

from heddle.settings import BatchSettings, BftOptions, RaftOptions
from heddle.spec.fields import with_settings
from heddle.spec.kinds import Whole
from heddle.spec.model import Section, refused
from heddle.spec.names import MspId, OrganizationName
from heddle.spec.ports import PortBlock

DEFAULT_NODES = {"raft": 3, "bft": 4}
"""Number of ordering nodes by type."""


def check_nodes(count: int | None, info: ValidationInfo) -> int | None:
    """Return the count. Raises PydanticCustomError for one that the type of ordering cannot have."""
    if count is None:
        return count
    if info.data.get("type") == "bft":
        return _bft_nodes(count)
    if count == 2:
        words = "Raft needs 1, 3 or more nodes here; with 2, losing either stops the channel"
        raise refused(words, "Use 3, or 1 for a throw-away network.")
    if not 1 <= count <= 99:
        raise refused("1 to 99 nodes", "3 and 5 are usual.")
    return count


def _bft_nodes(count: int) -> int:
    if not 4 <= count <= 99:
        words = "BFT needs at least 4 nodes (at most 99 here); of n nodes (n − 1) / 3 may fail or lie"
        raise refused(words, "4, 7 and 10 are usual.")
    return count


@with_settings(BatchSettings)
class Batch(Section):
    """When a block is cut: as soon as one of the limits is reached."""


@with_settings(BftOptions)
class Bft(Section):
    """Clocks and buffers of BFT; the defaults are upstream's sample (configtx.yaml, SmartBFT)."""


class OrdererOrganization(Section):
    """The organization that runs the ordering nodes."""

    name: OrganizationName = "orderer"
    """Name of the organization; part of every node's name."""
    msp_id: MspId | None = None
    """MSP id: immutable, unique in a consortium. Default: made of organization and instance."""
    ports: PortBlock | None = None
    """Ports of its nodes, one each in their order. Needed with `domain`, and only then."""


@with_settings(RaftOptions)
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
    """The organization that runs the nodes."""
    batch: Batch = Batch()
    """Block cutting of channels, where they do not say otherwise."""
    bft: Bft | None = None
    """Clocks and buffers of BFT. With bft only; default: upstream's."""

    @property
    def node_count(self) -> int:
        """Return the number of ordering nodes, the default filled in."""
        return self.nodes or DEFAULT_NODES[self.type]
