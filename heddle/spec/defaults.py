"""Compute defaults from other values; the rules and the topology must agree on them."""

import re


def default_msp_id(organization: str, instance: str) -> str:
    """Return the MSP id of an organization that names none: OrganizationDevMSP for organization in dev."""
    words = re.split(r"[^a-zA-Z0-9]+", f"{organization}-{instance}")
    return "".join(word[:1].upper() + word[1:] for word in words) + "MSP"


def default_namespace(instance: str) -> str:
    """Return the namespace where the stack file names none; the prefix keeps clear of namespaces in use."""
    return f"fabric-{instance}"


DNS_DOMAIN = "cluster.local"
"""What the names of most clusters' Services end with."""
