"""Labels of Kubernetes objects, in one place because selectors must agree with them."""

from heddle.topology import ServerPlan, StoredPod, WatcherPlan

INSTANCE = "app.kubernetes.io/instance"
NAME = "app.kubernetes.io/name"
MANAGED = "app.kubernetes.io/managed-by"
NODE = "heddle.dev/node"
WORKS_FOR = "heddle.dev/works-for"
"""Label of a runbook's pod (heddle.kube.volumejob): the name of the node whose volume it works on."""
ORGANIZATION = "heddle.dev/organization"
CHAINCODE = "heddle.dev/chaincode"
"""Name of a chaincode server."""
MONITORING = "heddle.dev/monitoring"
"""Label of a namespace: `true` lets its pods scrape the operations endpoints."""
SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}
"""Annotation of objects complete once stored: for Services the provider would await endpoints (10 s)."""
AWAIT_LOAD_BALANCER = {"pulumi.com/waitFor": "jsonpath={.status.loadBalancer.ingress}"}
"""Annotation of a Service whose address is an output; its endpoints come later, with its pods."""


def common(instance: str) -> dict[str, str]:
    """Return labels of every object of an instance."""
    return {INSTANCE: instance, MANAGED: "heddle"}


def of_node(instance: str, node: StoredPod) -> dict[str, str]:
    """Return labels of a node's objects and pod; a state database is a node too."""
    return {**common(instance), NAME: node.kind, NODE: node.name, ORGANIZATION: node.organization}


def select_node(instance: str, name: str) -> dict[str, str]:
    """Return the labels that tell the pod of a node or a state database from all others."""
    return {INSTANCE: instance, NODE: name}


def select_reached(instance: str, name: str) -> dict[str, str]:
    """Return the labels by which a node's Service finds its pod.

    A Rollout takes the last one off a pod that it is about to delete (heddle.kube.withdrawal). Nothing else
    may select by it.
    """
    return {**select_node(instance, name), MANAGED: "heddle"}


def select_set(instance: str, kind: str, organization: str) -> dict[str, str]:
    """Return the labels that tell an organization's nodes of a kind from all other pods."""
    return {INSTANCE: instance, NAME: kind, ORGANIZATION: organization}


def of_server(instance: str, server: ServerPlan) -> dict[str, str]:
    """Return labels of a chaincode server's objects and pods."""
    return {
        **common(instance),
        NAME: "chaincode",
        CHAINCODE: server.name,
        ORGANIZATION: server.organization,
    }


def select_server(instance: str, server: ServerPlan) -> dict[str, str]:
    """Return the labels that tell a chaincode server's pods from all others."""
    return {INSTANCE: instance, CHAINCODE: server.name}


def of_watcher(instance: str, watcher: WatcherPlan) -> dict[str, str]:
    """Return labels of the objects and the pod of a Prometheus or an Alertmanager."""
    return {**common(instance), NAME: watcher.name}


def select_watcher(instance: str, watcher: WatcherPlan) -> dict[str, str]:
    """Return the labels that tell the pod of a Prometheus or an Alertmanager from all others."""
    return {INSTANCE: instance, NAME: watcher.name}
