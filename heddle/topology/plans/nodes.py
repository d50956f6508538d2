"""Hold the plans of pods with a volume (peers, orderers, databases), and what the file says of any pod."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from heddle import couchdb

Amounts = Mapping[str, Mapping[str, str]]
"""`{"requests": {"cpu": …, "memory": …}, "limits": {…}}`, as Kubernetes has it."""


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Which machines a pod may run on, as Kubernetes has it; a zone is one more label."""

    node_selector: Mapping[str, str] = field(default_factory=dict, hash=False)
    tolerations: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)

    def pod_spec(self) -> dict[str, Any]:
        """Return the fields of a pod's spec; none where nothing is said."""
        fields = {
            "nodeSelector": dict(self.node_selector),
            "tolerations": [dict(t) for t in self.tolerations],
        }
        return {name: value for name, value in fields.items() if value}


@dataclass(frozen=True, kw_only=True)
class PodSettings:
    """What a pod gets by the stack file, over Heddle's defaults: resources, machines, labels, annotations."""

    resources: Amounts = field(hash=False)
    placement: Placement = Placement()
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Labels beside Heddle's own."""
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Annotations beside Heddle's own."""
    service_annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Annotations of the pod's Service beside Heddle's own."""


@dataclass(frozen=True, kw_only=True)
class StoredPod(PodSettings):
    """A StatefulSet of one replica with a claim of its own, and everything that carries its name."""

    name: str
    """Name of its objects: `peer0-organization`, and `couchdb0-organization` for that peer's database."""
    kind: str
    """The kind of node: `peer`, `orderer` or `couchdb`."""
    organization: str
    namespace: str
    host: str
    port: int
    storage_class: str | None
    """None = the cluster's default class."""
    storage_size: str

    @property
    def address(self) -> str:
        """Return `host:port`, as the ledger or core.yaml says it."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class CouchdbPlan(StoredPod):
    """The state database of one peer. Its host is the name of a Service inside the cluster."""

    kind: str = "couchdb"
    port: int = couchdb.PORT
    peer: str
    """Name of its peer, the only one that may reach it."""
    image: str


@dataclass(frozen=True, kw_only=True)
class NodePlan(StoredPod):
    """A peer or an orderer.

    Its host is its name on the ledger and in its certificate, `<name>.<domain>`; its port is that of gRPC: on
    the ledger, of its Service, and where it listens in its pod.
    """

    msp_id: str
    index: int
    """Its own for ever: its name, its pinned port and its number among BFT's consenters are made of it."""
    operations_port: int
    admin_port: int | None = None
    """Orderers: channel participation, on the pod's loopback."""
    node_port: int | None = None
    """Pinned port on the cluster's machines, equal to `port`; None = Kubernetes chooses, if any."""
    tls_hosts: tuple[str, ...]
    """Names and addresses its TLS certificate is good for."""
    former: tuple[str, ...] = ()
    """The address (host:port) that it had before and answers to still; at most one."""
    environment: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Variables of its container, beside those of its files."""
    secret_environment: Mapping[str, tuple[str, str]] = field(default_factory=dict, hash=False)
    """Variables whose values are in Secrets: name of the Secret, and key."""
    image: str
    couchdb: CouchdbPlan | None = None
    """Peers with CouchDB: their database. None = LevelDB, within the ledger's claim."""

    @property
    def pod(self) -> str:
        """Return the name of the StatefulSet's only pod."""
        return f"{self.name}-0"

    @property
    def served(self) -> tuple[str, ...]:
        """Return every address (host:port) that it answers to, as a ledger may say it; that of now first."""
        return (self.address, *self.former)

    @property
    def former_port(self) -> int | None:
        """Return the port of its former address, where that is another one."""
        ports = (int(each.rpartition(":")[2]) for each in self.former)
        return next((port for port in ports if port != self.port), None)
