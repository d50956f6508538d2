"""Pinned ports."""

from typing import Annotated

from pydantic import Field

from heddle.spec.model import Section
from heddle.spec.quantities import Whole


class PortBlock(Section):
    """Ports of one organization's nodes: on the ledger, of their Services, and outside the cluster."""

    first: Annotated[Whole, Field(ge=1024, le=65535)]
    """Port of the first node; the others follow. Never moved: the ledger has it."""
    count: Annotated[Whole, Field(ge=1, le=1000)] = 10
    """Ports kept for the organization, so that it can grow."""
