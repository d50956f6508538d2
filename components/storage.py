"""Claim the volumes of the nodes, and keep them when a node leaves."""

import pulumi
from pulumi_kubernetes.core.v1 import PersistentVolumeClaim

from components import labels
from components.manifests import Manifest, metadata
from components.site import Site
from heddle.resources import Volumes, VolumesArgs, VolumeTerms, VolumeTermsArgs
from heddle.topology import OrganizationPlan, StoredPod


class Storage(pulumi.ComponentResource):
    """Claims for the nodes' volumes, each a resource of its own: no StatefulSet deletes a ledger."""

    claims: dict[str, PersistentVolumeClaim]
    """Claim of each node, by the node's name."""
    volumes: Volumes
    """Done when every volume has its size."""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("heddle:kubernetes:Storage", name, None, opts)
        terms = self._terms(name, site)
        self.claims = {node.name: self._claim(name, node, site, terms) for node in site.topology.stored}
        self.volumes = self._volumes(name, site)
        self.register_outputs({"claims": list(self.claims)})

    def _terms(self, name: str, site: Site) -> VolumeTerms:
        """Refuse what must not be before any claim is registered, as another storage class.

        Nodes wait for their claims, channels for their nodes, so nothing of the network has changed by then.
        """
        peers = [node for node in site.topology.nodes if node.kind == "peer"]
        members = {each.name: _member_terms(each, site) for each in site.topology.managed}
        return VolumeTerms(
            f"{name}-terms",
            VolumeTermsArgs(
                storage_classes={node.name: node.storage_class or "" for node in site.topology.stored},
                storage_sizes=_sizes(site),
                state_databases={peer.name: "CouchDB" if peer.couchdb else "LevelDB" for peer in peers},
                namespace=site.namespace,
                claims="retained" if site.protect else "deleted",
                members=members,
            ),
            # After the namespace: what an earlier one of its name held is gone by then.
            pulumi.ResourceOptions(parent=self, depends_on=[site.place]),
        )

    def _volumes(self, name: str, site: Site) -> Volumes:
        return Volumes(
            f"{name}-volumes",
            VolumesArgs(namespace=site.namespace, sizes=_sizes(site)),
            pulumi.ResourceOptions(parent=self, depends_on=list(self.claims.values())),
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
            # Not protected: a protected claim would refuse that its node ever leaves the file.
            opts=site.options(self, after=[terms], retain=site.protect),
        )


def _sizes(site: Site) -> dict[str, str]:
    return {node.name: node.storage_size for node in site.topology.stored}


def _member_terms(organization: OrganizationPlan, site: Site) -> str:
    return "stays" if site.protect and not organization.leaving else "may leave"
