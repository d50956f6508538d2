"""Describe organizations, and the channels they share."""

from typing import Annotated

from pydantic import Field

from heddle.settings import RaftOptions
from heddle.spec.capabilities import ChannelCapabilities, ReleaseName
from heddle.spec.fields import with_settings
from heddle.spec.indices import Indices, nodes_rule
from heddle.spec.member import Member
from heddle.spec.model import Section
from heddle.spec.names import ChannelName, MspId, OrganizationName
from heddle.spec.ordering import Batch
from heddle.spec.ports import PortBlock
from heddle.spec.revoked import Revoked


class External(Section):
    """The definition of an organization that is run elsewhere: what channels say of it.

    Nothing of it is made here. Certificates are PEM text, or paths of PEM files; relative
    ones start at the project's folder.
    """

    msp_id: MspId
    """The organization's MSP id, as its own administrators gave it."""
    root_certificates: Annotated[tuple[str, ...], Field(min_length=1)]
    """Roots of its members' identities."""
    intermediate_certificates: tuple[str, ...] = ()
    """Intermediate authorities of its members' identities."""
    tls_root_certificates: Annotated[tuple[str, ...], Field(min_length=1)]
    """Roots of its TLS certificates."""
    tls_intermediate_certificates: tuple[str, ...] = ()
    """Intermediate authorities of its TLS certificates."""
    anchor_peers: tuple[str, ...] = ()
    """Peers that the others find it by, each as host:port."""
    release: ReleaseName | None = None
    """The oldest release of Fabric that any of its nodes runs, as its administrators say: nobody here can ask
    them. Capabilities of its channels are raised no further. Default: not known, so none is raised."""


class Organization(Section):
    """A member: managed here, so that its authorities and keys are in this stack, or external."""

    name: OrganizationName
    """Name of the organization; part of every peer's name."""
    msp_id: MspId | None = None
    """MSP id: immutable, unique in a consortium. Default: made of organization and instance."""
    peers: Annotated[Indices, *nodes_rule("1 to 99", least=1)] = 2
    """Number of peers; two keep endorsing while one restarts. Or their indices: 2 is [0, 1]; in [0, 2] the
    new peer 2 has taken the place of 1, which is gone for good."""
    ports: PortBlock | None = None
    """Ports of its peers, the first one for index 0. Needed with `domain`, and only then."""
    leaving: bool = False
    """True: it is taken off all channels, and its authorities are no longer protected. In a later `up` it may
    leave the file."""
    revoked: tuple[Revoked, ...] = ()
    """Certificates that channels and nodes refuse, beside those of keys that `certificates.rekey` gave up:
    serial numbers (hexadecimal, in quotes), PEM text or paths of PEM files. It is never taken back."""
    external: External | None = None
    """Set for an organization that is run elsewhere; it has no peers here."""


@with_settings(RaftOptions, instead="`ordering.{key}`")
class Channel(Section):
    """A ledger and who shares it."""

    name: ChannelName
    """Name of the channel."""
    organizations: Annotated[tuple[Member, ...], Field(min_length=1)]
    """Members: their names under `organizations`, or mappings where not every peer joins."""
    batch: Batch | None = None
    """Block cutting of this channel, limit by limit. Default: that of `ordering.batch`."""
    capabilities: ChannelCapabilities | None = None
    """Capabilities of this channel, part by part. Default: those of `capabilities`."""
