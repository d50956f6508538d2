"""Hold a layout: frozen values with every name, address and port filled in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from heddle import couchdb
from heddle.settings import BatchSettings, BftOptions, CollectionTerms, RaftOptions
from heddle.spec.members import External

ADMIN = "admin"
"""The organization's administrator: signs channel and lifecycle work."""
USER = "user"
"""A member's first client identity: invokes chaincodes."""

CHAINCODE_PORT = 9999

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


@dataclass(frozen=True, kw_only=True)
class OrganizationPlan:
    """An organization and its nodes: peers, or orderers if it is the ordering organization."""

    name: str
    msp_id: str
    nodes: tuple[NodePlan, ...]
    external: External | None = None
    """Set for an organization that is run elsewhere; it has no nodes here."""
    leaving: bool = False
    """True: it is on no channel, and may be taken out of the stack file."""
    revoked: tuple[str, ...] = ()
    """Certificates that it revokes: serial numbers, hexadecimal, or PEM."""

    @property
    def people(self) -> tuple[str, ...]:
        """Return who gets an identity. Nobody uses applications for an organization that orders.

        An identity more could sign blocks: by Fabric's default, any member of it may.
        """
        orders = any(node.kind == "orderer" for node in self.nodes)
        return (ADMIN,) if orders else (ADMIN, USER)


@dataclass(frozen=True, kw_only=True)
class MemberPlan:
    """An organization on a channel."""

    organization: str
    external: External | None
    """The definition of an organization that is run elsewhere."""
    peers: tuple[NodePlan, ...]
    """Peers that join; none of an external organization's are known here."""
    anchor_peers: tuple[str, ...]
    """`host:port` of the peers that other organizations' peers find it by."""


@dataclass(frozen=True, kw_only=True)
class ChannelPlan:
    """A channel: its members and how its blocks are cut."""

    name: str
    members: tuple[MemberPlan, ...]
    batch: BatchSettings
    raft: RaftOptions
    capabilities: Mapping[str, str] = field(hash=False)
    """The capabilities that the stack file states, by the part of the channel; others have defaults."""

    @property
    def releases(self) -> dict[str, str]:
        """Return the releases of members that are run elsewhere, as they say, by their MSP ids."""
        others = (member.external for member in self.members)
        return {each.msp_id: each.release for each in others if each is not None and each.release}

    @property
    def managed(self) -> tuple[MemberPlan, ...]:
        """Return the members whose peers run in this instance."""
        return tuple(member for member in self.members if member.peers)


@dataclass(frozen=True, kw_only=True)
class ServerPlan(PodSettings):
    """The server of one version of a chaincode, for one organization: where its peers find it.

    Versions do not share a name: the old server goes on under its own until the new definition is committed,
    and is still there if it never is.
    """

    name: str
    """Name of its Deployment and Service: `<chaincode>-<organization>-<hash of the version>`."""
    organization: str
    host: str
    peers: tuple[NodePlan, ...]
    """The organization's peers that are on any of the chaincode's channels."""
    replicas: int
    open_egress: bool
    """True: its own connections go anywhere; else to its organization's peers and DNS alone."""

    @property
    def address(self) -> str:
        """Return `host:port`, as the package says it."""
        return f"{self.host}:{CHAINCODE_PORT}"


@dataclass(frozen=True, kw_only=True)
class CollectionPlan:
    """Private data of a chaincode."""

    name: str
    policy: str
    """The organizations whose peers hold the data, as an expression."""
    terms: CollectionTerms
    endorsement_policy: str | None
    """An expression, or the path of a channel policy; None = the chaincode's rule."""


@dataclass(frozen=True, kw_only=True)
class DefinitionPlan:
    """The definition of a chaincode that is wanted on a channel."""

    channel: str
    further: bool
    """True: the stack file has the channel under `channels`, so its resources are named by it, too."""
    sequence: int
    endorsement_policy: str | None
    """A rule of `peer lifecycle --signature-policy`, or the path of a channel policy (begins with `/`);
    None = the channel's own Endorsement policy."""
    init_required: bool
    collections: tuple[CollectionPlan, ...]
    members: tuple[MemberPlan, ...]
    """The members of the channel that are managed here: they approve it."""


