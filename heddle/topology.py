"""Every name, address and port of an instance, computed in one place from its stack file.

Pure. Names depend on the thing's own name and its organization's, never on a position in a list: adding or
removing a neighbour renames nothing. Kubernetes' limits (63 characters of a–z, 0–9 and -) hold by the lengths
that heddle.spec.names allows; tests/topology checks that.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from heddle.spec import Instance
from heddle.spec.chaincode import Chaincode, Endorsement
from heddle.spec.defaults import default_msp_id, default_namespace
from heddle.spec.ordering import Batch

PEER_PORT = 7051
PEER_OPERATIONS_PORT = 9443
ORDERER_PORT = 7050
ORDERER_ADMIN_PORT = 9443
ORDERER_OPERATIONS_PORT = 8443
CHAINCODE_PORT = 9999

ADMIN = "admin"
"""The organization's administrator: signs channel and lifecycle work."""
USER = "user"
"""The organization's first client identity: invokes chaincodes."""


@dataclass(frozen=True, kw_only=True)
class NodePlan:
    """One peer or orderer: a StatefulSet of one replica, with everything that carries its name."""

    name: str
    """Name of its StatefulSet, Service, ConfigMap, Secret and claim: `peer0-organization`."""
    kind: str
    """`peer` or `orderer`."""
    organization: str
    msp_id: str
    namespace: str
    host: str
    """Name on the ledger and in its certificate: `<name>.<domain>`."""
    port: int
    operations_port: int
    admin_port: int | None = None
    """Orderers: channel participation, on the pod's loopback."""
    tls_hosts: tuple[str, ...]
    """Names and addresses its TLS certificate is good for."""

    @property
    def pod(self) -> str:
        """Name of the StatefulSet's only pod."""
        return f"{self.name}-0"

    @property
    def address(self) -> str:
        """`host:port`, as the ledger says it."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class OrganizationPlan:
    """One organization and its nodes: peers, or orderers if it is the ordering organization."""

    name: str
    msp_id: str
    nodes: tuple[NodePlan, ...]


@dataclass(frozen=True, kw_only=True)
class MemberPlan:
    """An organization on a channel."""

    organization: str
    peers: tuple[NodePlan, ...]
    anchors: tuple[NodePlan, ...]
    """Peers that other organizations' peers find it by."""


@dataclass(frozen=True, kw_only=True)
class ChannelPlan:
    """One channel: its members and how its blocks are cut."""

    name: str
    members: tuple[MemberPlan, ...]
    batch: Batch


@dataclass(frozen=True, kw_only=True)
class ServerPlan:
    """The server of one version of a chaincode, for one organization: where its peers find it.

    Versions do not share a name: the old server goes on under its own until the new definition is committed,
    and is still there if it never is.
    """

    name: str
    """Name of its Deployment and Service: `<chaincode>-<organization>-<hash of the version>`."""
    organization: str
    host: str
    peers: tuple[NodePlan, ...]

    @property
    def address(self) -> str:
        """`host:port`, as the package says it."""
        return f"{self.host}:{CHAINCODE_PORT}"


@dataclass(frozen=True, kw_only=True)
class ChaincodePlan:
    """One chaincode on one channel."""

    name: str
    version: str
    sequence: int
    label: str
    channel: str
    image: str
    endorsement_policy: str | None
    """In the syntax of `peer lifecycle --signature-policy`; None = the channel's own Endorsement policy."""
    servers: tuple[ServerPlan, ...]
    """One per member of the channel."""


@dataclass(frozen=True, kw_only=True)
class Topology:
    """A whole instance."""

    instance: str
    namespace: str
    domain: str
    public_address: str
    """Address of the nodes for clients outside, empty = none."""
    ordering: OrganizationPlan
    organizations: tuple[OrganizationPlan, ...]
    channels: tuple[ChannelPlan, ...]
    chaincodes: tuple[ChaincodePlan, ...]

    @property
    def nodes(self) -> tuple[NodePlan, ...]:
        """Every node: orderers first, then each organization's peers."""
        return (*self.ordering.nodes, *(node for member in self.organizations for node in member.nodes))

    def channels_of(self, organization: str) -> tuple[str, ...]:
        """Names of the channels that an organization is on."""
        return tuple(
            channel.name
            for channel in self.channels
            if any(member.organization == organization for member in channel.members)
        )


