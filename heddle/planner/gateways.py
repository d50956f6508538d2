"""Decide when gateways of peers need to start anew because the orderers of a channel change.

A gateway knows a channel's orderers as the channel's endpoints were when its peer started (docs/adr/0019).
With Raft it hands a transaction to one of those that it knows, with BFT to all, and a quorum of as many must
take it (internal/pkg/gateway/submit.go, Fabric 3.1.5). So peers start anew after orderers have joined, and
with BFT after some have left: then gateways always know all that order, and no more than those.
"""

from collections.abc import Collection, Sequence

from heddle.configtx.settings import BFT, ChannelSettings
from heddle.planner.facts import Refusal
from heddle.planner.steps import Kind, Step
from heddle.quorum import quorum
from heddle.text import counted

__all__ = ["leaving_refusal", "outdates_gateways"]


def outdates_gateways(before: ChannelSettings, after: ChannelSettings) -> bool:
    """Tell whether gateways that know the orderers of `before` must learn those of `after`.

    With Raft they need not learn that one has left: they try another.
    """
    old, new = _endpoints(before), _endpoints(after)
    return bool(new - old) or (after.consensus == BFT and old != new)


def leaving_refusal(channel: str, live: ChannelSettings, steps: Sequence[Step]) -> Refusal | None:
    """Return why so many orderers must not leave in one go: gateways would reach too few of those they know.

    Only with BFT. Args: channel: its name. live: the channel before. steps: all that are to be taken.
    """
    if live.consensus != BFT:
        return None
    known = _endpoints(live)
    leaving = {
        step.leaves.address for step in steps if step.leaves and step.kind in (Kind.REMOVE, Kind.REPLACE)
    }
    needed = quorum(len(known), bft=True)
    if len(known - leaving) >= needed:
        return None
    return _refusal(channel, known, leaving & known, needed)


def _refusal(channel: str, known: Collection[str], leaving: Collection[str], needed: int) -> Refusal:
    know, count = len(known), counted(len(leaving), "orderer")
    return Refusal(
        reason=f"channel {channel}: {count} of {know} would leave at once: gateways of peers know all {know} "
        f"until the peers restart, and {needed} of them must take a transaction",
        hint=f"Take at most {know - needed} of them out of the stack file now. `up` restarts the peers "
        "afterwards; then the next may leave.",
    )


def _endpoints(settings: ChannelSettings) -> frozenset[str]:
    return frozenset(address for each in settings.orderer_organizations for address in each.endpoints)
