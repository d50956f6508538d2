"""Lay out an instance: from what its stack file says to every name, address and port."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from heddle.settings import BatchSettings, BftOptions, RaftOptions, written_settings
from heddle.spec import Instance
from heddle.spec.capabilities import Capabilities, ChannelCapabilities
from heddle.spec.defaults import default_msp_id
from heddle.spec.fields import stated
from heddle.spec.indices import indices_in
from heddle.spec.member import Membership
from heddle.spec.members import Channel, Organization
from heddle.spec.ports import PortBlock
from heddle.topology.addresses import (
    ORDERER_ADMIN_PORT,
    ORDERER_OPERATIONS_PORT,
    ORDERER_PORT,
    PEER_OPERATIONS_PORT,
    PEER_PORT,
    Addresses,
)
from heddle.topology.chaincodes import chaincode_plan
from heddle.topology.images import images_plan, node_image
from heddle.topology.monitoring import monitoring_plan
from heddle.topology.plans.instance import Topology
from heddle.topology.plans.members import ChannelPlan, MemberPlan, OrganizationPlan
from heddle.topology.plans.nodes import CouchdbPlan, NodePlan
from heddle.topology.pods import claim_settings, node_variables, pod_settings


def plan(instance: Instance, *, public_address: str = "") -> Topology:
    """Lay out an instance.

    Args:
        instance: what the stack file says.
        public_address: where clients outside reach the nodes, already resolved; empty = nowhere.
    """
    addresses = Addresses(instance, public_address)
    site = _Site(instance, addresses)
    orderer, indices = instance.ordering.organization, instance.ordering.indices
    ordering = site.managed("orderer", orderer.name, orderer.msp_id, indices, orderer.ports)
    ordering = replace(ordering, revoked=orderer.revoked)
    members = {each.name: site.organization(each) for each in instance.organizations}
    channels = {each.name: site.channel(each, members) for each in instance.channels}
    msp_ids = {each.name: each.msp_id for each in members.values()}
    return Topology(
        instance=instance.name,
        namespace=addresses.namespace,
        domain=addresses.domain,
        public_address=public_address,
        service_type=addresses.service_type,
        consensus="BFT" if site.bft else "etcdraft",
        bft=site.bft,
        images=images_plan(instance),
        new_channels=site.new_channels(),
        ordering=ordering,
        organizations=tuple(members.values()),
        channels=tuple(channels.values()),
        chaincodes=tuple(chaincode_plan(each, channels, addresses, msp_ids) for each in instance.chaincodes),
        monitoring=monitoring_plan(instance),
    )


def _member(organization: OrganizationPlan, wanted: Membership) -> MemberPlan:
    indices = None if wanted.peers is None else indices_in(wanted.peers)
    peers = tuple(peer for peer in organization.nodes if indices is None or peer.index in indices)
    external = organization.external
    anchors = external.anchor_peers if external else (peer.address for peer in peers[: wanted.anchor_peers])
    return MemberPlan(
        organization=organization.name, external=external, peers=peers, anchor_peers=tuple(anchors)
    )


def _said(section: Capabilities | ChannelCapabilities | None) -> dict[str, str]:
    return {} if section is None else section.model_dump(exclude_unset=True, exclude_none=True)


@dataclass(frozen=True)
class _Site:
    """Lay out the parts of one instance."""

    instance: Instance
    addresses: Addresses

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
            namespace=self.addresses.namespace,
            host=f"{name}.{self.addresses.domain}",
            port=pinned or (ORDERER_PORT if orderer else PEER_PORT),
            operations_port=ORDERER_OPERATIONS_PORT if orderer else PEER_OPERATIONS_PORT,
            admin_port=ORDERER_ADMIN_PORT if orderer else None,
            node_port=pinned if self.addresses.service_type == "NodePort" else None,
            tls_hosts=self.addresses.tls_hosts(name),
            former=self.addresses.former(name, kind, index, organization, pinned),
            image=node_image(self.instance, kind, name),
            couchdb=None if orderer else self._couchdb(name, index, organization),
            **pod_settings(self.instance.nodes, kind, name),
            **claim_settings(self.instance.nodes, self.instance.storage, kind, name),
            **node_variables(self.instance.nodes, kind, name),
        )

    def _couchdb(self, peer: str, index: int, organization: str) -> CouchdbPlan | None:
        if self.instance.state_database != "CouchDB":
            return None
        name = f"couchdb{index}-{organization}"
        return CouchdbPlan(
            name=name,
            peer=peer,
            organization=organization,
            namespace=self.addresses.namespace,
            host=f"{name}.{self.addresses.service_domain}",
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
