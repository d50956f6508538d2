"""Decide whether former addresses of nodes may go: nobody must still be sent to one of them.

A channel sends peers, clients and the other orderers to the addresses that it names. An orderer dials the
addresses that it found when it started, or when a connection was made first; so does a peer's gateway.
"""

from collections.abc import Collection, Mapping, Sequence

from heddle.planner.facts import Refusal
from heddle.text import are

__all__ = ["leaving_addresses", "removal_refusal"]


def leaving_addresses(
    before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """Return the addresses (host:port) that nodes which stay answer to no more, by the node's name."""
    gone = {
        name: tuple(each for each in addresses if each not in after[name])
        for name, addresses in before.items()
        if name in after
    }
    return {name: addresses for name, addresses in gone.items() if addresses}


def removal_refusal(
    gone: Mapping[str, Collection[str]],
    named: Mapping[str, Collection[str]],
    restarting: Sequence[str] = (),
) -> Refusal | None:
    """Return why addresses must not go now; None if they may.

    Args:
        gone: the addresses that go, by node.
        named: the addresses that each channel names.
        restarting: nodes that are still to restart.
    """
    lines = [
        f"channel {channel} names {address} of {node}"
        for channel, addresses in named.items()
        for node, mine in gone.items()
        for address in mine
        if address in addresses
    ]
    if lines:
        return Refusal(
            reason="\n  ".join(["addresses of nodes are in use and must not go", *lines]),
            hint="Name in the stack file what they were, under `former` (docs/operations/addresses.md), and "
            "run `heddle up`: channels get the new addresses, nodes answer to both. Then take `former` out.",
        )
    if restarting:
        names = ", ".join(restarting)
        return Refusal(
            reason=f"{names} {are(len(restarting))} still to restart and may dial the former addresses",
            hint="Put `former` back into the stack file and run `heddle up` until it has nothing left to do.",
        )
    return None
