"""Describe the ordering service and how it cuts blocks."""

from typing import Annotated, Literal

from pydantic import AfterValidator, ValidationInfo

from heddle.settings import BatchSettings, BftOptions, RaftOptions
from heddle.spec.fields import with_settings
from heddle.spec.indices import MOST_NODES, Indices, indices_in, nodes_rule
from heddle.spec.model import Section, refused
from heddle.spec.names import MspId, OrganizationName
from heddle.spec.ports import PortBlock
from heddle.spec.revoked import Revoked

DEFAULT_NODES = {"raft": 3, "bft": 4}
"""Number of ordering nodes by type."""


def check_nodes(nodes: Indices, info: ValidationInfo) -> Indices:
    """Return the nodes. Raises PydanticCustomError for a number that the type of ordering cannot have."""
    count = len(nodes) if isinstance(nodes, tuple) else nodes
    if info.data.get("type") == "bft":
        if not 4 <= count <= MOST_NODES:
            words = "BFT needs at least 4 nodes (at most 99 here); of n nodes (n − 1) / 3 may fail or lie"
            raise refused(words, "4, 7 and 10 are usual.")
    elif count == 2:
        words = "Raft needs 1, 3 or more nodes here; with 2, losing either stops the channel"
        listed = "Name one more; a new index takes the place of a node that is lost, as 3 in [0, 1, 3]."
        raise refused(words, listed if isinstance(nodes, tuple) else "Use 3, or 1 for a throw-away network.")
    elif not 1 <= count <= MOST_NODES:
        raise refused("1 to 99 nodes", "3 and 5 are usual.")
    return nodes


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
    """Ports of its nodes, the first one for index 0. Needed with `domain`, and only then."""
    revoked: tuple[Revoked, ...] = ()
    """Certificates that channels and nodes refuse, as those of `organizations`."""


@with_settings(RaftOptions)
class Ordering(Section):
    """The ordering service: a set of consenters that serves every channel of the instance."""

    type: Literal["raft", "bft"] = "raft"
    """Consensus: raft survives crashes, bft also nodes that lie. A channel keeps what it was made with."""
    nodes: (
        Annotated[
            Indices,
            *nodes_rule("1, 3 or more; with bft 4 or more; at most 99", **{"not": {"const": 2}}),
            AfterValidator(check_nodes),
        ]
        | None
    ) = None
    """Number of ordering nodes: with raft 1, 3 or more, of which (n − 1) / 2 may fail; with bft 4 or more, of
    which (n − 1) / 3 may. Or their indices: 3 is [0, 1, 2]; in [0, 1, 3] the new node 3 has taken the
    place of 2, which is gone for good. Default: 3 with raft, 4 with bft."""
    organization: OrdererOrganization = OrdererOrganization()
    """The organization that runs the nodes."""
    batch: Batch = Batch()
    """Block cutting of channels, where they do not say otherwise."""
    bft: Bft | None = None
    """Clocks and buffers of BFT. With bft only; default: upstream's."""

    @property
    def indices(self) -> tuple[int, ...]:
        """Return the index of every ordering node, the default filled in."""
        return indices_in(DEFAULT_NODES[self.type] if self.nodes is None else self.nodes)
