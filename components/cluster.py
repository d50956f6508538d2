"""Make the place of an instance: its namespace, and the providers that reach it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from components import labels
from components.manifests import Manifest, metadata
from heddle.resources import (
    NamespaceOwnership,
    NamespaceOwnershipArgs,
    Password,
    PasswordArgs,
    Provider,
    ProviderArgs,
)


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """Which cluster and namespace."""

    instance: str
    namespace: str
    kubeconfig: str
    """Text of a kubeconfig with one context."""
    identifier: str
    """Name of the cluster in the state: credentials may change beneath it, and nothing is replaced."""
    dns_domain: str
    """What the names of the cluster's Services end with."""
    secret_keys: Mapping[str, Sequence[str]]
    """Keys by Secret that pods read and somebody made beforehand."""
    pull_secrets: Sequence[str]
    """Secrets that images are pulled with."""
    custom_kinds: Mapping[str, Sequence[str]]
    """Kinds, by API version, that the cluster has to know beside Kubernetes' own."""
    protect: bool
    """The namespace must not be deleted: the volumes' claims would go with it."""
    asleep: bool = False
    """No node is to run, so none is to be asked."""
    keep: bool = False
    """The namespace stays when the stack is destroyed; it is another's."""


class Cluster(pulumi.ComponentResource):
    """The namespace of one instance, closed to what is not opened, and the providers that act in it."""

    namespace: Namespace
    """The namespace, this stack's alone; what is in it is deleted with it, unless it is kept."""
    providers: list[pulumi.ProviderResource]
    """Providers for everything else of the instance."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("heddle:kubernetes:Cluster", name, None, opts)
        self.providers = [self._kubernetes(name, args), self._heddle(name, args)]
        self.namespace = self._namespace(name, args)
        self._closed_by_default(name, args)
        self.register_outputs({"namespace": args.namespace})

    def _kubernetes(self, name: str, args: ClusterArgs) -> kubernetes.Provider:
        return kubernetes.Provider(
            f"{name}-kubernetes",
            kubeconfig=pulumi.Output.secret(args.kubeconfig),
            cluster_identifier=args.identifier,
            # Pods are rolled by their checksums, so files may change in place.
            enable_config_map_mutable=True,
            enable_secret_mutable=True,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _heddle(self, name: str, args: ClusterArgs) -> Provider:
        return Provider(
            f"{name}-heddle",
            # Left out while it runs: programs of before declare the same.
            ProviderArgs(kubeconfig=args.kubeconfig, power="off" if args.asleep else None),
            pulumi.ResourceOptions(parent=self),
        )

    def _namespace(self, name: str, args: ClusterArgs) -> Namespace:
        pod_security = {
            f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")
        }
        return Namespace(
            f"{name}-namespace",
            metadata={"name": args.namespace, "labels": {**labels.common(args.instance), **pod_security}},
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=self.providers[0],
                protect=args.protect or None,
                retain_on_delete=args.keep or None,
                depends_on=[self._ownership(name, args)],
            ),
        )

    def _ownership(self, name: str, args: ClusterArgs) -> NamespaceOwnership:
        """Claim the namespace for this stack: two stacks in one namespace would undo each other's changes."""
        options = pulumi.ResourceOptions(parent=self, provider=self.providers[1])
        # Not a secret: it only has to be another one in every other stack.
        owner = Password(f"{name}-owner", PasswordArgs(length=16), options)
        return NamespaceOwnership(
            f"{name}-ownership",
            NamespaceOwnershipArgs(
                namespace=args.namespace,
                instance=args.instance,
                owner=pulumi.Output.unsecret(owner.password),
                dns_domain=args.dns_domain,
                secret_keys=args.secret_keys or None,
                pull_secrets=args.pull_secrets or None,
                custom_kinds=args.custom_kinds or None,
            ),
            options,
        )

    def _closed_by_default(self, name: str, args: ClusterArgs) -> None:
        """Deny access to all pods that no other policy allows; a network that enforces none ignores it."""
        spec: Manifest = {"podSelector": {}, "policyTypes": ["Ingress"]}
        NetworkPolicy(
            f"{name}-closed",
            metadata=metadata("closed-by-default", args.namespace, labels.common(args.instance)),
            spec=spec,
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=self.providers[0],
                depends_on=[self.namespace],
                deleted_with=None if args.protect or args.keep else self.namespace,
            ),
        )
