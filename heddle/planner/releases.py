"""Decide by the releases that nodes run whether a channel's capability may be raised, and what must not run.

A capability is a point of no return: an older node does not get past the block that raises it, even where the
capability is taken away again later (docs/source/capabilities_concept.md, Fabric 3.1.5).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from heddle.configtx.settings import Capabilities, ChannelSettings
from heddle.planner.facts import NoAnswer, NodeFacts, Refusal
from heddle.releases import CAPABILITY_RELEASES, PARTS, Need, Release, read_release, strongest_need
from heddle.text import counted

__all__ = [
    "CapabilityWait",
    "capability_wait",
    "image_release_refusal",
    "lowered",
    "node_release_refusal",
    "strongest_needs",
]

_NO_RETURN = "older nodes do not get past the block that raised it, so it is never lowered"


@dataclass(frozen=True, kw_only=True)
class CapabilityWait:
    """Say what a capability waits for before it is raised, and how many nodes have it.

    nodes: by name, those of this stack that do not answer with a release that has it, and why.
    others: by MSP id, members that are run elsewhere and are not known to have it, and why.
    """

    channel: str
    what: str
    having: int
    nodes: Mapping[str, str]
    others: Mapping[str, str]

    @property
    def over(self) -> bool:
        """Tell whether every node of every member has the capability."""
        return not self.nodes and not self.others

    @property
    def refusal(self) -> Refusal | None:
        """Return why the capability is not raised now; None once everybody has it."""
        if self.over:
            return None
        lines = [f"{name}: {why}" for name, why in {**self.nodes, **self.others}.items()]
        head = f"channel {self.channel}: {self.what}: every node of every member must have it first"
        return Refusal(reason="\n  ".join([head, *lines]), hint=self._hint)

    @property
    def _hint(self) -> str:
        hints = ["Bring these nodes up with a later image, then run it again."] if self.nodes else []
        if self.others:
            hints.append(
                "Ask the others' administrators, and write the oldest release of their nodes as "
                "`external.release` of their organization."
            )
        return " ".join([*hints, "Nothing of it was sent."])

    def __str__(self) -> str:
        if self.over:
            return f"every node has it: {counted(self.having, 'node')} asked"
        lines = [f"{name}: {why}" for name, why in {**self.nodes, **self.others}.items()]
        return "\n  ".join(["it waits until every node has it", *lines])


def lowered(channel: str, live: Capabilities, target: Capabilities) -> Iterator[str]:
    """Yield a line for each capability that would be lowered; one that nobody here knows is the highest."""
    for part, known in CAPABILITY_RELEASES.items():
        now, wanted = getattr(live, part), getattr(target, part)
        ranks = list(known)
        if wanted != now and (now not in ranks or wanted in ranks[: ranks.index(now)]):
            yield f"channel {channel} has {part} capability {now}, wanted {wanted}: {_NO_RETURN}"


def capability_wait(
    live: ChannelSettings,
    target: Capabilities,
    nodes: Sequence[NodeFacts],
    *,
    told: Mapping[str, str],
    own: Collection[str],
) -> CapabilityWait:
    """Return what the capabilities that differ between `live` and `target` wait for.

    Args:
        live: the channel now.
        target: its capabilities after the step.
        nodes: this stack's nodes on the channel, each with the release that it runs.
        told: releases that other members say they run, by their MSP ids.
        own: MSP ids of the organizations that are managed here; all of their nodes are among `nodes`.
    """
    parts = [
        part for part in CAPABILITY_RELEASES if getattr(live.capabilities, part) != getattr(target, part)
    ]
    raised = {part: getattr(target, part) for part in parts}
    needs = {kind: need for kind in PARTS if (need := strongest_need(kind, raised)) is not None}
    asked = [node for node in nodes if node.kind in needs]
    lacking = {node.name: why for node in asked if (why := node_release_refusal(node, needs[node.kind]))}
    others: dict[str, str] = {}
    for kind, need in needs.items():
        for msp_id in _members(live, kind) - set(own):
            if why := _told(told.get(msp_id), need):
                others[msp_id] = why
    return CapabilityWait(
        channel=live.channel,
        what=" and ".join(f"{part} capability {name}" for part, name in raised.items()),
        having=len(asked) - len(lacking),
        nodes=lacking,
        others=dict(sorted(others.items())),
    )


def node_release_refusal(node: NodeFacts, need: Need) -> str:
    """Return why a node is not known to be of the needed release; empty if it is."""
    if isinstance(node.version, NoAnswer):
        return f"does not tell its release: {' '.join((node.version.cause or node.version.reason).split())}"
    if not node.version:
        return "its release was not asked for"
    release = read_release(node.version)
    if release is None:
        return f"answers {node.version!r}, which names no release; {need.reason} needs Fabric {need.release}"
    return (
        f"runs {node.version}, {need.reason} needs Fabric {need.release}"
        if release.is_below(need.release)
        else ""
    )


def strongest_needs(kind: str, channels: Mapping[str, Capabilities]) -> Need | None:
    """Return the latest release that any of the channels needs of this kind of node, and which one does."""
    strongest: Need | None = None
    for channel, capabilities in sorted(channels.items()):
        need = strongest_need(kind, vars(capabilities))
        if need is not None and (strongest is None or strongest.release.is_below(need.release)):
            strongest = Need(release=need.release, reason=f"{channel} has {need.reason}")
    return strongest


def image_release_refusal(name: str, image: str, release: Release | None, need: Need | None) -> str:
    """Return why a node must not get an image that claims this release; empty if it may, or if unknown."""
    if release is None or need is None or not release.is_below(need.release):
        return ""
    return f"{name}: {image}: Fabric {need.release} or later is needed: {need.reason}, and {_NO_RETURN}"


def _members(live: ChannelSettings, kind: str) -> set[str]:
    organizations = live.orderer_organizations if kind == "orderer" else live.peer_organizations
    return {each.msp.msp_id for each in organizations}


def _told(release: str | None, need: Need) -> str:
    """Return why a member that is run elsewhere does not count as having a release; empty if it does."""
    if release is None:
        return f"nobody here knows what its nodes run; {need.reason} needs Fabric {need.release}"
    found = read_release(release)
    if found is None or found.is_below(need.release):
        return f"says that it runs {release}, {need.reason} needs Fabric {need.release}"
    return ""
