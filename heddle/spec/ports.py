"""Describe blocks of pinned ports."""

from typing import Annotated

from heddle.spec.kinds import between
from heddle.spec.model import Section


class PortBlock(Section):
    """Ports of one organization's nodes: on the ledger, of their Services, and outside the cluster."""

    first: Annotated[int, *between(1024, 65535)]
    """Port of the node with index 0; that of index 3 is three more. The ledger has it: see `former`."""
    count: Annotated[int, *between(1, 1000)] = 10
    """Ports kept for the organization, so that it can grow."""
