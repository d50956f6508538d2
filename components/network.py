"""Build a whole instance, from its cluster to its chaincodes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.address_terms import address_terms
from components.chaincode import Chaincode, ChaincodeArgs
from components.cluster import Cluster, ClusterArgs
from components.dial_anew import dial_anew
from components.eip import Eip
from components.fabric_channel import FabricChannel, FabricChannelArgs
from components.monitoring import Monitoring, MonitoringArgs
from components.operations import Operations, OperationsArgs
from components.orderer_set import OrdererSet, OrdererSetArgs
from components.organization import Organization, OrganizationArgs
from components.peer_rollout import PeerRolloutArgs, peer_rollout, peer_rollout_args
from components.peer_set import PeerSet, PeerSetArgs
from components.power import PowerParts, declare_power
from components.site import Site
from components.storage import Storage
from components.summary import access_output, instance_output
from heddle.resources import Node, Power, Rollout
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
        self._site = Site(spec=args.instance, topology=args.topology, place=cluster.namespace)
        self._child = pulumi.ResourceOptions(parent=self, providers=cluster.providers)
        self._storage = Storage(f"{name}-storage", self._site, self._child)
        self._ordering = self._organization(self._topology.ordering)
        terms = address_terms(f"{name}-addresses", self._site, self._ordering, self._child)
        self._eip = Eip(f"{name}-eip", self._site, terms, self._child)
        self._operations = Operations(f"{name}-operations", OperationsArgs(site=self._site), self._child)
        self._orderers = self._orderer_set()
        self._peers = self._peer_sets()
        self._power = self._start()
        peers = [node.address for peer_set in self._peers.values() for node in peer_set.nodes.values()]
        self._orderers.roll_out(peers)
        self._peers_restarted = self._roll_out_peers()
        self._channels = {plan.name: self._channel(plan) for plan in self._topology.channels}
        self._dialled_anew = self._dial_anew()
        self._chaincodes = {plan.name: self._chaincode(plan) for plan in self._topology.chaincodes}
        members = {self._topology.ordering.name: self._orderers.organization} | {
            name: peer_set.organization for name, peer_set in self._peers.items()
        }
        nodes = dict(self._orderers.nodes)
        for peer_set in self._peers.values():
            nodes |= peer_set.nodes
        self._watch(members)
        self.instance = instance_output(
            self._topology,
            standin=args.instance.standin,
            members=members,
            nodes=nodes,
            admin_tls=self._orderers.admin_tls,
            operations=self._operations,
            channels=self._channels,
            chaincodes=self._chaincodes,
            endpoints=self._eip.endpoints,
            sleep=self._power if args.instance.asleep else None,
        )
        self.access = access_output(
            kubeconfig=args.kubeconfig,
            members=members,
            admin_tls=self._orderers.admin_tls,
            operations_tls=self._operations.client,
        )
        self.register_outputs({"namespace": self._topology.namespace})

    def _watch(self, members: Mapping[str, Organization]) -> None:
        """Have the instance watched, if its file says so."""
        plan, nodes = self._topology.monitoring, self._peers.values()
        if plan is None:
            return
        args = MonitoringArgs(
            site=self._site,
            plan=plan,
            stack=pulumi.get_stack(),
            operations=self._operations,
            members=members,
            databases={
                each.database.name: each.database
                for peer_set in nodes
                for each in peer_set.nodes.values()
                if each.database is not None
            },
        )
        Monitoring(f"{self._name}-monitoring", args, self._child)

    def _cluster(self) -> Cluster:
        return Cluster(
            f"{self._name}-cluster",
            ClusterArgs(
                instance=self._args.instance.name,
                namespace=self._topology.namespace,
                kubeconfig=self._args.kubeconfig,
                identifier=self._args.cluster_identifier,
                dns_domain=self._args.instance.dns_domain,
                secret_keys=self._topology.secret_keys,
                pull_secrets=self._topology.images.pull_secrets,
                custom_kinds=self._topology.custom_kinds,
                protect=not self._args.instance.disposable,
                asleep=self._args.instance.asleep,
                keep=self._args.instance.keeps_namespace,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _orderer_set(self) -> OrdererSet:
        plan = self._topology.ordering
        return OrdererSet(
            f"{self._name}-orderers",
            OrdererSetArgs(
                site=self._site,
                plan=plan,
                organization=self._ordering,
                claims=self._storage.claims,
                volumes=self._storage.volumes,
                services=self._eip.services,
                operations=self._operations,
            ),
            self._child,
        )

    def _peer_sets(self) -> dict[str, PeerSet]:
        """Return every organization's peers, by its name."""
        orderers = self._orderers.addresses
        return {
            plan.name: PeerSet(
                f"{self._name}-peers-{plan.name}",
                PeerSetArgs(
                    site=self._site,
                    plan=plan,
                    organization=self._organization(plan, orderers),
                    claims=self._storage.claims,
                    services=self._eip.services,
                    operations=self._operations,
                ),
                self._child,
            )
            for plan in self._topology.managed
        }

    def _start(self) -> Power:
        """Declare what runs, once it is declared what wakes it."""
        parts = PowerParts(
            site=self._site, orderers=self._orderers, peers=self._peers, operations=self._operations
        )
        power = declare_power(f"{self._name}-power", parts, self._child)
        self._orderers.start(power)
        for peers in self._peers.values():
            peers.start(power)
        return power

    def _peer_rollout_args(self) -> PeerRolloutArgs:
        return PeerRolloutArgs(
            site=self._site,
            peers=self._peers,
            operations=self._operations,
            volumes=self._storage.volumes,
            after=self._orderers.rollout,
        )

    def _roll_out_peers(self) -> list[Rollout]:
        """Return the rollout of all peers, which comes after the orderers'; none where no peer runs here."""
        name = f"{self._name}-peers-rollout"
        return [peer_rollout(name, self._peer_rollout_args(), self._child)] if self._peers else []

    def _dial_anew(self) -> list[Rollout]:
        """Return who restarts once more after the channels: orderers, then peers for their gateways."""
        after: list[pulumi.Resource] = [each.channel for each in self._channels.values()]
        for each in self._channels.values():
            after += each.memberships.values()
        # Without a channel nothing else stands between the two rollouts of the same nodes.
        after += [self._orderers.rollout, *self._peers_restarted]
        orderers = self._orderers.rollout_args
        name = f"{self._name}-orderers-dial-anew"
        rollouts = [dial_anew(name, orderers, self._orderers.nodes, after, self._child)]
        if self._peers:
            args, name = peer_rollout_args(self._peer_rollout_args()), f"{self._name}-peers-dial-anew"
            names = [node for peer_set in self._peers.values() for node in peer_set.nodes]
            rollouts.append(dial_anew(name, args, names, [*after, *rollouts], self._child))
        return rollouts

    def _organization(self, plan: OrganizationPlan, orderers: Sequence[Node] | None = None) -> Organization:
        return Organization(
            f"{self._name}-{plan.name}",
            OrganizationArgs(site=self._site, plan=plan, orderers=orderers),
            self._child,
        )

    def _channel(self, plan: ChannelPlan) -> FabricChannel:
        return FabricChannel(
            f"{self._name}-channel-{plan.name}",
            FabricChannelArgs(
                site=self._site,
                plan=plan,
                operations=self._operations,
                orderers=self._orderers,
                peers=self._peers,
                peers_restarted=self._peers_restarted,
            ),
            self._child,
        )

    def _chaincode(self, plan: ChaincodePlan) -> Chaincode:
        return Chaincode(
            f"{self._name}-chaincode-{plan.name}",
            ChaincodeArgs(
                site=self._site,
                plan=plan,
                channels=self._channels,
                orderers=self._orderers,
                peers=self._peers,
                peers_restarted=self._peers_restarted,
                dialled_anew=self._dialled_anew,
                power=self._power,
            ),
            self._child,
        )