def plan(instance: Instance, *, public_address: str = "") -> Topology:
    """Lay out an instance.

    Args:
        instance: what the stack file says.
        public_address: where clients outside reach the nodes, already resolved; empty = nowhere.
    """
    namespace = instance.namespace or default_namespace(instance.name)
    service_domain = f"{namespace}.svc.cluster.local"
    site = _Site(instance.name, namespace, service_domain, instance.domain or service_domain, public_address)
    orderer = instance.ordering.organization
    ordering = site.organization("orderer", orderer.name, orderer.msp_id, instance.ordering.nodes)
    members = tuple(
        site.organization("peer", each.name, each.msp_id, each.peers) for each in instance.organizations
    )
    channels = tuple(
        ChannelPlan(
            name=channel.name,
            members=tuple(_member(each) for each in members if each.name in channel.organizations),
            batch=channel.batch or instance.ordering.batch,
        )
        for channel in instance.channels
    )
    by_name = {channel.name: channel for channel in channels}
    msp_ids = {each.name: each.msp_id for each in members}
    return Topology(
        instance=instance.name,
        namespace=namespace,
        domain=site.domain,
        public_address=public_address,
        ordering=ordering,
        organizations=members,
        channels=channels,
        chaincodes=tuple(
            site.chaincode(each, by_name[each.channel], msp_ids) for each in instance.chaincodes
        ),
    )


def endorsement_policy(endorsement: Endorsement, msp_ids: Iterable[str]) -> str | None:
    """The signature policy of a chaincode over its channel's members; None = the channel's own policy.

    Members are sorted, so that their order in the file changes nothing on the ledger.
    """
    if endorsement is Endorsement.MAJORITY:
        return None
    operator = "OR" if endorsement is Endorsement.ANY else "AND"
    principals = ",".join(f"'{msp_id}.peer'" for msp_id in sorted(msp_ids))
    return f"{operator}({principals})"


def _member(organization: OrganizationPlan) -> MemberPlan:
    # One anchor is what gossip needs; the first peer stays the first when the organization grows or shrinks.
    return MemberPlan(
        organization=organization.name, peers=organization.nodes, anchors=organization.nodes[:1]
    )


@dataclass(frozen=True)
class _Site:
    """What all names of one instance share."""

    instance: str
    namespace: str
    service_domain: str
    domain: str
    public_address: str

    def organization(self, kind: str, name: str, msp_id: str | None, count: int) -> OrganizationPlan:
        msp_id = msp_id or default_msp_id(name, self.instance)
        nodes = tuple(self.node(kind, index, name, msp_id) for index in range(count))
        return OrganizationPlan(name=name, msp_id=msp_id, nodes=nodes)

    def node(self, kind: str, index: int, organization: str, msp_id: str) -> NodePlan:
        name = f"{kind}{index}-{organization}"
        orderer = kind == "orderer"
        return NodePlan(
            name=name,
            kind=kind,
            organization=organization,
            msp_id=msp_id,
            namespace=self.namespace,
            host=f"{name}.{self.domain}",
            port=ORDERER_PORT if orderer else PEER_PORT,
            operations_port=ORDERER_OPERATIONS_PORT if orderer else PEER_OPERATIONS_PORT,
            admin_port=ORDERER_ADMIN_PORT if orderer else None,
            tls_hosts=self._tls_hosts(name),
        )

    def _tls_hosts(self, name: str) -> tuple[str, ...]:
        hosts = (
            f"{name}.{self.domain}",
            f"{name}.{self.service_domain}",
            f"{name}.{self.namespace}.svc",
            f"{name}.{self.namespace}",
            name,
            "localhost",
            "127.0.0.1",
            self.public_address,
        )
        return tuple(dict.fromkeys(host for host in hosts if host))

    def chaincode(self, wanted: Chaincode, channel: ChannelPlan, msp_ids: dict[str, str]) -> ChaincodePlan:
        members = channel.members
        return ChaincodePlan(
            name=wanted.name,
            version=wanted.version,
            sequence=wanted.sequence,
            label=f"{wanted.name}_{wanted.version}",
            channel=wanted.channel,
            image=wanted.image,
            endorsement_policy=endorsement_policy(
                wanted.endorsement, (msp_ids[member.organization] for member in members)
            ),
            servers=tuple(self._server(wanted, member) for member in members),
        )

    def _server(self, wanted: Chaincode, member: MemberPlan) -> ServerPlan:
        # A hash, since versions may have what names may not; six digits keep the longest name at 63.
        version = hashlib.sha256(wanted.version.encode()).hexdigest()[:6]
        name = f"{wanted.name}-{member.organization}-{version}"
        return ServerPlan(
            name=name,
            organization=member.organization,
            host=f"{name}.{self.service_domain}",
            peers=member.peers,
        )
