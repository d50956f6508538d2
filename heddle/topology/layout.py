"""From what a stack file says to every name, address and port of the instance."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from heddle.settings import BatchSettings, BftOptions, RaftOptions, written_settings
from heddle.spec import Instance
from heddle.spec.capabilities import Capabilities, ChannelCapabilities
from heddle.spec.chaincode import Chaincode
from heddle.spec.defaults import default_msp_id, default_namespace
from heddle.spec.fields import stated
from heddle.spec.former import NO_DOMAIN
from heddle.spec.indices import indices_in
from heddle.spec.member import Membership
from heddle.spec.members import Channel, Organization
from heddle.spec.ports import PortBlock
from heddle.topology.images import images_plan, node_image
from heddle.topology.plans import (
    ChaincodePlan,
    ChannelPlan,
    CouchdbPlan,
    DefinitionPlan,
    MemberPlan,
    NodePlan,
    OrganizationPlan,
    ServerPlan,
    Topology,
)
from heddle.topology.pods import claim_settings, node_variables, places_of, pod_settings
from heddle.topology.policies import collection_plan, endorsement_policy

PEER_PORT = 7051
PEER_OPERATIONS_PORT = 9443
ORDERER_PORT = 7050
ORDERER_ADMIN_PORT = 9443
ORDERER_OPERATIONS_PORT = 8443

_PLAIN = re.compile(r"(?!(?:peer|orderer|couchdb)\d+$)[a-z][a-z0-9]{0,24}")
"""Names of chaincodes that a Kubernetes name can begin with, and that no node's begins with."""


def plan(instance: Instance, *, public_address: str = "") -> Topology:
    """Lay out an instance.

    Args:
        instance: what the stack file says.
        public_address: where clients outside reach the nodes, already resolved; empty = nowhere.
    """
    site = _Site(instance, public_address)
    orderer, indices = instance.ordering.organization, instance.ordering.indices
    ordering = site.managed("orderer", orderer.name, orderer.msp_id, indices, orderer.ports)
    ordering = replace(ordering, revoked=orderer.revoked)
    members = {each.name: site.organization(each) for each in instance.organizations}
    channels = {each.name: site.channel(each, members) for each in instance.channels}
    msp_ids = {each.name: each.msp_id for each in members.values()}
    return Topology(
        instance=instance.name,
        namespace=site.namespace,
        domain=site.domain,
        public_address=public_address,
        service_type=site.service_type,
        consensus="BFT" if site.bft else "etcdraft",
        bft=site.bft,
        images=images_plan(instance),
        new_channels=site.new_channels(),
        ordering=ordering,
        organizations=tuple(members.values()),
        channels=tuple(channels.values()),
        chaincodes=tuple(site.chaincode(each, channels, msp_ids) for each in instance.chaincodes),
    )


def _member(organization: OrganizationPlan, wanted: Membership) -> MemberPlan:
    indices = None if wanted.peers is None else indices_in(wanted.peers)
    peers = tuple(peer for peer in organization.nodes if indices is None or peer.index in indices)
    external = organization.external
    anchors = external.anchor_peers if external else (peer.address for peer in peers[: wanted.anchor_peers])
    return MemberPlan(
        organization=organization.name, external=external, peers=peers, anchor_peers=tuple(anchors)
    )


def _definition(
    wanted: Chaincode, channel: ChannelPlan, msp_ids: Mapping[str, str], *, further: bool = False
) -> DefinitionPlan:
    """Return the definition on a channel; `wanted` is the chaincode as it is there."""
    return DefinitionPlan(
        channel=channel.name,
        further=further,
        sequence=wanted.sequence,
        endorsement_policy=endorsement_policy(
            wanted.endorsement, (msp_ids[member.organization] for member in channel.members)
        ),
        init_required=wanted.init_required,
        # Organizations approve them in an order, which the file's must not change by accident.
        collections=tuple(
            collection_plan(each, msp_ids) for each in sorted(wanted.collections, key=attrgetter("name"))
        ),
        members=channel.managed,
    )


def _said(section: Capabilities | ChannelCapabilities | None) -> dict[str, str]:
    return {} if section is None else section.model_dump(exclude_unset=True, exclude_none=True)


