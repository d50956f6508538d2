"""Build a whole instance, from its cluster to its chaincodes."""

from dataclasses import dataclass
from typing import Any

import pulumi

from components.chaincode import Chaincode, ChaincodeArgs
from components.cluster import Cluster, ClusterArgs
from components.eip import Eip, EipArgs
from components.fabric_channel import FabricChannel, FabricChannelArgs
from components.orderer_set import OrdererSet, OrdererSetArgs
from components.organization import Organization, OrganizationArgs
from components.peer_set import PeerSet, PeerSetArgs
from components.site import Site
from components.storage import Storage, StorageArgs
from components.summary import access_output, instance_output
from heddle.spec import Instance
from heddle.topology import ChaincodePlan, ChannelPlan, OrganizationPlan, Topology


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """The stack file, its layout as names and addresses, and the cluster that it goes to."""

    instance: Instance
    topology: Topology
    kubeconfig: str
    """Text of a kubeconfig with one context."""
    cluster_identifier: str
    """Name of the cluster in the state."""


class Network(pulumi.ComponentResource):
    """A blockchain instance: its namespace, volumes, nodes, channels and chaincodes."""

    instance: dict[str, Any]
    """Names, endpoints, certificates, channels and chaincodes: what verbs about a running network read."""
    access: pulumi.Output[Any]
    """Credentials for the cluster and the nodes, secret as a whole."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("heddle:fabric:Network", name, None, opts)
        self._name, self._args, self._topology = name, args, args.topology
        cluster = self._cluster()
        self._site = Site(
            instance=args.instance.name,
            namespace=args.topology.namespace,
            place=cluster.namespace,
            public=args.topology.service_type != "ClusterIP",
            protect=not args.instance.disposable,
            certificates=args.instance.certificates,
            pull_secrets=args.topology.images.pull_secrets,
        )
        self._child = pulumi.ResourceOptions(parent=self, providers=cluster.providers)
        self._storage, self._eip = self._volumes(), self._addresses()
        self._orderers = self._orderer_set()
        self._peers = {plan.name: self._peer_set(plan) for plan in self._topology.managed}
        self._channels = {plan.name: self._channel(plan) for plan in self._topology.channels}
        self._chaincodes = {plan.name: self._chaincode(plan) for plan in self._topology.chaincodes}
        members = {self._topology.ordering.name: self._orderers.organization} | {
            name: peer_set.organization for name, peer_set in self._peers.items()
        }
        self.instance = instance_output(
            self._topology,
            standin=args.instance.standin,
            members=members,
            admin_tls=self._orderers.admin_tls,
            channels=self._channels,
            chaincodes=self._chaincodes,
            endpoints=self._eip.endpoints,
        )
        self.access = access_output(
            kubeconfig=args.kubeconfig, members=members, admin_tls=self._orderers.admin_tls
        )
        self.register_outputs({"namespace": self._topology.namespace})

    def _cluster(self) -> Cluster:
        return Cluster(
            f"{self._name}-cluster",
            ClusterArgs(
                instance=self._args.instance.name,
                namespace=self._topology.namespace,
                kubeconfig=self._args.kubeconfig,
                identifier=self._args.cluster_identifier,
                protect=not self._args.instance.disposable,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _volumes(self) -> Storage:
        return Storage(
            f"{self._name}-storage",
            StorageArgs(site=self._site, nodes=(*self._topology.nodes, *self._topology.databases)),
            self._child,
        )

    def _addresses(self) -> Eip:
        return Eip(
            f"{self._name}-eip",
            EipArgs(
                site=self._site,
                nodes=self._topology.nodes,
                service_type=self._topology.service_type,
                public_address=self._topology.public_address,
                pinned=self._args.instance.domain is not None,
            ),
            self._child,
        )

    def _orderer_set(self) -> OrdererSet:
        plan = self._topology.ordering
        return OrdererSet(
            f"{self._name}-orderers",
            OrdererSetArgs(
                site=self._site,
                plan=plan,
                organization=self._organization(plan),
                image=self._topology.images.orderer,
                consensus=self._topology.consensus,
                channels=tuple(channel.name for channel in self._topology.channels),
                claims=self._storage.claims,
                services=self._eip.services,
            ),
            self._child,
        )

    def _peer_set(self, plan: OrganizationPlan) -> PeerSet:
        return PeerSet(
            f"{self._name}-peers-{plan.name}",
            PeerSetArgs(
                site=self._site,
                plan=plan,
                organization=self._organization(plan),
                image=self._topology.images.peer,
                couchdb_image=self._topology.images.couchdb,
                channels=self._topology.channels_of(plan.name),
                claims=self._storage.claims,
                services=self._eip.services,
            ),
            self._child,
        )

    def _organization(self, plan: OrganizationPlan) -> Organization:
        return Organization(
            f"{self._name}-{plan.name}",
            OrganizationArgs(plan=plan, protect=self._site.protect, certificates=self._site.certificates),
            self._child,
        )

    def _channel(self, plan: ChannelPlan) -> FabricChannel:
        return FabricChannel(
            f"{self._name}-channel-{plan.name}",
            FabricChannelArgs(
                plan=plan,
                orderers=self._orderers,
                peers=self._peers,
                external={each.name: each.external for each in self._topology.organizations if each.external},
                bft=self._topology.bft,
                protect=self._site.protect,
            ),
            self._child,
        )

    def _chaincode(self, plan: ChaincodePlan) -> Chaincode:
        return Chaincode(
            f"{self._name}-chaincode-{plan.name}",
            ChaincodeArgs(
                site=self._site,
                plan=plan,
                channel=self._channels[plan.channel],
                orderers=self._orderers,
                peers=self._peers,
            ),
            self._child,
        )
