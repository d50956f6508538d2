"""Tell which folders of a Kubernetes node are a deleted instance's. Pure: facts and a listing in, paths out.

A folder goes only if all of this holds: it lies directly in a folder that a provisioner announces for its
volumes (or that a person names), its name says namespace, claim and volume as provisioners write it, and no
volume that stays has a path that is equal to it, above it or below it, symbolic links resolved. What a
volume's own `path` says is never enough: whoever can write a volume could name any folder of the machine.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from heddle.runbooks.residueobjects import (
    Facts,
    Json,
    Target,
    claim_of,
    is_left,
    name_of,
    namespace_of,
    path_of,
)

__all__ = ["VOLUMES_FOLDER", "Listing", "announced_folders", "folders_left", "looked_at", "notes_on_folders"]

VOLUMES_FOLDER = "heddle.dev/volumes"
"""Annotation of a StorageClass: the nodes' folder in which its volumes are folders."""
_LOCAL_PATH, _LOCAL_PATH_DEFAULT = "rancher.io/local-path", "/opt/local-path-provisioner"
_LOCAL_PATH_CONFIG, _LOCAL_PATH_NAMESPACES = "local-path-config", ("local-path-storage", "kube-system")
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9/._-]+")
_VOLUME = re.compile(r"pvc-[0-9a-f-]{36}")
_HOPS = 40
"""Symbolic links on the way to one file that Linux follows (MAXSYMLINKS)."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Hold what a node has: folders, and symbolic links with their targets, as far as it was looked at.

    `looked_at` are the paths that were looked for, `contents` the folders of which everything was listed: of
    any other path nothing is known.
    """

    folders: frozenset[str]
    links: Mapping[str, str] = field(default_factory=dict)
    looked_at: frozenset[str]
    contents: frozenset[str]

    def real(self, path: str) -> str | None:
        """Return a path with its symbolic links resolved; None where it leads to what was not looked at."""
        done, left, hops = PurePosixPath("/"), list(PurePosixPath(path).parts[1:]), 0
        while left:
            part = left.pop(0)
            if part == "..":
                done = done.parent
                continue
            step = str(done / part)
            if (target := self.links.get(step)) is not None:
                hops += 1
                if hops > _HOPS:
                    return None
                parts = PurePosixPath(target).parts
                done = PurePosixPath("/") if target.startswith("/") else done
                left = [*(each for each in parts if each != "/"), *left]
            elif step in self.folders:
                done = PurePosixPath(step)
            elif step in self.looked_at or str(done) in self.contents:
                # There is no such folder on this node, so nothing is below it either.
                return str(PurePosixPath(step, *left))
            else:
                return None
        return str(done)


