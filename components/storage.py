"""Claim the volumes of the nodes."""

import pulumi
from pulumi_kubernetes.core.v1 import PersistentVolumeClaim

from components import labels
from components.manifests import Manifest, metadata
from components.site import Site
from heddle.resources import VolumeTerms, VolumeTermsArgs
from heddle.topology import StoredPod


class Storage(pulumi.ComponentResource):
    """Claims for the nodes' volumes, each a resource of its own: no StatefulSet deletes a ledger."""

    claims: dict[str, PersistentVolumeClaim]
    """Claim of each node, by the node's name."""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("heddle:kubernetes:Storage", name, None, opts)
        terms = self._terms(name, site)
        self.claims = {node.name: self._claim(name, node, site, terms) for node in site.topology.stored}
        self.register_outputs({"claims": list(self.claims)})

    def _terms(self, name: str, site: Site) -> VolumeTerms:
        """Refuse another storage class before any claim is registered: Pulumi would replace the claim."""
        peers = [node for node in site.topology.nodes if node.kind == "peer"]
        return VolumeTerms(
            f"{name}-terms",
            VolumeTermsArgs(
                storage_classes={node.name: node.storage_class or "" for node in site.topology.stored},
                state_databases={peer.name: "CouchDB" if peer.couchdb else "LevelDB" for peer in peers},
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _claim(self, name: str, node: StoredPod, site: Site, terms: VolumeTerms) -> PersistentVolumeClaim:
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
