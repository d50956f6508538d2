"""Defaults that are made of other values; the rules and the topology must agree on them."""

import re

# Requests are what an idle node takes, so that a whole network fits one machine; a peer needs more than an
# orderer (Fabric's deployment guide). No CPU limit: throttling a consenter costs elections.
DEFAULT_RESOURCES: dict[str, dict[str, dict[str, str]]] = {
    "orderer": {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "2Gi"}},
    "peer": {"requests": {"cpu": "100m", "memory": "192Mi"}, "limits": {"memory": "4Gi"}},
    "couchdb": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "2Gi"}},
    "chaincode": {"requests": {"cpu": "25m", "memory": "64Mi"}, "limits": {"memory": "1Gi"}},
}
"""Of each kind of node, where the stack file says nothing."""


def default_msp_id(organization: str, instance: str) -> str:
    """MSP id of an organization whose stack file names none: organizationDevMSP reads OrganizationDevMSP."""
    words = re.split(r"[^a-zA-Z0-9]+", f"{organization}-{instance}")
    return "".join(word[:1].upper() + word[1:] for word in words) + "MSP"


def default_namespace(instance: str) -> str:
    """Namespace of an instance whose stack file names none; the prefix keeps clear of namespaces in use."""
    return f"fabric-{instance}"
