"""Write Prometheus' configuration for an instance, and the Services by which it finds the nodes. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from heddle import couchdb
from heddle.render import operations_services_yaml, prometheus_yaml

__all__ = [
    "CERTIFICATE",
    "CONFIG",
    "KEY",
    "ROOTS",
    "RULES",
    "Database",
    "Places",
    "Target",
    "bundle",
    "config_yaml",
    "services_yaml",
]

CONFIG, RULES = "prometheus.yaml", "rules.yaml"
"""Files of a Prometheus: its configuration, and the rules of the alarms."""

ROOTS, CERTIFICATE, KEY = "roots.pem", "client.pem", "client.key"
"""Files beside the configuration: the roots of the nodes' certificates, the client's certificate and key."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A node's operations endpoint; `host` is the name in its certificate, `role` is peer or orderer."""

    name: str
    host: str
    port: int
    organization: str
    role: str

    @property
    def service(self) -> str:
        """Return the name of the Service of this port alone."""
        return f"{self.name}-operations"


@dataclass(frozen=True, kw_only=True)
class Database:
    """A peer's CouchDB, whose Service has its name, and the file with the administrator's password."""

    name: str
    port: int
    organization: str
    password_file: str


@dataclass(frozen=True, kw_only=True)
class Places:
    """Say where the other parts are, as `HOST:PORT`; empty: there is none.

    nodes: by name, where a node's operations port answers; those left out answer behind their Services.
    """

    exporter: str = ""
    alertmanager: str = ""
    nodes: Mapping[str, str] = field(default_factory=dict)


def config_yaml(
    stack: str,
    namespace: str,
    targets: Sequence[Target],
    *,
    tls: bool,
    places: Places,
    databases: Sequence[Database] = (),
) -> str:
    """Return the configuration of a Prometheus that scrapes an instance.

    tls: whether the operations endpoints speak TLS, and want a client certificate.
    """
    return prometheus_yaml(
        stack=stack,
        namespace=namespace,
        nodes=targets,
        addresses={
            each.name: places.nodes.get(each.name) or f"{each.service}.{namespace}.svc:{each.port}"
            for each in targets
        },
        tls=tls,
        files={"rules": RULES, "roots": ROOTS, "certificate": CERTIFICATE, "key": KEY},
        databases=databases,
        metrics_path=couchdb.METRICS_PATH,
        user=couchdb.USER,
        exporter=places.exporter,
        alertmanager=places.alertmanager,
    )


def services_yaml(stack: str, instance: str, namespace: str, targets: Sequence[Target]) -> str:
    """Return the Services of the nodes' operations ports, one document of YAML for each."""
    return operations_services_yaml(stack=stack, instance=instance, namespace=namespace, nodes=targets)


def bundle(roots: Iterable[str]) -> str:
    """Join certificates in PEM, each once: nodes of several organizations may trust one root."""
    return "".join(f"{root}\n" for root in dict.fromkeys(root.strip() for root in roots))
