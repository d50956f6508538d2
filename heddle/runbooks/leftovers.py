"""Plan what to remove of nodes that have left an instance which lives: their claims and volumes. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from heddle.errors import RunbookError
from heddle.kube.claims import claim_holders, mounted_claims
from heddle.runbooks.residue import Plan
from heddle.runbooks.residueobjects import (
    Facts,
    Json,
    Target,
    claim_of,
    claimed_by,
    is_ours,
    name_of,
    namespace_of,
    reference_of,
)

__all__ = ["Leftovers", "leftover_claims", "plan_leftovers"]


@dataclass(frozen=True, kw_only=True)
class Leftovers:
    """What goes of nodes that left. `facts` are the cluster's once their claims are deleted."""

    plan: Plan
    facts: Facts
    volumes: frozenset[str]
    """The volumes of the claims, those too that go with their claims by themselves."""


def leftover_claims(facts: Facts, target: Target, held: Collection[str]) -> list[str]:
    """Return the instance's claims that no node has any more. `held` are those in the stack's state."""
    own = {name_of(each) for each in _claims(facts, target)}
    return sorted(own - set(held) - _mounted(facts, target))


def plan_leftovers(facts: Facts, target: Target, names: Sequence[str], held: Collection[str]) -> Leftovers:
    """Return the plan that removes these claims. Raises RunbookError when one of them is no leftover."""
    own = {name_of(each): each for each in _claims(facts, target)}
    if reasons := [reason for name in names if (reason := _refusal(facts, target, name, own, held))]:
        known = ", ".join(leftover_claims(facts, target, held)) or "none"
        raise RunbookError(
            "nothing is touched:\n  " + "\n  ".join(reasons),
            hint=f"Leftovers of instance {target.instance} are: {known}.",
        )
    chosen = [each for each in facts.volumes if _is_of(each, target, names)]
    retained = [each for each in chosen if _reclaim(each) == "Retain"]
    released = {name_of(each): {**each, "status": {"phase": "Released"}} for each in retained}
    return Leftovers(
        plan=Plan(
            target=target,
            lives=True,
            volumes=tuple(sorted(released)),
            objects=tuple(reference_of(own[name]) for name in names),
            notes=tuple(
                f"volume {name_of(each)} goes with its claim, as its class says"
                for each in chosen
                if each not in retained
            ),
        ),
        facts=replace(facts, volumes=[released.get(name_of(each), each) for each in facts.volumes]),
        volumes=frozenset(map(name_of, chosen)),
    )


def _refusal(facts: Facts, target: Target, name: str, own: Collection[str], held: Collection[str]) -> str:
    """Return why a claim is no leftover; empty if it is."""
    if name not in own:
        return f"{name}: the instance has no claim of this name"
    if name in _mounted(facts, target):
        return f"{name}: a node of the instance uses it"
    pods = [each for each in facts.pods if namespace_of(each) == target.namespace]
    if holders := claim_holders(name, pods):
        return f"{name}: {'; '.join(holders)}"
    if name in held:
        return f"{name}: it is in the stack's state still; an `up` without its node lets it go"
    return ""


def _claims(facts: Facts, target: Target) -> list[Json]:
    return [
        each
        for each in facts.claims
        if namespace_of(each) == target.namespace and is_ours(each, target.instance)
    ]


def _mounted(facts: Facts, target: Target) -> set[str]:
    sets = [each for each in facts.objects if each["kind"] == "StatefulSet"]
    return mounted_claims(each for each in sets if namespace_of(each) == target.namespace)


def _is_of(volume: Json, target: Target, names: Collection[str]) -> bool:
    return claimed_by(volume) == target.namespace and claim_of(volume) in names


def _reclaim(volume: Json) -> str:
    return str(volume["spec"].get("persistentVolumeReclaimPolicy", ""))
