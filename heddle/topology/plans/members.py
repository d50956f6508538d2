"""Hold the plans of organizations and channels: who is in, with which nodes and terms."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from heddle.settings import BatchSettings, RaftOptions
from heddle.spec.members import External
from heddle.topology.plans.nodes import NodePlan

ADMIN = "admin"
"""The organization's administrator: signs channel and lifecycle work."""
USER = "user"
"""A member's first client identity: invokes chaincodes."""


@dataclass(frozen=True, kw_only=True)
class OrganizationPlan:
    """An organization and its nodes: peers, or orderers if it is the ordering organization."""

    name: str
    msp_id: str
    nodes: tuple[NodePlan, ...]
    external: External | None = None
    """Set for an organization that is run elsewhere; it has no nodes here."""
    leaving: bool = False
    """True: it is on no channel, and may be taken out of the stack file."""
    revoked: tuple[str, ...] = ()
    """Certificates that it revokes: serial numbers, hexadecimal, or PEM."""

    @property
    def people(self) -> tuple[str, ...]:
        """Return who gets an identity. Nobody uses applications for an organization that orders.

        An identity more could sign blocks: by Fabric's default, any member of it may.
        """
        orders = any(node.kind == "orderer" for node in self.nodes)
        return (ADMIN,) if orders else (ADMIN, USER)


@dataclass(frozen=True, kw_only=True)
class MemberPlan:
    """An organization on a channel."""

    organization: str
    external: External | None
    """The definition of an organization that is run elsewhere."""
    peers: tuple[NodePlan, ...]
    """Peers that join; none of an external organization's are known here."""
    anchor_peers: tuple[str, ...]
    """`host:port` of the peers that other organizations' peers find it by."""


@dataclass(frozen=True, kw_only=True)
class ChannelPlan:
    """A channel: its members and how its blocks are cut."""

    name: str
    members: tuple[MemberPlan, ...]
    batch: BatchSettings
    raft: RaftOptions
    capabilities: Mapping[str, str] = field(hash=False)
    """The capabilities that the stack file states, by the part of the channel; others have defaults."""

    @property
    def releases(self) -> dict[str, str]:
        """Return the releases of members that are run elsewhere, as they say, by their MSP ids."""
        others = (member.external for member in self.members)
        return {each.msp_id: each.release for each in others if each is not None and each.release}

    @property
    def managed(self) -> tuple[MemberPlan, ...]:
        """Return the members whose peers run in this instance."""
        return tuple(member for member in self.members if member.peers)
