"""Run the state database of one peer: password, Secret, Service, StatefulSet, and who may reach it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apps.v1 import StatefulSet
from pulumi_kubernetes.core.v1 import PersistentVolumeClaim, Secret, Service

from components import labels, pods
from components.checksums import base64_of, checksum_of, sha256_of
from components.couchdb_pods import couchdb_pod
from components.manifests import Manifest, metadata
from components.openings import couchdb_opening
from components.site import Site
from heddle import couchdb
from heddle.resources import Password, PasswordArgs, Power
from heddle.topology import CouchdbPlan


@dataclass(frozen=True, kw_only=True)
class CouchdbArgs:
    """Which database, and its volume."""

    site: Site
    plan: CouchdbPlan
    claim: PersistentVolumeClaim


class Couchdb(pulumi.ComponentResource):
    """A CouchDB for one peer. Like a node's, its pod is replaced by the peers' Rollout alone."""

    name: str
    """Name of the database: of its objects, the Secret with its password too."""
    statefulset: StatefulSet
    """The StatefulSet that runs the database."""
    secret: Secret
    """The Secret with its administrator's name and password."""
    checksum: pulumi.Output[str]
    """Checksum of the Secret: with another password its peer restarts."""
    revision: pulumi.Output[str]
    """Checksum of its pod template, the Secret included."""

    def __init__(self, name: str, args: CouchdbArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("heddle:fabric:Couchdb", name, None, opts)
        # Left out where it was never raised: programs of before declare the same.
        renewal = args.site.spec.passwords.renewal or None
        password = Password(
            f"{name}-password", PasswordArgs(renewal=renewal), pulumi.ResourceOptions(parent=self)
        )
        self.checksum = checksum_of(
            {couchdb.USERNAME_KEY: couchdb.USER, couchdb.PASSWORD_KEY: password.password}
        )
        self._name, self._args, self.name = name, args, args.plan.name
        self.secret = self._secret(name, args, password)
        self.revision = self.checksum.apply(lambda secret: sha256_of(_pod(args, secret)))

    def start(self, power: Power) -> None:
        """Declare what runs; once, after the organization's files."""
        name, args = self._name, self._args
        self.statefulset = self._statefulset(name, args, [self._service(name, args), power])
        couchdb_opening(f"{name}-opening", args.plan, args.site, self)
        self.register_outputs({"revision": self.revision})

    def _secret(self, name: str, args: CouchdbArgs, password: Password) -> Secret:
        return Secret(
            f"{name}-secret",
            metadata=_metadata(args),
            type="Opaque",
            data={
                couchdb.USERNAME_KEY: base64_of(couchdb.USER),
                couchdb.PASSWORD_KEY: password.password.apply(base64_of),
            },
            opts=args.site.options(self),
        )

    def _service(self, name: str, args: CouchdbArgs) -> Service:
        spec: Manifest = {
            "type": "ClusterIP",
            "selector": labels.select_node(args.site.instance, args.plan.name),
            "ports": [{"name": "http", "port": args.plan.port, "targetPort": "http", "protocol": "TCP"}],
        }
        own = labels.of_node(args.site.instance, args.plan)
        annotations = {**args.plan.service_annotations, **labels.SKIP_AWAIT}
        return Service(
            f"{name}-service",
            metadata=metadata(args.plan.name, args.plan.namespace, own, annotations),
            spec=spec,
            opts=args.site.options(self),
        )

    def _statefulset(self, name: str, args: CouchdbArgs, before: Sequence[pulumi.Resource]) -> StatefulSet:
        return StatefulSet(
            f"{name}-statefulset",
            metadata=_metadata(args, skip_await=True),
            spec=pods.one_replica(args.plan, args.site, _pod(args, self.checksum)),
            opts=args.site.options(self, after=[self.secret, *before, args.claim]),
        )


def _pod(args: CouchdbArgs, checksum: pulumi.Input[str]) -> Manifest:
    return couchdb_pod(args.plan, site=args.site, image=args.plan.image, checksum=checksum)


def _metadata(args: CouchdbArgs, *, skip_await: bool = False) -> Manifest:
    own = labels.of_node(args.site.instance, args.plan)
    return metadata(args.plan.name, args.plan.namespace, own, labels.SKIP_AWAIT if skip_await else None)
