"""Plan what to remove of a deleted instance, if it really is deleted. Pure: facts in, plan out.

An instance lives as long as there is a pod, a claim or a bound volume of its namespace, or a stack of this
backend has that namespace. Where the namespace is somebody else's, so may be what was left. Nothing of a
living instance is ever in a plan, and nothing that cannot be told to be the deleted one's: names of
namespaces are compared whole, never by prefix.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
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
"""On a StorageClass: the nodes' folder in which its volumes are folders."""

_PREFIX = "fabric-"
"""Of namespaces whose stack file names none."""
_KNOWN_FOLDERS = {"rancher.io/local-path": "/opt/local-path-provisioner"}
"""Provisioners that keep volumes as folders of a node, by their defaults."""
_LEFT = ("Released", "Failed")
_OURS_IN_EVERY_NAMESPACE = {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")}
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VOLUME = re.compile(r"pvc-[0-9a-f-]{36}")


@dataclass(frozen=True, kw_only=True)
class Target:
    """An instance, and the namespace it had to itself."""

    instance: str
    namespace: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A cluster at one moment; lists of objects as its API server gives them."""

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

    @property
    def empty(self) -> bool:
        """Tell whether there is nothing to remove."""
        return not (self.volumes or self.objects or any(self.directories.values()))

    def lines(self) -> list[str]:
        """Return the plan as lines for people."""
        where = f"instance {self.target.instance} (namespace {self.target.namespace})"
        what = "nothing is left of it" if self.empty else "it left"
        lines = [f"{where} is deleted; {what}"]
        for node, paths in self.directories.items():
            lines += [f"  on node {node}: {path}" for path in paths]
        lines += [f"  volume {name}" for name in self.volumes]
        lines += [f"  {each['kind']} {each['name']}" for each in self.objects]
        return lines + [f"  {note}" for note in self.notes]


def _metadata(obj: Json) -> Json:
    return obj.get("metadata", {})


def _labels(obj: Json) -> Mapping[str, str]:
    return _metadata(obj).get("labels") or {}


def _ours(obj: Json, instance: str) -> bool:
    return MANAGED.items() <= _labels(obj).items() and _labels(obj).get(INSTANCE) == instance


def signs_of_life(facts: Facts, target: Target) -> list[str]:
    """Return why the instance must be taken as living; nothing for one that is deleted."""

    def in_it(obj: Json) -> bool:
        return _metadata(obj).get("namespace") == target.namespace or _ours(obj, target.instance)

    signs = [
        f"pod {_metadata(pod)['name']} is {pod.get('status', {}).get('phase', 'there')}"
        for pod in facts.pods
        if in_it(pod) and pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")
    ]
    signs += [
        f"claim {_metadata(claim)['name']} is {claim.get('status', {}).get('phase', 'there')}"
        for claim in facts.claims
        if in_it(claim) and claim.get("status", {}).get("phase") != "Lost"
    ]
    signs += [
        f"volume {_metadata(volume)['name']} is bound"
        for volume in facts.volumes
        if _claimed_by(volume) == target.namespace and _phase(volume) not in _LEFT
    ]
    signs += [
        f"namespace {target.namespace} is there, and not this instance's"
        for namespace in facts.namespaces
        if _metadata(namespace)["name"] == target.namespace
        and _labels(namespace).get(INSTANCE) != target.instance
    ]
    if target.namespace in facts.stacks or target.instance in facts.stacks.values():
        signs.append("a stack of this backend has it")
    return signs


def living_data(facts: Facts, target: Target) -> dict[str, list[str]]:
    """Return the places of data that lives: bound volumes of others, and their claims as `namespace/name`."""
    volumes = [
        one for one in facts.volumes if _claimed_by(one) != target.namespace and _phase(one) == "Bound"
    ]
    claims = [_metadata(one) for one in facts.claims if _metadata(one)["namespace"] != target.namespace]
    return {
        "volumes": sorted(_metadata(one)["name"] for one in volumes),
        "claims": sorted(f"{one['namespace']}/{one['name']}" for one in claims),
    }


def deleted_instances(facts: Facts) -> list[Target]:
    """Return the instances of which something is left, and that do not live."""
    found = {
        Target(instance=_labels(one).get(INSTANCE, ""), namespace=_metadata(one)["name"])
        for one in facts.namespaces
        if MANAGED.items() <= _labels(one).items()
    }
    known = {_metadata(one)["name"] for one in facts.namespaces}
    found |= {
        Target(instance=namespace.removeprefix(_PREFIX), namespace=namespace)
        for volume in facts.volumes
        if _phase(volume) in _LEFT
        and (namespace := _claimed_by(volume)).startswith(_PREFIX)
        and namespace not in known
    }
    there = (one for one in found if one.instance and not signs_of_life(facts, one))
    return sorted(there, key=lambda one: one.namespace)


def plan_for(facts: Facts, target: Target) -> Plan:
    """Return the objects to remove from the cluster. Raises RunbookError for an instance that lives."""
    if signs := signs_of_life(facts, target):
        raise RunbookError(
            f"instance {target.instance} (namespace {target.namespace}) lives, nothing of it is touched:\n  "
            + "\n  ".join(signs[:10]),
            hint="Only what deleted instances left is removed: `heddle destroy` first, if that is meant.",
        )
    left = [one for one in facts.volumes if _phase(one) in _LEFT and _claimed_by(one) == target.namespace]
    objects, notes = _objects(facts, target)
    notes += [
        f"volume {_metadata(one)['name']}: its disk in the storage stays ({disk}); delete it there"
        for one in left
        if (disk := _disk(one)) and one["spec"].get("persistentVolumeReclaimPolicy") == "Retain"
    ]
    return Plan(
        target=target,
        volumes=tuple(sorted(_metadata(one)["name"] for one in left)),
        objects=tuple(objects),
        directories=_volume_directories(left),
        notes=tuple(notes),
    )


def _objects(facts: Facts, target: Target) -> tuple[list[Json], list[str]]:
    """Return the instance's own objects; the namespace alone when nobody else put anything into it."""
    there = [
        one for one in [*facts.claims, *facts.objects] if _metadata(one).get("namespace") == target.namespace
    ]
    own = [one for one in there if _ours(one, target.instance)]
    foreign = [
        one
        for one in there
        if one not in own and (one["kind"], _metadata(one)["name"]) not in _OURS_IN_EVERY_NAMESPACE
    ]
    cluster_wide = [
        one for one in facts.objects if "namespace" not in _metadata(one) and _ours(one, target.instance)
    ]
    namespace = [
        one
        for one in facts.namespaces
        if _metadata(one)["name"] == target.namespace and _ours(one, target.instance)
    ]
    if not namespace:
        return [_reference(one) for one in cluster_wide], []
    if not foreign:
        return [_reference(one) for one in [*cluster_wide, *namespace]], []
    names = ", ".join(f"{one['kind']} {_metadata(one)['name']}" for one in foreign[:5])
    note = f"namespace {target.namespace} stays: others have something in it ({names})"
    return [_reference(one) for one in [*cluster_wide, *own]], [note]


def _reference(obj: Json) -> Json:
    return {
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        "namespace": _metadata(obj).get("namespace", ""),
        "name": _metadata(obj)["name"],
    }


def _phase(volume: Json) -> str:
    return str(volume.get("status", {}).get("phase", ""))


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

    Args:
        facts: of the cluster.
        pod_logs: where its kubelet keeps the logs of pods.
        more: folders that a person named.
    """
    volumes = {str(PurePosixPath(_path(one)).parent) for one in facts.volumes if _path(one)}
    for one in facts.classes:
        annotated = (_metadata(one).get("annotations") or {}).get(VOLUMES_FOLDER)
        known = _KNOWN_FOLDERS.get(one.get("provisioner", ""))
        volumes |= {folder for folder in (annotated, known) if folder}
    # The root of a disk is nobody's folder of volumes.
    return (pod_logs, *sorted((volumes | set(more)) - {pod_logs, "/", "."}))


def directories_left(facts: Facts, target: Target, pod_logs: str, listing: Sequence[str]) -> list[str]:
    """Return those of a node's folders that are the deleted instance's.

    Args:
        facts: of the cluster.
        target: the instance, which must not live.
        pod_logs: where the kubelet keeps the logs of pods: `NAMESPACE_POD_UID` each.
        listing: absolute paths of folders found on the node.

    A folder of a volume is taken only if its name has the namespace as one of its parts, names the volume,
    and no volume that is not to go has this name or path.
    """
    kept = [one for one in facts.volumes if _claimed_by(one) != target.namespace or _phase(one) not in _LEFT]
    names, paths = {_metadata(one)["name"] for one in kept}, {_path(one) for one in kept}
    uids = {_metadata(pod).get("uid") for pod in facts.pods}
    return sorted(_left(target, pod_logs, listing, names, paths, uids))


def _left(
    target: Target,
    pod_logs: str,
    listing: Sequence[str],
    names: set[str],
    paths: set[str],
    uids: set[str],
) -> Iterator[str]:
    for text in listing:
        path = PurePosixPath(text)
        parts = path.name.split("_")
        if not _SAFE_NAME.fullmatch(path.name) or len(parts) != 3 or str(path) in paths:
            continue
        if str(path.parent) == pod_logs.rstrip("/"):
            if parts[0] == target.namespace and parts[2] not in uids:
                yield str(path)
        elif target.namespace in parts[:2]:
            volumes = [part for part in parts if _VOLUME.fullmatch(part)]
            if len(volumes) == 1 and volumes[0] not in names:
                yield str(path)
