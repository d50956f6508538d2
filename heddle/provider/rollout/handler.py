"""Rollout: every node of a set runs the template that its StatefulSet holds (DESIGN, decision 6)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from heddle.fabric.node import Node
from heddle.kube.pods import NodePods, PodState, together
from heddle.network.answers import ask_orderer_channels, ask_peer_channels
from heddle.planner.facts import NodeFacts
from heddle.plugin.interface import CheckFailure
from heddle.plugin.values import Properties, has_unknown
from heddle.provider.checked_values import client_tls, nodes, signers
from heddle.provider.handler import Call, Gone, Handler, Plan, Seen
from heddle.provider.rollout.restart import Restarter
from heddle.schema.kubernetes import ROLLOUT

__all__ = ["RolloutHandler"]

_CALL = 10.0
"""Seconds for one node: a busy one answers in that time."""
_PATIENCE = 300.0
"""Seconds for one node to become ready, or to catch up: an image may have to be pulled."""


class RolloutHandler(Handler):
    """Rolls out new templates of nodes, as `heddle.schema.kubernetes` declares them.

    `revisions` only say that a template has changed; which pods are outdated is the StatefulSets' own word.
    """

    declaration = ROLLOUT
    identifier = "{namespace}/{kind}s"

    def verify(self, inputs: dict[str, Any]) -> list[CheckFailure]:
        """Report orderers without a certificate to ask them, and revisions that belong to no node."""
        failures = []
        if inputs["kind"] == "orderer" and inputs.get("adminTls") is None:
            reason = "is missing: orderers tell their channels' state to its holder only"
            failures.append(CheckFailure(property="adminTls", reason=reason))
        if has_unknown(inputs["nodes"]) or not isinstance(inputs["revisions"], dict):
            return failures
        names = {node["name"] for node in inputs["nodes"]}
        for name in names ^ set(inputs["revisions"]):
            reason = f"is missing: every node has one, {name} has not"
            if name not in names:
                reason = f"{name} is none of the nodes: {', '.join(sorted(names))}"
            failures.append(CheckFailure(property=f"revisions.{name}", reason=reason))
        return failures

    async def plan(self, call: Call) -> Plan:
        """Tell which nodes restart."""
        if not call.id:
            count = len(call.inputs["nodes"]) if isinstance(call.inputs["nodes"], list) else "all"
            return Plan(outputs={}, message=f"wait until {count} {call.inputs['kind']}s are ready")
        new, old = call.inputs["revisions"], call.old_inputs.get("revisions", {})
        if not isinstance(new, dict):
            return Plan(outputs={}, message="restarts are known after apply")
        unknown = sorted(name for name, revision in new.items() if has_unknown(revision))
        changed = sorted(
            name for name, revision in new.items() if name not in unknown and old.get(name) != revision
        )
        fresh = sorted(set(new) - set(old))
        restarts = [name for name in changed if name not in fresh]
        doubtful = [name for name in unknown if name not in fresh]
        if not changed and not unknown:
            return Plan(outputs={})
        head = f"restart {len(restarts)} of {len(new)} {call.inputs['kind']}s, one at a time"
        if not restarts and not doubtful:
            head = f"wait until {len(fresh)} new {call.inputs['kind']}s are ready"
        lines = [head, *restarts, *(f"{name}: known after apply" for name in doubtful)]
        return Plan(outputs={}, message="\n".join([*lines, *(f"{name}: new" for name in fresh)]))

    async def update(self, call: Call) -> Properties:
        """Restart outdated pods singly, each until it has caught up."""
        async with NodePods(await self.session.api_server(), call.inputs["namespace"]) as pods:
            restarter = Restarter(
                pods=pods,
                ask=self._asking(call),
                nodes=nodes(call.inputs["nodes"]),
                patience=call.deadline(_PATIENCE),
                databases=call.inputs.get("databases") or {},
            )
            restarted = await restarter.run()
        if restarted:
            await self.session.info(f"restarted {', '.join(restarted)}", call.urn)
        return {}

    async def read(self, call: Call) -> Seen:
        """Read the pods; an outdated or missing one gets another revision than the wanted one."""
        revisions = dict(call.inputs["revisions"])
        async with NodePods(await self.session.api_server(), call.inputs["namespace"]) as pods:
            databases = call.inputs.get("databases") or {}
            states = {node.name: await _state(pods, node, databases) for node in nodes(call.inputs["nodes"])}
        if all(state is None for state in states.values()):
            raise Gone
        for name, state in states.items():
            if state is None or state.outdated:
                revisions[name] = "outdated" if state is not None else "missing"
        return Seen(outputs={}, inputs={"revisions": revisions})

    def _asking(self, call: Call) -> Callable[[Node], Awaitable[NodeFacts]]:
        """Return how a node is asked: as its admin endpoint's client, or as a member of its organization."""
        connections, channels = self.session.connections, call.inputs["channels"]
        if call.inputs["kind"] == "orderer":
            tls = client_tls(call.inputs["adminTls"])
            return lambda node: ask_orderer_channels(connections, node, channels, tls, deadline=_CALL)
        members = {signer.msp_id: signer for signer in signers(call.inputs["signers"])}
        return lambda node: ask_peer_channels(
            connections, node, channels, members.get(node.msp_id), deadline=_CALL
        )


async def _state(pods: NodePods, node: Node, databases: Mapping[str, str]) -> PodState | None:
    """Return the node's pod, together with its database's; None: a StatefulSet is missing."""
    database = databases.get(node.name)
    names = (database, node.name) if database is not None else (node.name,)
    states = [state for name in names if (state := await pods.state(name)) is not None]
    return together(states) if len(states) == len(names) else None
