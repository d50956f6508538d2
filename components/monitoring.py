"""Watch an instance: by a Prometheus and an Alertmanager in its namespace, or by the cluster's operator."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

import pulumi
import yaml
from pulumi_kubernetes.core.v1 import Service

from components import labels
from components.couchdb import Couchdb
from components.manifests import Manifest, metadata
from components.operations import Operations
from components.operator_objects import OperatorObjects, OperatorObjectsArgs
from components.organization import Organization
from components.site import Site
from components.watcher import Watcher, WatcherArgs
from components.watcher_pods import (
    ALERTMANAGER_FILE,
    FOLDER,
    alertmanager_command,
    prometheus_command,
)
from heddle import couchdb
from heddle.monitoring.alarms import rules_yaml
from heddle.monitoring.operator import Watched
from heddle.monitoring.targets import (
    CERTIFICATE,
    CONFIG,
    KEY,
    ROOTS,
    RULES,
    Database,
    Places,
    Target,
    bundle,
    config_yaml,
    services_yaml,
)
from heddle.render import alertmanager_yaml
from heddle.topology import ClusterOperator, MonitoringPlan, OwnWatchers, WatcherPlan


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """What is watched, and by which credentials."""

    site: Site
    plan: MonitoringPlan
    stack: str
    """Name of the stack, which the commands of alarms name."""
    operations: Operations
    members: Mapping[str, Organization]
    """Every organization that has nodes here, by its name."""
    databases: Mapping[str, Couchdb]
    """Every state database, by its name."""


class Monitoring(pulumi.ComponentResource):
    """A Prometheus that scrapes every node, and an Alertmanager that tells people.

    With other targets, rules or receivers the pods of its own ones are replaced. Alarms that were about to
    fire go on waiting where they were: Prometheus keeps them with its samples. For those of the cluster's
    prometheus-operator there are objects that say the same.
    """

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("heddle:kubernetes:Monitoring", name, None, opts)
        self._name, self._args, self._site, self._plan = name, args, args.site, args.plan
        for service in yaml.safe_load_all(self._services()):
            self._operations_service(service)
        watchers = self._plan.watchers
        if isinstance(watchers, OwnWatchers):
            self._prometheus(watchers)
            self._alertmanager(watchers)
        else:
            self._operator(watchers)
        self.register_outputs({})

    def _operator(self, operator: ClusterOperator) -> None:
        site, plan = self._site, self._plan
        watched = Watched(
            stack=self._args.stack,
            instance=site.instance,
            namespace=site.namespace,
            targets=self._targets(),
            databases=self._databases(),
            exporter=plan.exporter,
            receivers=plan.receivers,
            asleep=site.spec.asleep,
        )
        secrets = [each.secret for each in self._args.databases.values()]
        args = OperatorObjectsArgs(
            site=site, labels=operator.labels, watched=watched, client=self._client(), after=secrets
        )
        OperatorObjects(f"{self._name}-operator", args, pulumi.ResourceOptions(parent=self))

    def _prometheus(self, own: OwnWatchers) -> None:
        exporter = bool(self._plan.exporter)
        settings = {
            CONFIG: self._config(own.alertmanager),
            RULES: rules_yaml(self._args.stack, self._site.namespace, exporter=exporter),
        }
        args = WatcherArgs(
            site=self._site,
            plan=own.prometheus,
            command=prometheus_command(own),
            settings=settings,
            secrets=self._client(),
            others={_password(name): (name, couchdb.PASSWORD_KEY) for name in self._args.databases},
            checksums=[each.checksum for each in self._args.databases.values()],
        )
        Watcher(f"{self._name}-prometheus", args, pulumi.ResourceOptions(parent=self))

    def _alertmanager(self, own: OwnWatchers) -> None:
        config = alertmanager_yaml(stack=self._args.stack, receivers=self._plan.receivers, secrets=FOLDER)
        args = WatcherArgs(
            site=self._site,
            plan=own.alertmanager,
            command=alertmanager_command(own),
            settings={ALERTMANAGER_FILE: config},
            secrets={},
            others=self._plan.secrets,
        )
        Watcher(f"{self._name}-alertmanager", args, pulumi.ResourceOptions(parent=self))

    def _targets(self) -> list[Target]:
        return [
            Target(
                name=node.name,
                host=node.host,
                port=node.operations_port,
                organization=node.organization,
                role=node.kind,
            )
            for node in self._site.topology.nodes
        ]

    def _services(self) -> str:
        instance, namespace = self._site.instance, self._site.namespace
        return services_yaml(self._args.stack, instance, namespace, self._targets())

    def _databases(self) -> list[Database]:
        return [
            Database(
                name=each.name,
                port=each.port,
                organization=each.organization,
                password_file=_password(each.name),
            )
            for each in self._site.topology.databases
        ]

    def _config(self, alertmanager: WatcherPlan) -> str:
        host = f"{alertmanager.name}.{self._site.namespace}.svc"
        return config_yaml(
            self._args.stack,
            self._site.namespace,
            self._targets(),
            tls=True,
            places=Places(exporter=self._plan.exporter, alertmanager=f"{host}:{alertmanager.port}"),
            databases=self._databases(),
        )

    def _client(self) -> dict[str, pulumi.Output[str]]:
        """Return the files by which nodes are known and let Prometheus in."""
        client = self._args.operations.client
        roots = [each.authorities.tls.every for each in self._args.members.values()]
        return {
            ROOTS: pulumi.Output.all(*roots).apply(lambda some: bundle(chain.from_iterable(some))),
            CERTIFICATE: pulumi.Output.from_input(client["certificate"]),
            KEY: pulumi.Output.from_input(client["privateKey"]),
        }

    def _operations_service(self, manifest: Manifest) -> None:
        given = manifest["metadata"]
        Service(
            f"{self._name}-{given['name']}",
            metadata=metadata(
                given["name"],
                given["namespace"],
                {**labels.common(self._site.instance), **given["labels"]},
                labels.SKIP_AWAIT,
            ),
            spec=manifest["spec"],
            opts=self._site.options(self),
        )


def _password(database: str) -> str:
    """Return the file with the password of a database's administrator."""
    return f"{database}.password"
