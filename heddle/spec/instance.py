"""Describe a whole instance: the value of `fabric:instance` in a stack file."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from heddle.spec.backup import Backup
from heddle.spec.capabilities import Capabilities
from heddle.spec.chaincode import Chaincode
from heddle.spec.cluster import Certificates, Cluster, Images, Passwords
from heddle.spec.defaults import DNS_DOMAIN
from heddle.spec.former import Former
from heddle.spec.kinds import Power
from heddle.spec.members import Channel, Organization
from heddle.spec.model import Section
from heddle.spec.monitoring import MonitoringWanted
from heddle.spec.names import Domain, InstanceName, Namespace
from heddle.spec.nodes import NodeSettings, Storage
from heddle.spec.ordering import Ordering
from heddle.spec.public import PublicAddress
from heddle.spec.rules import broken_rules


class Instance(Section):
    """A blockchain instance: its place, its ordering service, members, channels and chaincodes."""

    name: InstanceName
    """Name of the instance; immutable."""
    namespace: Namespace | None = None
    """Kubernetes namespace, made for this instance alone. Default: fabric-<name>."""
    edition: Literal["professional", "enterprise"] | None = None
    """Profile of quotas. Default: Fabric's own limits."""
    type: Literal["private", "consortium"] = "private"
    """private: every organization is managed here. consortium: others may join; it needs `domain`."""
    power: Power = "on"
    """off: the instance sleeps. Nothing of it runs, and nothing of it is lost; on wakes it."""
    disposable: bool = False
    """True: `destroy` may delete ledgers, keys and channels. Otherwise they are protected."""
    standin: bool = False
    """True: stand-in peers and orderers instead of Fabric's images, for machines that cannot have those."""
    images: Images = Images()
    """Images of the nodes."""
    cluster: Cluster | None = None
    """Which cluster. Default: the local cluster named like the stack."""
    public_address: PublicAddress = "none"
    """Where clients outside reach the nodes: none; an address of the cluster's nodes, with a port that
    Kubernetes assigns; or auto, which is the local cluster's own address and none elsewhere."""
    exposure: Literal["NodePort", "LoadBalancer"] = "NodePort"
    """How clients outside reach the nodes: a port of the cluster's machines, or a load balancer per node."""
    domain: Domain | None = None
    """Domain of the node names on the ledger, which must resolve inside and outside the cluster. With it
    every organization has a pinned block of ports. Default: the namespace's Service DNS, which serves an
    instance that others do not join."""
    former: Former | None = None
    """Addresses that nodes had before, while they move to those of now."""
    state_database: Literal["LevelDB", "CouchDB"] = "LevelDB"
    """State database of every peer; it cannot be changed later. CouchDB answers rich queries of JSON, and
    takes a pod and a claim of its own per peer."""
    storage: Storage = Storage()
    """Volumes of the nodes."""
    nodes: dict[str, NodeSettings] = Field(default_factory=dict)
    """Settings of nodes, by kind (orderer, peer, couchdb, chaincode, prometheus, alertmanager) or by a node's
    name, as peer0-org1."""
    certificates: Certificates = Certificates()
    """Validity, renewal and keys of certificates."""
    passwords: Passwords = Passwords()
    """Renewal of passwords."""
    backup: Backup | None = None
    """Where backups are kept. Default: nowhere."""
    monitoring: MonitoringWanted = None
    """What watches the instance. Default: nothing."""
    ordering: Ordering = Ordering()
    """The ordering service and its nodes."""
    capabilities: Capabilities = Capabilities()
    """Capabilities of channels, where they do not say otherwise."""
    organizations: Annotated[tuple[Organization, ...], Field(min_length=1)]
    """Organizations with peers, the members of channels."""
    channels: tuple[Channel, ...] = ()
    """Channels between the organizations."""
    chaincodes: tuple[Chaincode, ...] = ()
    """Chaincodes on the channels."""

    @property
    def keeps_namespace(self) -> bool:
        """Return whether the namespace stays when the stack is destroyed."""
        return self.cluster is not None and self.cluster.keep_namespace

    @property
    def asleep(self) -> bool:
        """Return whether nothing of the instance is to run."""
        return self.power == "off"

    @property
    def dns_domain(self) -> str:
        """Return what the names of the cluster's Services end with."""
        return self.cluster.dns_domain if self.cluster else DNS_DOMAIN

    @model_validator(mode="after")
    def _references_hold(self) -> Self:
        """Check the rules between fields; the loader reports each broken one with its own path."""
        broken = broken_rules(self.model_dump(mode="json", by_alias=True, exclude_unset=True))
        if broken:
            raise PydanticCustomError(
                "rules",
                "{allowed}",
                {
                    "allowed": "; ".join(f"{rule.path}: {rule.allowed}" for rule in broken),
                    "problems": broken,
                },
            )
        return self
