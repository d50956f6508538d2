"""Describe the terms of private-data collections: how many peers get them, how long, who may use them."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from heddle.settings.kinds import Boolean, Integer
from heddle.settings.model import setting

__all__ = ["CollectionTerms"]

_PEERS: Final = Integer(minimum=0, maximum=2**31 - 1)
_term = partial(setting, message="StaticCollectionConfig", source="docs/source/private-data-arch.rst")


@dataclass(frozen=True, kw_only=True)
class CollectionTerms:
    """The terms of a collection besides its name and its policies."""

    required_peer_count: int = _term(
        _PEERS,
        default=0,
        about="Other peers that must have the data before the endorser signs; with 0 it may be lost with one "
        "peer.",
    )
    max_peer_count: int = _term(
        _PEERS,
        default=1,
        field="maximum_peer_count",
        about="Other peers that the endorser sends the data to, at most.",
    )
    block_to_live: int = _term(
        Integer(minimum=0),
        default=0,
        about="Blocks after which the data is purged; 0 = never. Once committed it stays.",
    )
    member_only_read: bool = _term(
        Boolean(), default=True, about="Only clients of these organizations may read."
    )
    member_only_write: bool = _term(
        Boolean(), default=True, about="Only clients of these organizations may write."
    )
