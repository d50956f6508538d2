"""Run a Prometheus or an Alertmanager: its files, its claim, its Deployment and its Service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import ConfigMap, PersistentVolumeClaim, Secret, Service

from components import labels
from components.checksums import base64_of, checksum_of
from components.manifests import Manifest, metadata
from components.openings import watcher_opening
from components.site import Site
from components.watcher_pods import watcher_deployment
from heddle.topology import WatcherPlan


@dataclass(frozen=True, kw_only=True)
class WatcherArgs:
    """What runs, with which files."""

    site: Site
    plan: WatcherPlan
    command: Sequence[str]
    settings: Mapping[str, str]
    """Content of files that everybody may read."""
    secrets: Mapping[str, pulumi.Output[str]]
    """Content of files that nobody else may read."""
    others: Mapping[str, tuple[str, str]]
    """The Secret and the key of files that are made elsewhere."""
    checksums: Sequence[pulumi.Output[str]] = ()
    """Checksums of these, where they are known."""


class Watcher(pulumi.ComponentResource):
    """One pod with a claim of its own. With other files the pod is replaced; the claim stays."""

    def __init__(self, name: str, args: WatcherArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("heddle:kubernetes:Watcher", name, None, opts)
        self._name, self._args, self._site, self._plan = name, args, args.site, args.plan
        self._deployment([*self._files(), self._claim()])
        self._service()
        watcher_opening(f"{name}-opening", self._plan, self._site, self)
        self.register_outputs({})

    def _files(self) -> list[pulumi.Resource]:
        """Return the ConfigMap, and the Secret where there is anything to hide."""
        settings, secrets, options = self._args.settings, self._args.secrets, self._site.options(self)
        made: list[pulumi.Resource] = [
            ConfigMap(f"{self._name}-config", metadata=self._metadata(), data=settings, opts=options)
        ]
        if secrets:
            data = {key: content.apply(base64_of) for key, content in secrets.items()}
            made.append(
                Secret(
                    f"{self._name}-secret", metadata=self._metadata(), type="Opaque", data=data, opts=options
                )
            )
        return made

    def _deployment(self, stored: Sequence[pulumi.Resource]) -> None:
        args = self._args
        numbered = {f"other {number}": each for number, each in enumerate(args.checksums)}
        own = [{"configMap": {"name": self._plan.name}}]
        own += [{"secret": {"name": self._plan.name}}] if args.secrets else []
        others: list[Manifest] = [
            {"secret": {"name": secret, "items": [{"key": key, "path": path}]}}
            for path, (secret, key) in args.others.items()
        ]
        Deployment(
            f"{self._name}-deployment",
            metadata=self._metadata(),
            spec=watcher_deployment(
                self._plan,
                site=self._site,
                command=args.command,
                files=[*own, *others],
                checksum=checksum_of({**args.settings, **args.secrets, **numbered}),
            ),
            opts=self._site.options(self, after=stored),
        )

    def _claim(self) -> PersistentVolumeClaim:
        spec: Manifest = {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": self._plan.storage_size}},
        }
        if self._plan.storage_class:
            spec["storageClassName"] = self._plan.storage_class
        return PersistentVolumeClaim(
            f"{self._name}-claim",
            metadata=self._metadata(labels.SKIP_AWAIT),
            spec=spec,
            opts=self._site.options(self, retain=self._site.protect),
        )

    def _service(self) -> None:
        port = {"name": "http", "port": self._plan.port, "targetPort": "http", "protocol": "TCP"}
        spec: Manifest = {
            "type": "ClusterIP",
            "selector": labels.select_watcher(self._site.instance, self._plan),
            "ports": [port],
        }
        Service(
            f"{self._name}-service",
            metadata=self._metadata({**self._plan.service_annotations, **labels.SKIP_AWAIT}),
            spec=spec,
            opts=self._site.options(self),
        )

    def _metadata(self, annotations: Mapping[str, str] | None = None) -> Manifest:
        own = labels.of_watcher(self._site.instance, self._plan)
        return metadata(self._plan.name, self._site.namespace, own, annotations)
