"""Set processors and memory of each kind of node, where the stack file says nothing."""

from collections.abc import Mapping
from typing import Final

__all__ = ["DEFAULT_RESOURCES"]

# Requests are what an idle node takes, so that a whole network fits one machine; a peer needs more than an
# orderer (docs/source/deploypeer/peerplan.md). No CPU limit: throttling a consenter costs elections.
DEFAULT_RESOURCES: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "orderer": {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "2Gi"}},
    "peer": {"requests": {"cpu": "100m", "memory": "192Mi"}, "limits": {"memory": "4Gi"}},
    "couchdb": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "2Gi"}},
    "chaincode": {"requests": {"cpu": "25m", "memory": "64Mi"}, "limits": {"memory": "1Gi"}},
    "prometheus": {"requests": {"cpu": "25m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}},
    "alertmanager": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "256Mi"}},
}
"""The defaults by kind of node, in Kubernetes' quantities."""
