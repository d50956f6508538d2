"""Defaults that are made of other values; the rules and the topology must agree on them."""

import re


def default_msp_id(organization: str, instance: str) -> str:
    """MSP id of an organization whose stack file names none: organizationDevMSP reads OrganizationDevMSP."""
    words = re.split(r"[^a-zA-Z0-9]+", f"{organization}-{instance}")
    return "".join(word[:1].upper() + word[1:] for word in words) + "MSP"


def default_namespace(instance: str) -> str:
    """Namespace of an instance whose stack file names none; the prefix keeps clear of namespaces in use."""
    return f"fabric-{instance}"
