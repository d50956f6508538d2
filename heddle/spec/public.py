"""Check where clients outside the cluster reach the nodes."""

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from heddle.spec.model import refused
from heddle.spec.names import DOMAIN


def check_public_address(value: str) -> str:
    """Return the address in its one spelling. Raises PydanticCustomError for anything else."""
    if value in {"auto", "none"} or DOMAIN.allows(value):
        return value
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        words = "auto (the local cluster's node), none, an IP address or a DNS name"
        raise refused(words) from None


PublicAddress = Annotated[str, AfterValidator(check_public_address), WithJsonSchema({"type": "string"})]
"""Where clients outside reach the nodes; each place has one spelling."""
