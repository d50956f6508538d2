"""Describe the addresses that nodes had before, while they move to others."""

from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from heddle.spec.kinds import between
from heddle.spec.model import Section, refused
from heddle.spec.names import DOMAIN, OrganizationName
from heddle.spec.public import PublicAddress

NO_DOMAIN = "none"
"""Stands for the names of Services, which nodes have on the ledger where no domain is named."""


def check_former_domain(value: str) -> str:
    """Return the domain, or `none`. Raises PydanticCustomError for anything else."""
    if value != NO_DOMAIN and not DOMAIN.allows(value):
        raise refused(f"none (there was no domain), or {DOMAIN.words}")
    return value


class Former(Section):
    """Addresses that nodes had before.

    Certificates and Services keep them while channels, nodes and clients move to those of now. Once nobody
    uses them, the section is taken out: `up` refuses that while a channel names one of them.
    """

    domain: Annotated[str, AfterValidator(check_former_domain), WithJsonSchema({"type": "string"})] | None = (
        None
    )
    """Domain of their names on the ledger; none: there was no domain. Default: that of now."""
    public_address: PublicAddress | None = None
    """Where clients outside reached them. Default: as now."""
    ports: dict[OrganizationName, Annotated[int, *between(1024, 65535)]] = Field(default_factory=dict)
    """First ports of the blocks that organizations had, by their names. Default: those of now."""
