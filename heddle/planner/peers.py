"""Decide which peer of an instance restarts next, so that transactions of every channel go on being endorsed.

The peers of all organizations are one set here: two that are away together could be the only ones that
satisfy an endorsement policy. `memberships`: by channel, the names of its peers that are managed here.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from heddle.planner.facts import NodeFacts, describe, is_active, is_level
from heddle.planner.health import serves_nobody
from heddle.planner.restart import is_outdated

__all__ = ["Memberships", "joined", "next_peer", "only_peers", "peer_pauses", "peer_refusal"]

Memberships = Mapping[str, Collection[str]]
"""Names of peers by the channel that they are on, or are to be."""


def next_peer(peers: Sequence[NodeFacts], memberships: Memberships) -> NodeFacts | None:
    """Return the outdated peer that restarts next; None where none is outdated.

    Those that serve nobody come first, pods that are not ready before others. Of the rest, those that the
    others can spare now; and an organization's only peer of a channel after peers that have another beside
    them: a template that fails stops the rollout at its first peer, which should cost nobody his endorsement.
    """
    outdated = [peer for peer in peers if is_outdated(peer)]
    organizations = {peer.name: peer.msp_id for peer in peers}
    there = joined(memberships, peers)

    def rank(peer: NodeFacts) -> tuple[bool, bool, bool, int]:
        useless = bool(serves_nobody(peer))
        others = [each for each in peers if each is not peer]
        refused = not useless and bool(peer_refusal(peer, others, memberships))
        return peer.ready, not useless, refused, len(only_peers(peer.name, organizations, there))

    return min(outdated, key=rank, default=None)


def peer_refusal(
    peer: NodeFacts,
    others: Sequence[NodeFacts],
    memberships: Memberships,
    heights: Mapping[str, int] | None = None,
) -> str:
    """Return why the others cannot spare a peer; empty if they can, or if it serves nobody.

    Every other peer of its organization and of its channels must serve, and be level on the channels that the
    two share. So a channel's organizations all have a running peer left but those that have no other one.

    Args:
        peer: the outdated peer.
        others: all other peers of the instance.
        memberships: the channels' peers.
        heights: what the others must have at least, by channel; None: they may have any height. On a busy
            channel no peer has what another one has at the same moment.
    """
    if serves_nobody(peer):
        return ""
    lines = [
        f"{other.name}: {words}"
        for other in others
        if (words := _trouble(other, _shared(peer, other, memberships), heights or {}))
    ]
    return "\n  ".join(lines)


def joined(memberships: Memberships, peers: Sequence[NodeFacts]) -> dict[str, list[str]]:
    """Return the memberships without peers that say themselves that they do not have the channel yet."""
    lacking = {
        (channel, peer.name)
        for channel in memberships
        for peer in peers
        if peer.silent is None and not serves_nobody(peer) and peer.channels.get(channel) is None
    }
    return {
        channel: [name for name in names if (channel, name) not in lacking]
        for channel, names in memberships.items()
    }


def only_peers(peer: str, organizations: Mapping[str, str], memberships: Memberships) -> tuple[str, ...]:
    """Return the channels on which a peer is the only one of its organization.

    `organizations`: by peer, its organization, of the peers that run now.
    """
    own = organizations[peer]
    return tuple(
        channel
        for channel, names in memberships.items()
        if peer in names and [name for name in names if organizations.get(name) == own] == [peer]
    )


def peer_pauses(
    restarting: Sequence[str], organizations: Mapping[str, str], memberships: Memberships
) -> list[str]:
    """Return a line for each peer whose restart leaves a channel without a peer of its organization.

    Nothing can be done about it but a second peer, so it is said before anything is restarted.
    """
    lines = []
    for name in restarting:
        if channels := only_peers(name, organizations, memberships):
            own, on = organizations[name], ", ".join(channels)
            words = f"{name} is the only peer of {own} on {on}"
            lines.append(f"{words}: while it restarts, nothing can be endorsed there that needs {own}")
    return lines


def _shared(peer: NodeFacts, other: NodeFacts, memberships: Memberships) -> list[str] | None:
    """Return the channels that two peers are on; None where the two have nothing to do with each other."""
    shared = [name for name, names in memberships.items() if peer.name in names and other.name in names]
    return shared if shared or peer.msp_id == other.msp_id else None


def _trouble(peer: NodeFacts, channels: Sequence[str] | None, heights: Mapping[str, int]) -> str:
    """Return why a peer does not endorse for the channels; empty if it does, or where they are None."""
    if channels is None:
        return ""
    if words := serves_nobody(peer):
        return words
    if peer.silent is not None:
        return peer.silent.reason
    return "; ".join(_behind(peer, channels, heights))


def _behind(peer: NodeFacts, channels: Sequence[str], heights: Mapping[str, int]) -> Iterator[str]:
    """Yield the channels on which a peer does not serve, or lacks blocks; one still to join is well."""
    for channel in channels:
        answer = peer.channels.get(channel)
        if is_active(answer):
            if not is_level(answer.height, heights.get(channel, 0)):
                yield f"{channel}: block {answer.height} of {heights[channel]}"
        elif answer is not None:
            yield f"{channel}: {describe(answer)}"
