"""Make the objects by which prometheus-operator has its Prometheus and Alertmanager watch an instance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import Secret

from components import labels
from components.checksums import base64_of
from components.manifests import Manifest, metadata
from components.site import Site
from heddle.monitoring.operator import CLIENT, Watched, operator_objects


@dataclass(frozen=True, kw_only=True)
class OperatorObjectsArgs:
    """What is watched, and by which credentials."""

    site: Site
    labels: Mapping[str, str]
    """Labels by which the operator's Prometheus and Alertmanager select objects."""
    watched: Watched
    client: Mapping[str, pulumi.Output[str]]
    """Files by which nodes are known and let Prometheus in."""
    after: Sequence[pulumi.Resource]
    """Secrets that the objects name: the operator leaves out an object whose Secret is not there."""


class OperatorObjects(pulumi.ComponentResource):
    """ServiceMonitors, rules and receivers, and the Secret with the client certificate of scrapes."""

    def __init__(
        self, name: str, args: OperatorObjectsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("heddle:kubernetes:OperatorObjects", name, None, opts)
        self._name, self._args, self._site = name, args, args.site
        secret = self._secret()
        for manifest in operator_objects(args.watched):
            self._object(manifest, [secret, *args.after])
        self.register_outputs({})

    def _secret(self) -> Secret:
        return Secret(
            f"{self._name}-secret",
            metadata=metadata(CLIENT, self._site.namespace, labels.common(self._site.instance)),
            type="Opaque",
            data={key: content.apply(base64_of) for key, content in self._args.client.items()},
            opts=self._site.options(self),
        )

    def _object(self, manifest: Manifest, after: Sequence[pulumi.Resource]) -> None:
        name, kind = manifest["metadata"]["name"], manifest["kind"]
        own = {**self._args.labels, **labels.common(self._site.instance)}
        CustomResource(
            f"{self._name}-{kind.lower()}-{name}",
            api_version=manifest["apiVersion"],
            kind=kind,
            metadata=metadata(name, self._site.namespace, own),
            spec=manifest["spec"],
            opts=self._site.options(self, after=after),
        )
