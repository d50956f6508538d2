"""Enlarge claims where their class allows it, and wait until the volumes are so (Volumes)."""

from collections.abc import Mapping
from typing import Any

from heddle.errors import ProviderError
from heddle.kube.client import KubeClient
from heddle.kube.volumes import claim_facts, try_growth
from heddle.kube.withdrawal import mark_for_restart
from heddle.planner.operations import Operation
from heddle.planner.volumes import ClaimFacts, growth_refusal, missing_size, waits_for_restart
from heddle.plugin.interface import CheckFailure
from heddle.plugin.values import Properties, has_unknown
from heddle.provider.handler import Call, Plan, Recorded
from heddle.quantities import amount
from heddle.schema.kubernetes import VOLUMES
from heddle.text import counted, some
from heddle.waiting import Deadline, poll

__all__ = ["VolumesHandler", "expect_growth", "shrinking"]

_PATIENCE = 300.0
"""Seconds for a storage system to enlarge a volume."""
_NODE_STEP = 90.0
"""Seconds for a kubelet to enlarge a file system that is in use: it looks at its pods once a minute or so."""
_WAY_OUT = (
    "Nothing was changed. Put the old size back; or let a node with another claim take its place, as "
    "docs/operations/storage.md says."
)


class VolumesHandler(Recorded):
    """Wait until volumes have their size; see `heddle.schema.kubernetes`.

    The claims are patched before, by resources of their own.
    """

    declaration = VOLUMES
    identifier = "{namespace}/volumes"
    operation = Operation.GROW

    async def plan(self, call: Call) -> Plan:
        """Tell which volumes grow."""
        old, new = call.old_inputs.get("sizes"), call.inputs.get("sizes")
        if not isinstance(old, dict) or not isinstance(new, dict) or has_unknown(new):
            return Plan(outputs={})
        lines = [
            f"{name}: {old[name]} → {size}"
            for name, size in sorted(new.items())
            if name in old and old[name] != size
        ]
        head = [f"{counted(len(lines), 'volume')} get larger" if len(lines) > 1 else "a volume gets larger"]
        return Plan(outputs={}, message="\n".join([*head, *lines]) if lines else "")

    async def update(self, call: Call) -> Properties:
        """Wait until every volume that is there has its size, or only a restart of its pod is left."""
        wanted: dict[str, str] = call.inputs["sizes"]
        namespace, clock = call.inputs["namespace"], Deadline(call.deadline(_PATIENCE))
        async with KubeClient(await self.session.api_server()) as server:

            async def look(_: float) -> dict[str, ClaimFacts]:
                return await claim_facts(server, namespace, wanted)

            found = await poll(
                look,
                lambda facts: not _growing(facts, wanted),
                deadline=clock,
                until=lambda facts: f"until volumes are larger: {some(_growing(facts, wanted))}",
            )
            if slow := _growing(found, wanted):
                raise _not_grown(slow, clock)
            share = min(_NODE_STEP, clock.left())
            found = await poll(
                look,
                lambda facts: not _left(facts, wanted),
                deadline=share,
                until=lambda facts: f"until file systems are larger: {some(_left(facts, wanted))}",
            )
            pending = _left(found, wanted)
            for name in pending:
                await mark_for_restart(server, namespace, f"{name}-0")
        if pending:
            await self.session.info(_restarts(pending), call.urn)
        return {}


async def expect_growth(
    server: KubeClient, namespace: str, wanted: Mapping[str, str], *, known: bool
) -> None:
    """Raise ProviderError for claims that cannot get these sizes.

    `known`: the sizes are new. Else a claim that is larger was enlarged by somebody else, and stays so.
    """
    found = await claim_facts(server, namespace, wanted)
    lines: list[str] = []
    for name, claim in sorted(found.items()):
        if not known and (not claim.requested or amount(wanted[name]) <= amount(claim.requested)):
            continue
        if words := growth_refusal(claim, wanted[name]):
            lines.append(words)
        elif claim.requested and amount(wanted[name]) > amount(claim.requested):
            refused = await try_growth(server, namespace, name, wanted[name])
            lines += [f"{name}: {claim.requested} → {wanted[name]}: {refused}"] if refused else []
    if lines:
        listed = "\n  ".join(lines)
        raise ProviderError(
            f"namespace {namespace}: volumes cannot get their new size\n  {listed}", hint=_WAY_OUT
        )


def shrinking(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[CheckFailure]:
    """Report nodes that would get a smaller claim than they have."""
    return [
        CheckFailure(
            property=f"storageSizes.{name}",
            reason=f"{size} instead of {old[name]}: no volume shrinks. Put the old size back; or let a node "
            "with a smaller claim take its place, as docs/operations/storage.md says",
        )
        for name, size in sorted(new.items())
        if name in old and not has_unknown([size, old[name]]) and amount(size) < amount(old[name])
    ]


def _left(found: Mapping[str, ClaimFacts], wanted: Mapping[str, str]) -> list[str]:
    """Return the volumes that lack something of their size."""
    return sorted(name for name, claim in found.items() if missing_size(claim, wanted[name]))


def _growing(found: Mapping[str, ClaimFacts], wanted: Mapping[str, str]) -> list[str]:
    """Return in words what is left for the storage system to do, not for the machine of the pod."""
    return [
        missing_size(claim, wanted[name])
        for name, claim in sorted(found.items())
        if missing_size(claim, wanted[name]) and not waits_for_restart(claim, wanted[name])
    ]


def _not_grown(slow: list[str], clock: Deadline) -> ProviderError:
    listed = "\n  ".join(slow)
    return ProviderError(
        f"volumes are not larger after {clock.seconds:.0f} s\n  {listed}",
        hint="Look at the events of the claim (kubectl describe pvc) and at the controller of its driver. "
        "Then run it again: it goes on from here.",
    )


def _restarts(pending: list[str]) -> str:
    return (
        f"{', '.join(pending)}: the volume is larger, its file system grows when the pod starts anew: "
        "it restarts in its turn"
    )
