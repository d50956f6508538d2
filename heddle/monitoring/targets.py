"""Write Prometheus' configuration for an instance, and the Services by which it finds the nodes. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from heddle import couchdb
from heddle.render import operations_services_yaml, prometheus_yaml

__all__ = [
    "CERTIFICATE",
    "CONFIG",
    "DATABASE_PORT_NAME",
    "EXPORTER_JOB",
    "INTERVAL",
    "KEY",
    "PORT_NAME",
    "ROOTS",
    "RULES",
    "TIMEOUT",
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


INTERVAL, TIMEOUT = "15s", "10s"
"""How often targets are scraped, for which the times of alarms are meant, and the time for an answer."""
EXPORTER_JOB = "heddle"
"""The job of Heddle's exporter; that of any other target is its name."""
PORT_NAME, DATABASE_PORT_NAME = "operations", "http"
"""Names of the ports of targets' Services."""


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

    @property
    def labels(self) -> dict[str, str]:
        """Return the labels of its series, but for the namespace."""
        return {"node": self.name, "organization": self.organization, "role": self.role}

    def address(self, namespace: str) -> str:
        """Return where it answers within the cluster."""
        return f"{self.service}.{namespace}.svc:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Database:
    """A peer's CouchDB, whose Service and Secret have its name, and the file with its password."""

    name: str
    port: int
    organization: str
    password_file: str

    @property
    def labels(self) -> dict[str, str]:
        """Return the labels of its series, but for the namespace."""
        return {"node": self.name, "organization": self.organization, "role": "couchdb"}

    def address(self, namespace: str) -> str:
        """Return where it answers within the cluster."""
        return f"{self.name}.{namespace}.svc:{self.port}"


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
        addresses={each.name: places.nodes.get(each.name) or each.address(namespace) for each in targets},
        tls=tls,
        files={"rules": RULES, "roots": ROOTS, "certificate": CERTIFICATE, "key": KEY},
        databases=databases,
        metrics_path=couchdb.METRICS_PATH,
        user=couchdb.USER,
        exporter=places.exporter,
        exporter_job=EXPORTER_JOB,
        interval=INTERVAL,
        timeout=TIMEOUT,
        alertmanager=places.alertmanager,
    )


def services_yaml(stack: str, instance: str, namespace: str, targets: Sequence[Target]) -> str:
    """Return the Services of the nodes' operations ports, one document of YAML for each."""
    return operations_services_yaml(stack=stack, instance=instance, namespace=namespace, nodes=targets)


def bundle(roots: Iterable[str]) -> str:
    """Join certificates in PEM, each once: nodes of several organizations may trust one root."""
    return "".join(f"{root}\n" for root in dict.fromkeys(root.strip() for root in roots))
