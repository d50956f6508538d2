"""Hold the layout of a whole instance, and answer what is asked about all of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from heddle.settings import BftOptions
from heddle.topology.plans.chaincodes import ChaincodePlan
from heddle.topology.plans.members import ChannelPlan, OrganizationPlan
from heddle.topology.plans.monitoring import MonitoringPlan
from heddle.topology.plans.nodes import CouchdbPlan, NodePlan, StoredPod


@dataclass(frozen=True, kw_only=True)
class ImagesPlan:
    """Images of the nodes, the mirror and the stand-ins already minded."""

    peer: str
    orderer: str
    couchdb: str
    prometheus: str
    alertmanager: str
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
    monitoring: MonitoringPlan | None = None
    """What watches the instance; None = nothing."""

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
    def custom_kinds(self) -> dict[str, tuple[str, ...]]:
        """Return the kinds, by API version, that the cluster has to know beside Kubernetes' own."""
        return self.monitoring.custom_kinds if self.monitoring is not None else {}

    @property
    def secret_keys(self) -> dict[str, tuple[str, ...]]:
        """Return the keys that pods read, by the Secret, which somebody made beforehand."""
        found: dict[str, set[str]] = {}
        variables = [each.secret_environment for each in self.nodes]
        variables += [each.secret_environment for each in self.chaincodes]
        if self.monitoring is not None:
            variables.append(self.monitoring.secrets)
        for secret, key in (place for each in variables for place in each.values()):
            found.setdefault(secret, set()).add(key)
        return {secret: tuple(sorted(keys)) for secret, keys in sorted(found.items())}
