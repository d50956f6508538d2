"""Rollout: every node of a set runs the template that its StatefulSet holds (DESIGN, decision 6)."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from heddle.errors import HeddleError, ProviderError
from heddle.kube.pods import NodePods
from heddle.planner.operations import Operation
from heddle.planner.restart import is_outdated, key_refusal
from heddle.plugin.interface import CheckFailure, DiffKind
from heddle.plugin.values import Properties, has_unknown
from heddle.provider.handler import Call, Gone, Handler, Plan, Seen
from heddle.provider.rollout.changes import RevisionChanges
from heddle.provider.rollout.look import NodeSet, not_well
from heddle.provider.rollout.releases import SetReleases
from heddle.provider.rollout.restart import Restarter
from heddle.schema.kubernetes import ROLLOUT
from heddle.text import are, counted

__all__ = ["RolloutHandler"]

_PATIENCE = 300.0
"""Seconds for one node to become ready, or to catch up: an image may have to be pulled."""


class RolloutHandler(Handler):
    """Rolls out new templates of nodes, as `heddle.schema.kubernetes` declares them.

    `revisions` only say that a template has changed; which pods are outdated is the StatefulSets' own word.
    """

    declaration = ROLLOUT
    identifier = "{namespace}/{kind}s"
    operation = Operation.RESTART

    def verify(self, inputs: dict[str, Any]) -> list[CheckFailure]:
        """Report orderers without a certificate to ask them, and what belongs to none of the nodes."""
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
        listed = inputs["nodes" if inputs["kind"] == "peer" else "gateways"]
        if has_unknown(listed):
            return failures
        peers = {node["name"] for node in listed}
        for channel, members in (inputs.get("memberships") or {}).items():
            for name in sorted(set(members) - peers):
                reason = f"{name} is none of the peers: {', '.join(sorted(peers))}"
                failures.append(CheckFailure(property=f"memberships.{channel}", reason=reason))
        return failures

    def verify_change(self, olds: Properties, news: Properties) -> list[CheckFailure]:
        """Refuse new keys for several orderers at once: each is out of its channels for a while.

        Keys that are made already are taken in one by one. As long as they are not, no other is made: all
        orderers that start anew, as when an instance wakes, would be out of their channels together.
        """
        raised, to_make = _raised(olds, news), _keys_to_make(olds, news)
        if news.get("again"):
            return []  # the Rollout before has said so
        if len(raised) < 2 or not to_make:
            return []
        reason = _too_many_keys([name for name in raised if name not in to_make], to_make)
        return [CheckFailure(property="tlsKeys", reason=reason)]

    async def diff(self, call: Call) -> dict[str, DiffKind]:
        """Warn of nodes that are not well. A pod with an old template is a difference: `up` restarts it."""
        if call.inputs.get("again"):
            return await self._left_to_do(call)
        found = NodeSet.known(self.session.connections, call)
        try:
            async with NodePods(await self.session.api_server(), call.inputs["namespace"]) as pods:
                facts = await found.facts(pods)
        except HeddleError as error:
            await self.session.warn(f"nodes not looked at\n{error}", call.urn)
            return {}
        if words := not_well(call.inputs["kind"], facts):
            await self.session.warn(words, call.urn)
        due = [node.name for node in facts if is_outdated(node)]
        return {f'revisions["{name}"]': DiffKind.UPDATE for name in due}

    async def _left_to_do(self, call: Call) -> dict[str, DiffKind]:
        """Return the pods that are outdated still; the Rollout before has asked the nodes, and warned."""
        nodes = NodeSet.known(self.session.connections, call)
        try:
            async with NodePods(await self.session.api_server(), call.inputs["namespace"]) as pods:
                states = await nodes.pod_states(pods)
        except HeddleError:
            return {}
        due = [name for name, state in states.items() if state is not None and state.outdated]
        return {f'revisions["{name}"]': DiffKind.UPDATE for name in due}

    def asleep_plan(self, call: Call) -> Plan | None:
        """Return that nodes start with what is new when they wake, unless it is another image or key.

        Images and keys are held against what running nodes say.
        """
        same = all(call.inputs.get(name) == call.old_inputs.get(name) for name in ("images", "tlsKeys"))
        if call.id and not same:
            return None
        return Plan(outputs={}, message="asleep: nodes start with their new template when they wake")

    async def plan(self, call: Call) -> Plan:
        """Tell which nodes restart. Which of them do so after the channels, those tell."""
        if call.inputs.get("again"):
            words = "restarts what waited for the channels, if anything" if call.id else ""
            return Plan(outputs={}, message=words)
        if not call.id:
            return Plan(outputs={}, message=f"wait until {_all(call)} ready")
        for name in _keys_to_make(call.old_inputs, call.inputs):
            await self._expect_spare(call, name)
        if not isinstance(call.inputs["revisions"], dict):
            return Plan(outputs={}, message="restarts are known after apply")
        changes = RevisionChanges.of(call.inputs, call.old_inputs)
        if not changes:
            return Plan(outputs={})
        releases = await SetReleases.of(NodeSet.known(self.session.connections, call))
        releases.expect_images()
        lines = [changes.summary(), *changes.lines(), *releases.advice(changes.restarting)]
        return Plan(outputs={}, message="\n".join([*lines, *(f"{name}: new" for name in changes.new)]))

    async def _expect_spare(self, call: Call, name: str) -> None:
        """Raise ProviderError if the others cannot do without an orderer that is to get another key.

        Said before anything is done: once the key is made, there is no way back to the old one.
        """
        found = NodeSet.known(self.session.connections, call)
        async with NodePods(await self.session.api_server(), call.inputs["namespace"]) as pods:
            facts = await found.facts(pods)
        others = [each for each in facts if each.name != name]
        mine = next((each for each in facts if each.name == name), None)
        if mine is not None and (words := key_refusal(mine, others)):
            raise ProviderError(
                f"{name} cannot get another key now: the others must order without it\n  {words}",
                hint="Put its number of certificates.rekey back, bring the others up, then try again.",
            )

    async def update(self, call: Call) -> Properties:
        """Restart outdated pods singly, each until it has caught up."""
        nodes = NodeSet(connections=self.session.connections, inputs=call.inputs, former=call.old_inputs)
        releases = await SetReleases.of(nodes)
        releases.expect_images()
        async with NodePods(await self.session.api_server(), call.inputs["namespace"]) as pods:
            restarter = Restarter(
                pods=pods,
                ask=partial(nodes.ask_with_state, pods),
                nodes=nodes.nodes,
                leaving=nodes.leaving,
                patience=call.deadline(_PATIENCE),
                databases=nodes.databases,
                services=nodes.services,
                hand_over=nodes.hand_over if nodes.hands_over else None,
                unfit=releases.unfit,
                rekeyed=_raised(call.old_inputs, call.inputs),
                memberships=nodes.memberships if call.inputs["kind"] == "peer" else None,
            )
            if words := "\n".join(await restarter.pauses()):
                await self.session.info(words, call.urn)
            restarts = await restarter.run()
        if restarts.done:
            await self.session.info(_told(restarts.done, restarts.notes), call.urn)
        if restarts.left:
            await self._tell_left(call, restarts.left)
        return {}

    async def _tell_left(self, call: Call, held: Mapping[str, str]) -> None:
        """Tell which nodes stay outdated: until the channels have changed, or for another run."""
        lines = [f"{name} was not restarted: {why}" for name, why in held.items()]
        if call.inputs.get("again"):
            await self.session.warn("\n".join([*lines, "then run `heddle up` again"]), call.urn)
        else:
            words = "the channels change their orderers next; its turn comes after them"
            await self.session.info("\n".join([*lines, words]), call.urn)

    async def read(self, call: Call) -> Seen:
        """Read the pods; an outdated or missing one gets another revision than the wanted one."""
        revisions = dict(call.inputs["revisions"])
        nodes = NodeSet(connections=self.session.connections, inputs=call.inputs, former={})
        async with NodePods(await self.session.api_server(), call.inputs["namespace"]) as pods:
            states = await nodes.pod_states(pods)
        if all(state is None for state in states.values()):
            raise Gone
        for name, state in states.items():
            if state is None or state.outdated:
                revisions[name] = "outdated" if state is not None else "missing"
        return Seen(outputs={}, inputs={"revisions": revisions})


def _keys_to_make(olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
    """Return the orderers that exist already and get another key that is not made yet.

    Once it is made there is no way back, so nothing is refused for it: then its certificate is known.
    """
    issued = news.get("certificates")
    return [name for name in _raised(olds, news) if _is_to_come(issued, name)]


def _raised(olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
    """Return the orderers that exist already and get another key, whether or not it is made yet."""
    old, new = olds.get("tlsKeys") or {}, news.get("tlsKeys") or {}
    if not olds.get("nodes") or not isinstance(old, dict) or not isinstance(new, dict):
        return []
    known = {each["name"] for each in olds["nodes"]}
    return sorted(name for name, number in new.items() if name in known and number > old.get(name, 0))


def _too_many_keys(made: Sequence[str], to_make: Sequence[str]) -> str:
    """Return which orderers must wait for a new key, and what to do. `made`: those that have one."""
    names = " and ".join(to_make)
    if not made:
        way_out = "raise one number of certificates.rekey, run `up`, then raise the next"
        return f"{names} would get new keys at once; {way_out}"
    verb = "has" if len(made) == 1 else "have"
    return (
        f"{' and '.join(made)} {verb} a new key that is not in use yet; put the number of {names} in "
        "certificates.rekey back, run `up`, then raise it"
    )


def _is_to_come(issued: object, name: str) -> bool:
    return not isinstance(issued, dict) or has_unknown(issued.get(name))


def _told(restarted: Mapping[str, str], notes: Sequence[str]) -> str:
    """Return what was restarted, why some nodes did not have to wait for the others, and the notes."""
    free = [
        f"{name} did not wait for the others, since it served nobody: {why}"
        for name, why in restarted.items()
        if why
    ]
    return "\n".join([f"restarted {', '.join(restarted)}", *free, *notes])


def _all(call: Call) -> str:
    nodes, kind = call.inputs["nodes"], call.inputs["kind"]
    return f"{counted(len(nodes), kind)} {are(len(nodes))}" if isinstance(nodes, list) else f"all {kind}s are"
