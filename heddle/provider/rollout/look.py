"""Look at the nodes of a set as they are, for previews and for an `up` without changes."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from heddle.fabric.connection import Connections
from heddle.fabric.node import ClientTls, Node
from heddle.identity.signer import Signer
from heddle.kube.pods import NodePods, PodState, together
from heddle.network.answers import ask_orderer_channels, ask_peer_channels
from heddle.network.databases import with_state_heights
from heddle.network.leadership import Handover
from heddle.network.serving import orderer_services, peer_services
from heddle.network.unopened import with_unopened
from heddle.planner.facts import NodeFacts, PodFacts
from heddle.planner.health import slowness, trouble
from heddle.planner.leadership import HandOver
from heddle.plugin.values import has_unknown
from heddle.provider.checked_values import client_tls, nodes, signer, signers
from heddle.provider.handler import Call
from heddle.schema.kubernetes import ROLLOUT
from heddle.text import are, part_of

__all__ = ["NodeSet", "not_well"]

_CALL = 15.0
"""Seconds for one node: a busy one answers in that time."""
_SERVICE = 5.0
"""Seconds for one question about what a node serves: it is asked again until it does, or for a while."""


@dataclass(frozen=True, kw_only=True)
class NodeSet:
    """Ask the nodes of one Rollout. `inputs`: checked and known; `former`: of before, if any."""

    connections: Connections
    inputs: Mapping[str, Any]
    former: Mapping[str, Any]

    @classmethod
    def known(cls, connections: Connections, call: Call) -> "NodeSet":
        """Return the nodes by what is known in a preview: the former ways to them, and no new node."""
        former = call.old_inputs
        inputs = call.with_former_ways(ROLLOUT)
        old = {each["name"] for each in former.get("nodes", ())}
        listed = call.inputs["nodes"] if not has_unknown(call.inputs["nodes"]) else former.get("nodes", [])
        kept = [each for each in listed if each["name"] in old]
        return cls(connections=connections, inputs={**inputs, "nodes": kept}, former=former)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Return the nodes, in their order."""
        return nodes(self.inputs["nodes"])

    @property
    def leaving(self) -> tuple[Node, ...]:
        """Return the orderers of before that are none of the nodes any more, and may still order."""
        if self.inputs["kind"] != "orderer":
            return ()
        staying = {each["name"] for each in self.inputs["nodes"]}
        return nodes([each for each in self.former.get("nodes", ()) if each["name"] not in staying])

    @property
    def databases(self) -> Mapping[str, str]:
        """Return the names of state databases by their peers' names."""
        return self.inputs.get("databases") or {}

    @property
    def memberships(self) -> Mapping[str, Sequence[str]]:
        """Return the names of the peers of each channel."""
        return self.inputs.get("memberships") or {}

    def channels_of(self, name: str) -> Sequence[str]:
        """Return the channels that a node is to be on: orderers are on all of them."""
        channels: Sequence[str] = self.inputs.get("channels") or ()
        if self.inputs["kind"] == "orderer":
            return channels
        return [channel for channel in channels if name in self.memberships.get(channel, ())]

    async def ask(self, node: Node) -> NodeFacts:
        """Return a node's facts, asked as its admin endpoint's client, or as a member of its organization."""
        channels, issued = self.inputs["channels"], self._issued(node.name)
        if self.inputs["kind"] == "orderer":
            tls = client_tls(self.inputs["adminTls"])
            return await ask_orderer_channels(
                self.connections,
                node,
                channels,
                tls,
                operations_tls=self.operations_tls,
                issued=issued,
                deadline=_CALL,
            )
        members = {each.msp_id: each for each in signers(self.inputs["signers"])}
        return await ask_peer_channels(
            self.connections, node, channels, members.get(node.msp_id), issued=issued, deadline=_CALL
        )

    async def services(self, node: Node, facts: NodeFacts) -> frozenset[str]:
        """Return what a node does for clients, as far as somebody who may ask is known."""
        member = next((each for each in self.readers if each.msp_id == node.msp_id), None)
        if member is None or facts.silent is not None:
            return frozenset()
        if self.inputs["kind"] == "orderer":
            gateways = self._peers_by_channel(nodes(self.inputs.get("gateways") or ()))
            return await orderer_services(
                self.connections,
                node,
                [each for each in self.nodes if each.name != node.name],
                gateways,
                facts,
                member,
                operations_tls=self.operations_tls,
                deadline=_SERVICE,
            )
        others = self._peers_by_channel([each for each in self.nodes if each.name != node.name])
        return await peer_services(self.connections, node, others, facts, member, deadline=_SERVICE)

    def _peers_by_channel(self, peers: Sequence[Node]) -> dict[str, list[Node]]:
        return {
            channel: [each for each in peers if each.name in names]
            for channel, names in self.memberships.items()
        }

    async def hand_over(self, leader: Node, wanted: HandOver) -> bool:
        """Have a channel get another leader; return whether the node leads it.

        Raises FabricError, ConfigtxError.
        """
        handover = Handover(
            connections=self.connections,
            reader=next(each for each in self.readers if each.msp_id == leader.msp_id),
            identities={name: client_tls(each) for name, each in self._of_orderers("tlsIdentities").items()},
            signers={name: signer(each) for name, each in self._of_orderers("consenterIdentities").items()},
        )
        nodes = [node for node in self.nodes if node.name in wanted.nodes]
        if wanted.view is not None:
            return await handover.ask_for_next_view(
                leader, nodes, wanted.channel, wanted.view, deadline=_CALL
            )
        await handover.ask(leader, nodes[0], wanted.channel, deadline=_CALL)
        return True

    @property
    def hands_over(self) -> bool:
        """Tell whether leaders can be asked to hand over: orderers whose keys are known, and readers."""
        readers = {each.msp_id for each in self.readers}
        known = self._of_orderers("tlsIdentities").keys() | self._of_orderers("consenterIdentities").keys()
        return self.inputs["kind"] == "orderer" and all(
            node.name in known and node.msp_id in readers for node in self.nodes
        )

    def _of_orderers(self, name: str) -> Mapping[str, Any]:
        return self.inputs.get(name) or {}

    @property
    def readers(self) -> Sequence[Signer]:
        """Return one identity of each organization that may ask its nodes."""
        return signers(self.inputs.get("signers") or ())

    async def pod_states(self, pods: NodePods) -> dict[str, PodState | None]:
        """Return each node's pod, together with its database's, by the node's name."""
        asked = (_pod_state(pods, node, self.databases.get(node.name)) for node in self.nodes)
        return {node.name: each for node, each in zip(self.nodes, await asyncio.gather(*asked), strict=True)}

    async def ask_with_state(self, pods: NodePods, node: Node) -> NodeFacts:
        """Return a node's facts, with what its database holds where it has one."""
        facts, database = await self.ask(node), self.databases.get(node.name)
        if database is None:
            return facts
        answers = await with_state_heights(
            pods, self.connections, node, database, facts.channels, deadline=_CALL
        )
        return replace(facts, channels=answers)

    async def facts(self, pods: NodePods) -> list[NodeFacts]:
        """Return every node's facts, its pod's among them, as they are at this moment."""
        return await asyncio.gather(*(self._facts(pods, node) for node in self.nodes))

    async def _facts(self, pods: NodePods, node: Node) -> NodeFacts:
        facts, state = await asyncio.gather(
            self.ask_with_state(pods, node), _pod_state(pods, node, self.databases.get(node.name))
        )
        if state is None:
            return facts
        pod = PodFacts(ready=state.ready, outdated=state.outdated, status=state.status)
        facts = replace(facts, pod=pod)
        if facts.kind == "orderer" or facts.silent is not None or not state.ready:
            return facts
        wanted = self.channels_of(node.name)
        return replace(facts, channels=await with_unopened(pods, node, facts.channels, wanted))

    @property
    def operations_tls(self) -> ClientTls | None:
        """Return what operations endpoints want; None where a preview does not know it yet."""
        given = self.inputs.get("operationsTls")
        return None if given is None or has_unknown(given) else client_tls(given)

    def _issued(self, name: str) -> list[bytes]:
        """Return the certificates that the state issued to a node: of now, and of before."""
        issued = [(inputs.get("certificates") or {}).get(name) for inputs in (self.inputs, self.former)]
        return [pem.encode() for pem in issued if isinstance(pem, str)]


async def _pod_state(pods: NodePods, node: Node, database: str | None) -> PodState | None:
    """Return the node's pod, together with its database's; None: a StatefulSet is missing."""
    own = await pods.state(node.name)
    if own is None or database is None:
        return own
    other = await pods.state(database)
    return None if other is None else together([other, await pods.beside(own, database)])


def not_well(kind: str, facts: list[NodeFacts]) -> str:
    """Return a warning with a line for each node that is not well, or slow; empty if all are well."""
    ill = [f"{node.name}: {words}" for node in facts if (words := trouble(node))]
    slow = [f"{node.name}: {words}" for node in facts if (words := slowness(node)) and not trouble(node)]
    lines: list[str] = []
    if ill:
        lines += [f"{part_of(len(ill), len(facts), kind)} {are(len(ill))} not well", *ill]
    if slow:
        count = part_of(len(slow), len(facts), kind)
        lines += [f"{count} {are(len(slow))} slow, which is no sign of harm", *slow]
    return "\n".join(lines)