def _server_name(chaincode: Chaincode, organization: str) -> str:
    """Return a name of at most 63 characters that no other chaincode, organization or version has.

    Versions may have what Kubernetes' names may not, so they are told apart by six digits of a hash. So may
    names of chaincodes: those are cut to what is allowed, and told apart by the hash too.
    """
    plain = _PLAIN.fullmatch(chaincode.name) is not None
    told_apart = chaincode.version if plain else f"{chaincode.name}/{chaincode.version}"
    shown = chaincode.name if plain else f"c{re.sub('[^a-z0-9]', '', chaincode.name.lower())}"[:25]
    return f"{shown}-{organization}-{hashlib.sha256(told_apart.encode()).hexdigest()[:6]}"


@dataclass(frozen=True)
class _Site:
    """The parts that all names of an instance share."""

    instance: Instance
    public_address: str

    @property
    def namespace(self) -> str:
        return self.instance.namespace or default_namespace(self.instance.name)

    @property
    def service_domain(self) -> str:
        return f"{self.namespace}.svc.{self.instance.dns_domain}"

    @property
    def domain(self) -> str:
        return self.instance.domain or self.service_domain

    @property
    def service_type(self) -> str:
        if self.instance.exposure == "LoadBalancer":
            return "LoadBalancer"
        return "NodePort" if self.public_address or self.instance.domain else "ClusterIP"

    @property
    def bft(self) -> BftOptions | None:
        ordering = self.instance.ordering
        return BftOptions(**stated(ordering.bft, BftOptions)) if ordering.type == "bft" else None

    def new_channels(self) -> dict[str, str]:
        ordering = self.instance.ordering
        return written_settings(
            BatchSettings(**stated(ordering.batch, BatchSettings)),
            self.bft or RaftOptions(**stated(ordering, RaftOptions)),
            self.instance.capabilities.model_dump(),
        )

    def organization(self, wanted: Organization) -> OrganizationPlan:
        if wanted.external is None:
            indices = indices_in(wanted.peers)
            managed = self.managed("peer", wanted.name, wanted.msp_id, indices, wanted.ports)
            return replace(managed, leaving=wanted.leaving, revoked=wanted.revoked)
        external = wanted.external
        return OrganizationPlan(name=wanted.name, msp_id=external.msp_id, nodes=(), external=external)

    def managed(
        self, kind: str, name: str, msp_id: str | None, indices: tuple[int, ...], ports: PortBlock | None
    ) -> OrganizationPlan:
        msp_id = msp_id or default_msp_id(name, self.instance.name)
        nodes = tuple(
            self.node(kind, index, name, msp_id, ports.first + index if ports else None) for index in indices
        )
        return OrganizationPlan(name=name, msp_id=msp_id, nodes=nodes)

    def node(self, kind: str, index: int, organization: str, msp_id: str, pinned: int | None) -> NodePlan:
        name = f"{kind}{index}-{organization}"
        orderer = kind == "orderer"
        return NodePlan(
            name=name,
            kind=kind,
            index=index,
            organization=organization,
            msp_id=msp_id,
            namespace=self.namespace,
            host=f"{name}.{self.domain}",
            port=pinned or (ORDERER_PORT if orderer else PEER_PORT),
            operations_port=ORDERER_OPERATIONS_PORT if orderer else PEER_OPERATIONS_PORT,
            admin_port=ORDERER_ADMIN_PORT if orderer else None,
            node_port=pinned if self.service_type == "NodePort" else None,
            tls_hosts=self._tls_hosts(name),
            former=self._former(name, kind, index, organization, pinned),
            image=node_image(self.instance, kind, name),
            couchdb=None if orderer else self._couchdb(name, index, organization),
            **pod_settings(self.instance.nodes, kind, name),
            **claim_settings(self.instance.nodes, self.instance.storage, kind, name),
            **node_variables(self.instance.nodes, kind, name),
        )

    def _former(
        self, name: str, kind: str, index: int, organization: str, pinned: int | None
    ) -> tuple[str, ...]:
        """Return the address that a node had before, if it is another one."""
        former, usual = self.instance.former, ORDERER_PORT if kind == "orderer" else PEER_PORT
        if former is None:
            return ()
        first = former.ports.get(organization)
        port = (pinned or usual) if first is None else first + index
        if former.domain == NO_DOMAIN:
            port = usual
        now, address = f"{name}.{self.domain}:{pinned or usual}", f"{name}.{self._former_domain}:{port}"
        return () if address == now else (address,)

    @property
    def _former_domain(self) -> str:
        former = self.instance.former
        if former is None or former.domain is None:
            return self.domain
        return self.service_domain if former.domain == NO_DOMAIN else former.domain

    def _tls_hosts(self, name: str) -> tuple[str, ...]:
        former = self.instance.former
        hosts = (
            f"{name}.{self.domain}",
            f"{name}.{self.service_domain}",
            f"{name}.{self.namespace}.svc",
            f"{name}.{self.namespace}",
            name,
            "localhost",
            "127.0.0.1",
            self.public_address,
            f"{name}.{self._former_domain}",
            former.public_address if former else None,
        )
        return tuple(dict.fromkeys(host for host in hosts if host))

    def _couchdb(self, peer: str, index: int, organization: str) -> CouchdbPlan | None:
        if self.instance.state_database != "CouchDB":
            return None
        name = f"couchdb{index}-{organization}"
        return CouchdbPlan(
            name=name,
            peer=peer,
            organization=organization,
            namespace=self.namespace,
            host=f"{name}.{self.service_domain}",
            image=node_image(self.instance, "couchdb", name),
            **pod_settings(self.instance.nodes, "couchdb", name),
            **claim_settings(self.instance.nodes, self.instance.storage, "couchdb", name),
        )

    def channel(self, wanted: Channel, members: Mapping[str, OrganizationPlan]) -> ChannelPlan:
        """Lay out a channel; its members are in the order of `organizations` in the stack file.

        An organization that is leaving is none of them, although the channel still names it.
        """
        by_name = {each.name: each for each in wanted.organizations if not members[each.name].leaving}
        ordering = self.instance.ordering
        return ChannelPlan(
            name=wanted.name,
            members=tuple(_member(each, by_name[name]) for name, each in members.items() if name in by_name),
            # What the channel says, limit by limit, over what `ordering` says.
            batch=BatchSettings(
                **stated(ordering.batch, BatchSettings) | stated(wanted.batch, BatchSettings)
            ),
            raft=RaftOptions(**stated(ordering, RaftOptions) | stated(wanted, RaftOptions)),
            capabilities=_said(self.instance.capabilities) | _said(wanted.capabilities),
        )

    def chaincode(
        self, wanted: Chaincode, channels: Mapping[str, ChannelPlan], msp_ids: Mapping[str, str]
    ) -> ChaincodePlan:
        own = [_definition(wanted, channels[wanted.channel], msp_ids)] if wanted.channel else []
        further = {each.name: wanted.on(each) for each in wanted.channels}
        definitions = own + [
            # In the order of the channels: that of their names here means nothing.
            _definition(further[name], channel, msp_ids, further=True)
            for name, channel in channels.items()
            if name in further
        ]
        return ChaincodePlan(
            name=wanted.name,
            version=wanted.version,
            label=f"{wanted.name}_{wanted.version}",
            image=wanted.image,
            language=wanted.language,
            environment=wanted.environment,
            secret_environment=places_of(wanted.secret_environment),
            metadata=wanted.metadata,
            definitions=tuple(definitions),
            servers=tuple(self._servers(wanted, definitions)),
        )

    def _servers(self, wanted: Chaincode, definitions: Sequence[DefinitionPlan]) -> Iterator[ServerPlan]:
        """Yield a server for each organization that is on any of the channels."""
        members = [member for definition in definitions for member in definition.members]
        for organization in (each.name for each in self.instance.organizations):
            peers = {
                peer.index: peer
                for each in members
                if each.organization == organization
                for peer in each.peers
            }
            if peers:
                yield self._server(wanted, organization, tuple(peers[index] for index in sorted(peers)))

    def _server(self, wanted: Chaincode, organization: str, peers: tuple[NodePlan, ...]) -> ServerPlan:
        name = _server_name(wanted, organization)
        return ServerPlan(
            name=name,
            organization=organization,
            host=f"{name}.{self.service_domain}",
            peers=peers,
            replicas=wanted.replicas,
            open_egress=wanted.egress == "open",
            **pod_settings(self.instance.nodes, "chaincode", wanted.name),
        )
