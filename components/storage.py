"""The volumes of the nodes."""

import pulumi
from pulumi_kubernetes.core.v1 import PersistentVolumeClaim

from components import labels
from components.manifests import Manifest, metadata
from components.site import Site
from heddle.resources import VolumeTerms, VolumeTermsArgs
from heddle.topology import CouchdbPlan, NodePlan


class Storage(pulumi.ComponentResource):
    """Claims for the nodes' volumes, each a resource of its own: no StatefulSet deletes a ledger."""

    claims: dict[str, PersistentVolumeClaim]
    """Claim of each node, by the node's name."""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("heddle:kubernetes:Storage", name, None, opts)
        terms = self._terms(name, site)
        nodes: tuple[NodePlan | CouchdbPlan, ...] = (*site.topology.nodes, *site.topology.databases)
        self.claims = {node.name: self._claim(name, node, site, terms) for node in nodes}
        self.register_outputs({"claims": list(self.claims)})

    def _terms(self, name: str, site: Site) -> VolumeTerms:
        """Refuse another storage class before any claim is registered: Pulumi would replace the claim."""
        nodes, databases = site.topology.nodes, site.topology.databases
        classes = {node.name: node.storage_class or "" for node in nodes}
        return VolumeTerms(
            f"{name}-terms",
            VolumeTermsArgs(
                storage_classes=classes | {each.name: each.storage_class or "" for each in databases},
                state_databases={
                    node.name: "CouchDB" if node.couchdb else "LevelDB"
                    for node in nodes
                    if node.kind == "peer"
                },
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _claim(
        self, name: str, node: NodePlan | CouchdbPlan, site: Site, terms: VolumeTerms
    ) -> PersistentVolumeClaim:
        spec: Manifest = {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": node.storage_size}},
        }
        if node.storage_class:
            spec["storageClassName"] = node.storage_class
        node_labels = labels.of_node(site.instance, node)
        return PersistentVolumeClaim(
            f"{name}-{node.name}",
            # It binds when its pod is placed; the pod's start tells if that fails.
            metadata=metadata(node.name, node.namespace, node_labels, labels.SKIP_AWAIT),
            spec=spec,
            opts=site.options(self, after=[terms], protect=site.protect),
        )
