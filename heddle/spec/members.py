"""Organizations, and the channels they share."""

from typing import Annotated

from pydantic import Field

from heddle.spec.model import Section
from heddle.spec.names import ChannelName, MspId, OrganizationName
from heddle.spec.ordering import Batch


class Organization(Section):
    """A member with peers, managed here: its authorities and keys are in this stack."""

    name: OrganizationName
    """Name of the organization; part of every peer's name."""
    msp_id: MspId | None = None
    """MSP id: immutable, unique in a consortium. Default: made of organization and instance."""
    peers: Annotated[int, Field(ge=1, le=99)] = 2
    """Number of peers; two keep endorsing while one restarts."""


class Channel(Section):
    """A ledger and who shares it. Every peer of a member joins it."""

    name: ChannelName
    """Name of the channel."""
    organizations: Annotated[tuple[OrganizationName, ...], Field(min_length=1)]
    """Members, by the names under `organizations`."""
    batch: Batch | None = None
    """Block cutting of this channel. Default: `ordering.batch`."""
