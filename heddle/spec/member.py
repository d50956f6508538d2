"""Describe a member of a channel: a name, or a mapping where not every peer joins."""

from typing import Annotated

from heddle.spec.entries import name_or_mapping
from heddle.spec.indices import Indices, nodes_rule
from heddle.spec.kinds import between
from heddle.spec.model import Section
from heddle.spec.names import ORGANIZATION, OrganizationName


class Membership(Section):
    """An organization on a channel."""

    name: OrganizationName
    """Name of the organization."""
    peers: Annotated[Indices, *nodes_rule("1 to 99", least=1)] | None = None
    """Which of its peers join, as a number or as indices: 2 is [0, 1]. Default: all."""
    anchor_peers: Annotated[int, *between(0, 99)] = 1
    """How many of them are announced to the other organizations: those with the lowest indices."""


Member = Annotated[
    Membership,
    *name_or_mapping(
        Membership,
        ORGANIZATION,
        "the name of an organization, or a mapping with name, peers and anchorPeers",
    ),
]
"""A member as a file says it; always a Membership once read."""