@dataclass(frozen=True, kw_only=True)
class ChaincodePlan:
    """A chaincode: its servers, and its definition on each of its channels."""

    name: str
    version: str
    label: str
    image: str
    language: str
    """python, go, node or java: which environment the image expects."""
    environment: Mapping[str, str] = field(hash=False)
    """Variables of the server, beside those that the language needs."""
    secret_environment: Mapping[str, tuple[str, str]] = field(hash=False)
    """Variables whose values are in Secrets: name of the Secret, and key."""
    metadata: Mapping[str, str] = field(hash=False)
    """Files of the package beside its own, by their paths: indexes of CouchDB."""
    definitions: tuple[DefinitionPlan, ...]
    """The definitions, one for each channel."""
    servers: tuple[ServerPlan, ...]
    """The servers, one for each organization that is managed here and on one of the channels."""


@dataclass(frozen=True, kw_only=True)
class ImagesPlan:
    """Images of the nodes, the mirror and the stand-ins already minded."""

    peer: str
    orderer: str
    couchdb: str
    pull_secrets: tuple[str, ...] = ()
    """Names of Secrets in the namespace."""


@dataclass(frozen=True, kw_only=True)
class Topology:
    """The layout of a whole instance: every node, channel and chaincode."""

    instance: str
    namespace: str
    domain: str
    public_address: str
    """Address of the nodes for clients outside, empty = none."""
    service_type: str
    """The type of the nodes' Services: `ClusterIP`, `NodePort` or `LoadBalancer`."""
    consensus: str
    """`etcdraft` or `BFT`, as the ledger says it."""
    bft: BftOptions | None
    """Options of BFT; None with Raft."""
    images: ImagesPlan
    new_channels: Mapping[str, str] = field(hash=False)
    """What a channel gets where the stack file says nothing of it alone, as `batch.messages`: `500`."""
    ordering: OrganizationPlan
    organizations: tuple[OrganizationPlan, ...]
    """Members, external ones too."""
    channels: tuple[ChannelPlan, ...]
    chaincodes: tuple[ChaincodePlan, ...]

    @property
    def managed(self) -> tuple[OrganizationPlan, ...]:
        """Return the members whose authorities and peers are in this instance."""
        return tuple(each for each in self.organizations if each.external is None)

    @property
    def nodes(self) -> tuple[NodePlan, ...]:
        """Return every node: orderers first, then each organization's peers."""
        return (*self.ordering.nodes, *(node for member in self.organizations for node in member.nodes))

    @property
    def moving(self) -> bool:
        """Tell whether nodes answer to former addresses, too."""
        return any(node.former for node in self.nodes)

    @property
    def databases(self) -> tuple[CouchdbPlan, ...]:
        """Return every peer's CouchDB, none with LevelDB."""
        return tuple(node.couchdb for node in self.nodes if node.couchdb)

    @property
    def stored(self) -> tuple[StoredPod, ...]:
        """Return all that has a volume claim."""
        return (*self.nodes, *self.databases)

    def channels_of(self, organization: str) -> tuple[str, ...]:
        """Return names of the channels that an organization is on."""
        return tuple(
            channel.name
            for channel in self.channels
            if any(member.organization == organization for member in channel.members)
        )

    @property
    def database_names(self) -> dict[str, str]:
        """Return the name of each state database by its peer's name."""
        return {node.name: node.couchdb.name for node in self.nodes if node.couchdb}

    @property
    def memberships(self) -> dict[str, list[str]]:
        """Return the names of each channel's peers, sorted: their order in the stack file means nothing."""
        return {
            channel.name: sorted(peer.name for member in channel.managed for peer in member.peers)
            for channel in self.channels
        }

    @property
    def secret_keys(self) -> dict[str, tuple[str, ...]]:
        """Return the keys that variables are read from, by the Secret, which somebody made beforehand."""
        found: dict[str, set[str]] = {}
        variables = [each.secret_environment for each in self.nodes]
        variables += [each.secret_environment for each in self.chaincodes]
        for secret, key in (place for each in variables for place in each.values()):
            found.setdefault(secret, set()).add(key)
        return {secret: tuple(sorted(keys)) for secret, keys in sorted(found.items())}
