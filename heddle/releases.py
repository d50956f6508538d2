"""Read releases of Fabric, and say which release a channel's capabilities need and which must not run.

Sources: common/capabilities and release_notes of Fabric, docs/source/upgrade_to_newest_version.md (3.1.5).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = [
    "BFT_ADVISED",
    "CAPABILITY_RELEASES",
    "COUCHDB_LEAST",
    "DATABASE",
    "OLDEST",
    "PARTS",
    "Need",
    "Release",
    "image_release",
    "read_release",
    "release_refusal",
    "strongest_need",
]

_RELEASE = re.compile(r"v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?:[-+]\S*)?", re.ASCII)
_NODE: Final = {"orderer": "fabric-orderer", "peer": "fabric-peer", "couchdb": "couchdb"}
"""What the repository of an image is called whose tags are releases, by the kind of node."""
DATABASE: Final = "couchdb"


@dataclass(frozen=True)
class Release:
    """A release, or a line of releases where the last number is not known, as a tag `3.1` says it."""

    major: int
    minor: int
    patch: int | None = None

    def __str__(self) -> str:
        numbers = (self.major, self.minor, self.patch)
        return ".".join(str(number) for number in numbers if number is not None)

    def covers(self, other: "Release | None") -> bool:
        """Tell whether the other release is this one, or of this line: 3.1 covers 3.1.5."""
        if other is None or (self.major, self.minor) != (other.major, other.minor):
            return False
        return self.patch in (None, other.patch)

    def is_below(self, other: "Release") -> bool:
        """Tell whether it is certainly an earlier release: 3.1 may be 3.1.5."""
        known = [number for number in (self.major, self.minor, self.patch) if number is not None]
        return known < [other.major, other.minor, other.patch or 0][: len(known)]


@dataclass(frozen=True, kw_only=True)
class Need:
    """A release that a node must at least be of, and what needs it."""

    release: Release
    reason: str


OLDEST: Final = Release(2, 5, 0)
"""The first release that does all that Heddle asks of nodes, and whose line is maintained."""
BFT_ADVISED: Final = Release(3, 1, 5)
"""The first release without known faults of BFT (release_notes/v3.1.1.md, v3.1.5.md)."""
COUCHDB_LEAST: Final = Release(3, 0, 0)
"""Fabric 2.2 and later are made for CouchDB 3 (docs/source/couchdb_as_state_database.rst)."""
_BROKEN: Final = {
    Release(3, 1, 2): "its orderer image is broken (release_notes/v3.1.3.md): take 3.1.3 or later"
}

_FIRST = Release(1, 0, 0)
CAPABILITY_RELEASES: Final[Mapping[str, Mapping[str, Release]]] = {
    "channel": {
        **dict.fromkeys(("V1_1", "V1_3", "V1_4_2", "V1_4_3"), _FIRST),
        "V2_0": Release(2, 0, 0),
        "V3_0": Release(3, 0, 0),
    },
    "orderer": {**dict.fromkeys(("V1_1", "V1_4_2"), _FIRST), "V2_0": Release(2, 0, 0)},
    "application": {
        **dict.fromkeys(("V1_1", "V1_2", "V1_3", "V1_4_2"), _FIRST),
        "V2_0": Release(2, 0, 0),
        "V2_5": Release(2, 5, 0),
    },
}
"""By part of a channel: its capabilities, ascending, and the first release that has each of them."""

PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "orderer": ("channel", "orderer"),
    "peer": ("channel", "application"),
}
"""By kind of node: the parts whose capabilities it must have. Orderers do not read the application's."""


def read_release(text: str) -> Release | None:
    """Return the release that a node or a tag names, as "v3.1.5" or "3.1"; None if it names none."""
    found = _RELEASE.fullmatch(text)
    if found is None:
        return None
    major, minor, patch = found.groups()
    return Release(int(major), int(minor), None if patch is None else int(patch))


def image_release(kind: str, image: str) -> Release | None:
    """Return the release that an image's tag claims; None where it claims none.

    Only of images that are called as upstream's, at any mirror: others number theirs as they like.
    """
    repository, _, tag = image.partition("@")[0].rpartition("/")[2].partition(":")
    return read_release(tag) if repository == _NODE[kind] else None


def strongest_need(kind: str, capabilities: Mapping[str, str]) -> Need | None:
    """Return the latest release that any capability of a channel needs of this kind of node.

    None where there is none that Heddle knows.
    """
    needs = [
        Need(release=release, reason=f"{part} capability {name}")
        for part in PARTS[kind]
        if (name := capabilities.get(part, "")) and (release := CAPABILITY_RELEASES[part].get(name))
    ]
    latest = needs[:1]
    for need in needs:
        if latest[0].release.is_below(need.release):
            latest = [need]
    return latest[0] if latest else None


def release_refusal(kind: str, release: Release) -> str:
    """Return why a release must not run at all, as what is allowed; empty if it may."""
    if kind == DATABASE:
        return f"CouchDB {COUCHDB_LEAST.major} or later" if release.is_below(COUCHDB_LEAST) else ""
    if release.is_below(OLDEST):
        return f"Fabric {OLDEST} or later: earlier ones lack what Heddle asks of nodes"
    broken = _BROKEN.get(release)
    return f"not {release}: {broken}" if broken else ""
