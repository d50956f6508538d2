"""Labels of Kubernetes objects, in one place because selectors must agree with them."""

from heddle.topology import NodePlan

INSTANCE = "app.kubernetes.io/instance"
NAME = "app.kubernetes.io/name"
NODE = "heddle.dev/node"
ORGANIZATION = "heddle.dev/organization"
CHAINCODE = "heddle.dev/chaincode"
"""Name of a chaincode server."""
MONITORING = "heddle.dev/monitoring"
"""On a namespace, `true` lets its pods scrape the operations endpoints."""
SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}
"""For what is complete once stored; the provider would wait 10 s for a Service's endpoints to settle."""


def common(instance: str) -> dict[str, str]:
    """Labels of every object of an instance."""
    return {INSTANCE: instance, "app.kubernetes.io/managed-by": "heddle"}


def of_node(instance: str, node: NodePlan) -> dict[str, str]:
    """Labels of a node's objects and pod."""
    return {**common(instance), NAME: node.kind, NODE: node.name, ORGANIZATION: node.organization}
