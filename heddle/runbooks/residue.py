"""Plan what to remove of a deleted instance, if it really is deleted. Pure: facts in, plan out.

An instance lives as long as there is a pod, a claim or a bound volume of its namespace, or a stack of this
backend has that namespace. Where the namespace is somebody else's, so may be what was left. Nothing of a
living instance is ever in a plan, and nothing that cannot be told to be the deleted one's: names of
namespaces are compared whole, never by prefix.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from heddle.errors import RunbookError

__all__ = [
    "Facts",
    "Plan",
    "Target",
    "deleted_instances",
    "directories_left",
    "living_data",
    "node_folders",
    "plan_for",
    "signs_of_life",
]

Json = Any
INSTANCE = "app.kubernetes.io/instance"
MANAGED = {"app.kubernetes.io/managed-by": "heddle"}
VOLUMES_FOLDER = "heddle.dev/volumes"
"""Annotation of a StorageClass: the nodes' folder in which its volumes are folders."""

_PREFIX = "fabric-"
"""The prefix of namespaces whose stack file names none."""
_KNOWN_FOLDERS = {"rancher.io/local-path": "/opt/local-path-provisioner"}
"""Provisioners that keep volumes as folders of a node, by their defaults."""
_LEFT = ("Released", "Failed")
_OURS_IN_EVERY_NAMESPACE = {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")}
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VOLUME = re.compile(r"pvc-[0-9a-f-]{36}")


@dataclass(frozen=True, kw_only=True)
class Target:
    """Name an instance, and the namespace it had to itself."""

    instance: str
    namespace: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Hold a cluster at one moment; lists of objects as its API server gives them."""

    namespaces: Sequence[Json]
    pods: Sequence[Json]
    claims: Sequence[Json]
    volumes: Sequence[Json]
    classes: Sequence[Json]
    objects: Sequence[Json]
    """Objects of all other kinds that could be in a namespace; each with `kind` and `apiVersion`."""
    stacks: Mapping[str, str]
    """Namespaces of the backend's stacks, each with the instance's name."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The things to remove. `directories`: by node, paths on it. `notes`: what stays, and why."""

    target: Target
    volumes: tuple[str, ...] = ()
    objects: tuple[Json, ...] = ()
    """`apiVersion`, `kind`, `namespace`, `name` of each."""
    directories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return the plan for people."""
        empty = not (self.volumes or self.objects or any(self.directories.values()))
        where = f"instance {self.target.instance} (namespace {self.target.namespace})"
        return [
            f"{where} is deleted; {'nothing is left of it' if empty else 'it left'}",
            *(f"  on node {node}: {path}" for node, paths in self.directories.items() for path in paths),
            *(f"  volume {name}" for name in self.volumes),
            *(f"  {each['kind']} {each['name']}" for each in self.objects),
            *(f"  {note}" for note in self.notes),
        ]


def signs_of_life(facts: Facts, target: Target) -> list[str]:
    """Return why the instance must be taken as living; nothing for one that is deleted."""

    def is_its(obj: Json) -> bool:
        return _namespace(obj) == target.namespace or _ours(obj, target.instance)

    living = [("pod", each) for each in facts.pods if _phase(each) not in ("Succeeded", "Failed")]
    living += [("claim", each) for each in facts.claims if _phase(each) != "Lost"]
    signs = [f"{kind} {_name(each)} is {_phase(each) or 'there'}" for kind, each in living if is_its(each)]
    signs += [
        f"volume {_name(each)} is bound"
        for each in facts.volumes
        if _claimed_by(each) == target.namespace and _phase(each) not in _LEFT
    ]
    signs += [
        f"namespace {target.namespace} is there, and not this instance's"
        for each in facts.namespaces
        if _name(each) == target.namespace and _labels(each).get(INSTANCE) != target.instance
    ]
    if target.namespace in facts.stacks or target.instance in facts.stacks.values():
        signs.append("a stack of this backend has it")
    return signs


def living_data(facts: Facts, target: Target) -> dict[str, list[str]]:
    """Return what others' data is on: their bound volumes, and their claims as `namespace/name`."""
    volumes = (each for each in facts.volumes if _claimed_by(each) != target.namespace)
    claims = (each for each in facts.claims if _namespace(each) != target.namespace)
    return {
        "volumes": sorted(_name(each) for each in volumes if _phase(each) == "Bound"),
        "claims": sorted(f"{_namespace(each)}/{_name(each)}" for each in claims),
    }


def deleted_instances(facts: Facts) -> list[Target]:
    """Return the instances of which something is left, and that do not live."""
    known = {_name(each): _labels(each) for each in facts.namespaces}
    targets = {
        Target(instance=labels.get(INSTANCE, ""), namespace=name)
        for name, labels in known.items()
        if MANAGED.items() <= labels.items()
    }
    of_volumes = {_claimed_by(each) for each in facts.volumes if _phase(each) in _LEFT} - known.keys()
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
    left = [each for each in facts.volumes if _is_left(each, target)]
    objects, notes = _objects(facts, target)
    notes += [
        f"volume {_name(each)}: its disk in the storage stays ({disk}); delete it there"
        for each in left
        if (disk := _disk(each)) and each["spec"].get("persistentVolumeReclaimPolicy") == "Retain"
    ]
    return Plan(
        target=target,
        volumes=tuple(sorted(map(_name, left))),
        objects=tuple(map(_reference, objects)),
        directories=_volume_directories(left),
        notes=tuple(notes),
    )


def _objects(facts: Facts, target: Target) -> tuple[list[Json], list[str]]:
    """Return the objects that are its own, the namespace alone when nobody else put anything into it."""
    inside = [each for each in [*facts.claims, *facts.objects] if _namespace(each) == target.namespace]
    own = [each for each in inside if _ours(each, target.instance)]
    foreign = [
        f"{each['kind']} {_name(each)}"
        for each in inside
        if each not in own and (each["kind"], _name(each)) not in _OURS_IN_EVERY_NAMESPACE
    ]
    cluster_wide = [each for each in facts.objects if not _namespace(each) and _ours(each, target.instance)]
    namespace = [
        each for each in facts.namespaces if _name(each) == target.namespace and _ours(each, target.instance)
    ]
    if namespace and foreign:
        names = ", ".join(foreign[:5])
        note = f"namespace {target.namespace} stays: others have something in it ({names})"
        return [*cluster_wide, *own], [note]
    return [*cluster_wide, *namespace], []


def _is_left(volume: Json, target: Target) -> bool:
    """Tell whether a volume was the instance's and is nobody's now."""
    return _claimed_by(volume) == target.namespace and _phase(volume) in _LEFT


def _name(obj: Json) -> str:
    return str(obj["metadata"]["name"])


def _namespace(obj: Json) -> str:
    """Return the namespace that an object is in; empty for one of the whole cluster."""
    return str(obj["metadata"].get("namespace", ""))


def _labels(obj: Json) -> Mapping[str, str]:
    return obj["metadata"].get("labels") or {}


def _ours(obj: Json, instance: str) -> bool:
    return {**MANAGED, INSTANCE: instance}.items() <= _labels(obj).items()


def _reference(obj: Json) -> Json:
    return {
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        "namespace": _namespace(obj),
        "name": _name(obj),
    }


def _phase(obj: Json) -> str:
    return str(obj.get("status", {}).get("phase", ""))


def _claimed_by(volume: Json) -> str:
    """Return the namespace of the claim that has or had the volume; empty if none ever did."""
    return str((volume.get("spec", {}).get("claimRef") or {}).get("namespace", ""))


def _path(volume: Json) -> str:
    spec = volume.get("spec", {})
    return str((spec.get("local") or spec.get("hostPath") or {}).get("path", "")).rstrip("/")


def _disk(volume: Json) -> str:
    """Name the disk behind a volume that is no folder of a node."""
    csi = volume.get("spec", {}).get("csi") or {}
    return f"{csi.get('driver')} {csi.get('volumeHandle')}" if csi else ""


def _nodes_of(volume: Json) -> list[str]:
    """Return the nodes that a volume of a node's disk is on, by its affinity."""
    terms = ((volume["spec"].get("nodeAffinity") or {}).get("required") or {}).get("nodeSelectorTerms") or []
    return [
        name
        for term in terms
        for expression in term.get("matchExpressions") or []
        if expression["key"] == "kubernetes.io/hostname" and expression["operator"] == "In"
        for name in expression["values"]
    ]


def _volume_directories(volumes: Sequence[Json]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for volume in volumes:
        if _path(volume):
            for node in _nodes_of(volume):
                found.setdefault(node, []).append(_path(volume))
    return {node: tuple(sorted(paths)) for node, paths in sorted(found.items())}


def node_folders(facts: Facts, *, pod_logs: str, more: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the folders of a node in which deleted instances may have left folders of their own.

    `pod_logs` is where its kubelet keeps the logs of pods; `more` are folders that a person named.
    """
    folders = {str(PurePosixPath(_path(each)).parent) for each in facts.volumes if _path(each)} | set(more)
    for each in facts.classes:
        folders.add((each["metadata"].get("annotations") or {}).get(VOLUMES_FOLDER, ""))
        folders.add(_KNOWN_FOLDERS.get(each.get("provisioner", ""), ""))
    # The root of a disk is nobody's folder of volumes.
    return (pod_logs, *sorted(folders - {pod_logs, "/", ".", ""}))


def directories_left(facts: Facts, target: Target, pod_logs: str, listing: Sequence[str]) -> list[str]:
    """Return those of a node's folders that are the deleted instance's.

    `listing` has the absolute paths of folders on the node; `pod_logs` is where the kubelet keeps the logs of
    pods, `NAMESPACE_POD_UID` each. The instance must not live.

    A folder of a volume is taken only if its name has the namespace as one of its parts, names the volume,
    and no volume that is not to go has this name or path.
    """
    kept = [each for each in facts.volumes if not _is_left(each, target)]
    names, paths = set(map(_name, kept)), set(map(_path, kept))
    uids = {pod["metadata"].get("uid") for pod in facts.pods}

    def is_its(path: PurePosixPath) -> bool:
        parts = path.name.split("_")
        if not _SAFE_NAME.fullmatch(path.name) or len(parts) != 3 or str(path) in paths:
            return False
        if str(path.parent) == pod_logs.rstrip("/"):
            return parts[0] == target.namespace and parts[2] not in uids
        volumes = [part for part in parts if _VOLUME.fullmatch(part)]
        return target.namespace in parts[:2] and len(volumes) == 1 and volumes[0] not in names

    return sorted(str(path) for path in map(PurePosixPath, listing) if is_its(path))