def announced_folders(facts: Facts, *, more: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the folders of nodes in which provisioners keep volumes, each volume a folder of its own.

    They come from an annotation of a StorageClass, from local-path's settings or its default, and from
    `more`, what a person named. The root of a disk is nobody's folder of volumes.
    """
    found = {*more}
    for each in facts.classes:
        found.add((each["metadata"].get("annotations") or {}).get(VOLUMES_FOLDER, ""))
        if each.get("provisioner") == _LOCAL_PATH:
            found |= {_LOCAL_PATH_DEFAULT, *_local_path_settings(facts)}
    plain = {str(PurePosixPath(each)) for each in found if _PLAIN_PATH.fullmatch(each)}
    return tuple(sorted(each for each in plain if ".." not in PurePosixPath(each).parts))


def _local_path_settings(facts: Facts) -> Iterator[str]:
    """Yield the folders that local-path's own ConfigMap names; one of that name elsewhere is not its."""
    for each in facts.objects:
        if each["kind"] != "ConfigMap" or name_of(each) != _LOCAL_PATH_CONFIG:
            continue
        if namespace_of(each) not in _LOCAL_PATH_NAMESPACES:
            continue
        try:
            entries = json.loads((each.get("data") or {}).get("config.json", "{}")).get("nodePathMap") or []
            yield from (path for entry in entries for path in entry.get("paths") or [])
        except (ValueError, AttributeError, TypeError):
            continue


def looked_at(facts: Facts, folders: Sequence[str]) -> tuple[str, ...]:
    """Return the paths on a node whose kind must be known: those on the way to the folders and to volumes.

    A volume directly in one of the folders is among what is listed there.
    """
    paths = [*folders, *(path for each in facts.volumes if (path := path_of(each)) and not _unknown(path))]
    wanted = {
        str(step)
        for path in paths
        if path in folders or str(PurePosixPath(path).parent) not in folders
        for step in (PurePosixPath(path), *PurePosixPath(path).parents)
    }
    return tuple(sorted(wanted - {"/"}))


def _unknown(path: str) -> bool:
    """Tell whether a path cannot be looked for: what is on it is not known, and counts as anything."""
    return ".." in PurePosixPath(path).parts or not path.startswith("/") or not path.isprintable()


def folders_left(
    facts: Facts,
    target: Target,
    folders: Sequence[str],
    listing: Listing,
    *,
    pod_logs: str = "",
    only: frozenset[str] | None = None,
) -> list[str]:
    """Return those of a node's folders that are the deleted instance's.

    Args:
        facts: the cluster.
        target: the deleted instance; it must not live.
        folders: those that `announced_folders` gives.
        listing: what the node has.
        pod_logs: where the kubelet keeps the logs of pods, NAMESPACE_POD_UID each; empty: no logs are meant.
        only: names of volumes, to take no other's folder; None: all of the namespace.
    """
    kept = [each for each in facts.volumes if not is_left(each, target)]
    names = frozenset(map(name_of, kept))
    uids = {pod["metadata"].get("uid") for pod in facts.pods}
    left = {name_of(each): claim_of(each) for each in facts.volumes if is_left(each, target)}

    def is_its(path: PurePosixPath) -> bool:
        if str(path.parent) in folders:
            if (owner := _owner(path.name, left)) is None or owner.namespace != target.namespace:
                return False
            allowed = only is None or owner.volume in only
            return (
                allowed and owner.volume not in names and left.get(owner.volume, owner.claim) == owner.claim
            )
        parts = path.name.split("_")
        is_log = bool(pod_logs) and str(path.parent) == pod_logs.rstrip("/") and len(parts) == 3
        return is_log and parts[0] == target.namespace and parts[2] not in uids

    candidates = [path for path in map(PurePosixPath, listing.folders) if is_its(path)]
    taken = _paths_of_others(kept, facts.pods, listing)
    return sorted(str(path) for path in candidates if taken is not None and taken.spares(path, listing))


@dataclass(frozen=True, kw_only=True)
class _Owner:
    namespace: str
    claim: str
    volume: str


def _owner(name: str, volumes: Iterable[str]) -> _Owner | None:
    """Read a folder's name, NAMESPACE_CLAIM_VOLUME or VOLUME_NAMESPACE_CLAIM; None for any other name."""
    parts = name.split("_")
    if len(parts) != 3 or not _SAFE_NAME.fullmatch(name):
        return None

    def is_volume(part: str) -> bool:
        return _VOLUME.fullmatch(part) is not None or part in volumes

    first, _, last = parts
    if is_volume(first) == is_volume(last):
        return None
    namespace, claim, volume = parts if is_volume(last) else (*parts[1:], first)
    return _Owner(namespace=namespace, claim=claim, volume=volume)


@dataclass(frozen=True, kw_only=True)
class _Others:
    """Paths that others use: volumes, and folders that pods mount."""

    volumes: frozenset[PurePosixPath]
    mounted: frozenset[PurePosixPath]

    def spares(self, path: PurePosixPath, listing: Listing) -> bool:
        """Tell whether nothing of others is at a path, above or below it.

        What a pod mounts counts at the path and below it: above it are the folders that a node's own agents,
        a provisioner among them, mount as a whole.
        """
        if listing.real(str(path)) != str(path):
            return False
        at_or_below = any(each.is_relative_to(path) for each in (*self.volumes, *self.mounted))
        return not at_or_below and not any(path.is_relative_to(each) for each in self.volumes)


def _paths_of_others(kept: Iterable[Json], pods: Iterable[Json], listing: Listing) -> _Others | None:
    """Return the paths that stay, as they are written and as they are; None where one cannot be told."""
    found = set()
    for path in filter(None, map(path_of, kept)):
        if _unknown(path) or (real := listing.real(path)) is None:
            return None
        found |= {PurePosixPath(path), PurePosixPath(real)}
    mounted = {
        PurePosixPath((volume.get("hostPath") or {}).get("path") or "")
        for pod in pods
        for volume in (pod.get("spec") or {}).get("volumes") or []
        if volume.get("hostPath")
    }
    return _Others(volumes=frozenset(found), mounted=frozenset(mounted))


def notes_on_folders(
    facts: Facts, target: Target, listings: Mapping[str, Listing], removed: Mapping[str, Sequence[str]]
) -> list[str]:
    """Return what stays on nodes although it may be the instance's, each with its reason."""
    notes = [
        f"volume {name_of(each)}: its folder {path} stays: it is not named as a provisioner names it, not in "
        "a folder that one announces, or in use; look at it, and delete it by hand"
        for each in facts.volumes
        if is_left(each, target)
        and (path := path_of(each))
        and not any(path in paths for paths in removed.values())
    ]
    kept = [each for each in facts.volumes if not is_left(each, target)]
    for node, listing in listings.items():
        for path in sorted(filter(None, map(path_of, kept))):
            if _unknown(path) or listing.real(path) is None:
                notes.append(
                    f"node {node}: all folders stay: where volume path {path!r} leads cannot be told; "
                    "delete the folders by hand"
                )
                break
    return notes
