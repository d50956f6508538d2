"""Plan what to remove of a deleted instance, if it really is deleted. Pure: facts in, plan out.

An instance lives as long as there is a pod, a claim or a bound volume of its namespace, or a stack of this
backend has that namespace. Where the namespace is somebody else's, so may be what was left. Nothing of a
living instance is ever in a plan, and nothing that cannot be told to be the deleted one's: names of
namespaces are compared whole, never by prefix.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from heddle.errors import RunbookError
from heddle.runbooks.residueobjects import (
    INSTANCE,
    MANAGED,
    Facts,
    Json,
    Target,
    claim_of,
    claimed_by,
    is_left,
    is_nobodys,
    is_ours,
    labels_of,
    name_of,
    namespace_of,
    phase_of,
    reference_of,
)

__all__ = [
    "Plan",
    "deleted_instances",
    "living_data",
    "plan_for",
    "signs_of_life",
]

_PREFIX = "fabric-"
"""The prefix of namespaces whose stack file names none."""
_OURS_IN_EVERY_NAMESPACE = {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The things to remove. `directories`: by node, paths on it. `notes`: what stays, and why.

    `lives`: the instance is not deleted; only what nodes left behind goes, which have left it.
    """

    target: Target
    lives: bool = False
    volumes: tuple[str, ...] = ()
    objects: tuple[Json, ...] = ()
    """`apiVersion`, `kind`, `namespace`, `name` of each."""
    directories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Tell whether nothing is left to remove."""
        return not (self.volumes or self.objects or any(self.directories.values()))

    def lines(self) -> list[str]:
        """Return the plan for people."""
        where = f"instance {self.target.instance} (namespace {self.target.namespace})"
        return [
            f"{where} {self._state()}; {'nothing is left of it' if self.empty else 'it left'}",
            *(f"  on node {node}: {path}" for node, paths in self.directories.items() for path in paths),
            *(f"  volume {name}" for name in self.volumes),
            *(f"  {each['kind']} {each['name']}" for each in self.objects),
            *(f"  {note}" for note in self.notes),
        ]

    def _state(self) -> str:
        return "lives, and nodes have left it" if self.lives else "is deleted"


def signs_of_life(facts: Facts, target: Target) -> list[str]:
    """Return why the instance must be taken as living; nothing for one that is deleted."""

    def is_its(obj: Json) -> bool:
        return namespace_of(obj) == target.namespace or is_ours(obj, target.instance)

    living = [("pod", each) for each in facts.pods if phase_of(each) not in ("Succeeded", "Failed")]
    living += [("claim", each) for each in facts.claims if phase_of(each) != "Lost"]
    signs = [
        f"{kind} {name_of(each)} is {phase_of(each) or 'there'}" for kind, each in living if is_its(each)
    ]
    signs += [
        f"volume {name_of(each)} is bound"
        for each in facts.volumes
        if claimed_by(each) == target.namespace and not is_nobodys(each)
    ]
    signs += [
        f"namespace {target.namespace} is there, and not this instance's"
        for each in facts.namespaces
        if name_of(each) == target.namespace and labels_of(each).get(INSTANCE) != target.instance
    ]
    if target.namespace in facts.stacks or target.instance in facts.stacks.values():
        signs.append("a stack of this backend has it")
    return signs


def living_data(facts: Facts, plan: Plan) -> dict[str, list[str]]:
    """Return what data must still be on afterwards: bound volumes, and claims as `namespace/name`.

    It is others'; of an instance that lives also its own, but for the claims that go.
    """
    going = {each["name"] for each in plan.objects if each["kind"] == "PersistentVolumeClaim"}

    def stays(namespace: str, claim: str) -> bool:
        return namespace != plan.target.namespace or (plan.lives and claim not in going)

    volumes = (each for each in facts.volumes if stays(claimed_by(each), claim_of(each)))
    claims = (each for each in facts.claims if stays(namespace_of(each), name_of(each)))
    return {
        "volumes": sorted(name_of(each) for each in volumes if phase_of(each) == "Bound"),
        "claims": sorted(f"{namespace_of(each)}/{name_of(each)}" for each in claims),
    }


def deleted_instances(facts: Facts) -> list[Target]:
    """Return the instances of which something is left, and that do not live."""
    known = {name_of(each): labels_of(each) for each in facts.namespaces}
    targets = {
        Target(instance=labels.get(INSTANCE, ""), namespace=name)
        for name, labels in known.items()
        if MANAGED.items() <= labels.items()
    }
    of_volumes = {claimed_by(each) for each in facts.volumes if is_nobodys(each)} - known.keys()
    targets |= {
        Target(instance=namespace.removeprefix(_PREFIX), namespace=namespace)
        for namespace in of_volumes
        if namespace.startswith(_PREFIX)
    }
    deleted = (each for each in targets if each.instance and not signs_of_life(facts, each))
    return sorted(deleted, key=lambda each: each.namespace)


def plan_for(facts: Facts, target: Target) -> Plan:
    """Return the objects to remove from the cluster. Raises RunbookError for an instance that lives."""
    if signs := signs_of_life(facts, target):
        raise RunbookError(
            f"instance {target.instance} (namespace {target.namespace}) lives, nothing of it is touched:\n  "
            + "\n  ".join(signs[:10]),
            hint="Only what deleted instances left is removed: `heddle destroy` first, if that is meant.",
        )
    left = [each for each in facts.volumes if is_left(each, target)]
    objects, notes = _objects(facts, target)
    notes += [
        f"volume {name_of(each)}: its disk in the storage stays ({disk}); delete it there"
        for each in left
        if (disk := _disk(each)) and each["spec"].get("persistentVolumeReclaimPolicy") == "Retain"
    ]
    return Plan(
        target=target,
        volumes=tuple(sorted(map(name_of, left))),
        objects=tuple(map(reference_of, objects)),
        notes=tuple(notes),
    )


def _objects(facts: Facts, target: Target) -> tuple[list[Json], list[str]]:
    """Return the objects that are its own, the namespace alone when nobody else put anything into it."""
    inside = [each for each in [*facts.claims, *facts.objects] if namespace_of(each) == target.namespace]
    own = [each for each in inside if is_ours(each, target.instance)]
    foreign = [
        f"{each['kind']} {name_of(each)}"
        for each in inside
        if each not in own and (each["kind"], name_of(each)) not in _OURS_IN_EVERY_NAMESPACE
    ]
    cluster_wide = [
        each for each in facts.objects if not namespace_of(each) and is_ours(each, target.instance)
    ]
    namespace = [
        each
        for each in facts.namespaces
        if name_of(each) == target.namespace and is_ours(each, target.instance)
    ]
    if namespace and foreign:
        names = ", ".join(foreign[:5])
        note = f"namespace {target.namespace} stays: others have something in it ({names})"
        return [*cluster_wide, *own], [note]
    return [*cluster_wide, *namespace], []


def _disk(volume: Json) -> str:
    """Name the disk behind a volume that is no folder of a node."""
    csi = volume.get("spec", {}).get("csi") or {}
    return f"{csi.get('driver')} {csi.get('volumeHandle')}" if csi else ""
