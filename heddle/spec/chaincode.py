"""Chaincodes that run as a service beside the peers."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from heddle.spec.model import Section
from heddle.spec.names import ChaincodeName, ChaincodeVersion, ChannelName


class Endorsement(StrEnum):
    """Whose peers must endorse a transaction."""

    ANY = "any"
    """A peer of any member."""
    ALL = "all"
    """A peer of every member."""
    MAJORITY = "majority"
    """The channel's own rule: peers of more than half of the members."""


class Chaincode(Section):
    """A chaincode on one channel: every member of the channel runs it."""

    name: ChaincodeName
    """Name of the chaincode."""
    version: ChaincodeVersion
    """Version, as text in quotes; part of the package's label."""
    sequence: Annotated[int, Field(ge=1)] = 1
    """Sequence of the definition: raise it by one with every change of version or endorsement."""
    channel: ChannelName
    """Name of its channel, as under `channels`."""
    image: Annotated[str, Field(min_length=1)]
    """Image of the chaincode server, best by digest."""
    endorsement: Endorsement = Endorsement.MAJORITY
    """Whose peers must endorse."""
