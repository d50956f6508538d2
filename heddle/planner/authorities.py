"""Decide by what nodes show, never by a count, whether authorities may be exchanged further.

A new generation stands beside the former one first, then issues all certificates, then stands alone. Who
presents a certificate that somebody does not accept is lost to that one, so
- a generation issues once every node accepts what it issues, and every channel names it;
- a generation goes once no node presents what it issued, and no channel knows a consenter by such a one.
Going back follows the same two rules.

An authority that has ended proves nothing: nobody accepts what it issued. An exchange that had begun before
goes on without proof, since nobody can be shut out who is let in nowhere. None can begin after it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from heddle.planner.facts import Refusal
from heddle.planner.remedies import ENDED
from heddle.text import sentence

__all__ = ["ChannelTrust", "Generations", "NodeTrust", "exchange_refusal", "needs_proof", "step_refusal"]


@dataclass(frozen=True, kw_only=True)
class Generations:
    """Name the generations of an organization's authorities that are trusted, and the one that issues."""

    trusted: frozenset[int]
    issuing: int


@dataclass(frozen=True, kw_only=True)
class NodeTrust:
    """Describe one node of the organization that exists.

    presents: the generations of the certificates that it presents; 0: none of those that are declared.
    accepts: the generations whose certificates it accepts, asked with one of each.
    silent: why that is not known; empty if it is.
    """

    name: str
    presents: frozenset[int] = frozenset()
    accepts: frozenset[int] = frozenset()
    silent: str = ""


@dataclass(frozen=True, kw_only=True)
class ChannelTrust:
    """Describe the organization on a channel that exists.

    holds: the generations that the channel's configuration names.
    consenters: the generation of each consenter's certificates, by the consenter; 0: none of those declared.
    silent: why that is not known; empty if it is.
    """

    name: str
    holds: frozenset[int] = frozenset()
    consenters: Mapping[str, int] = field(default_factory=dict)
    silent: str = ""


def needs_proof(wanted: Generations, former: Generations | None, ended: Collection[int] = ()) -> bool:
    """Tell whether nodes and channels have to be asked: another generation issues, or one goes.

    ended: the generations of which an authority has ended.
    """
    before = former or _before_first(wanted)
    another = wanted.issuing != before.issuing and before.issuing not in ended
    return another or not wanted.trusted >= before.trusted


def exchange_refusal(
    organization: str,
    wanted: Generations,
    former: Generations | None,
    nodes: Sequence[NodeTrust],
    channels: Sequence[ChannelTrust],
    ended: Collection[int] = (),
) -> Refusal | None:
    """Return why the wanted generations must not come into force now; None if they may.

    Args:
        organization: its name.
        wanted: what is asked for.
        former: what came into force last; None before the first exchange.
        nodes: those of the organization that exist; none in a new network.
        channels: those that exist.
        ended: the generations of which an authority has ended.
    """
    before = former or _before_first(wanted)
    if too_late := _too_late(organization, wanted, before, ended):
        return too_late
    if wanted.issuing != before.issuing and before.issuing not in ended:
        lines = [*_not_accepting(wanted.issuing, nodes), *_without(wanted.issuing, channels)]
        if lines:
            head = f"{organization}: generation {wanted.issuing} of its authorities must not issue yet"
            return Refusal(reason="\n  ".join([head, *lines]), hint=_first("trusted", organization))
    if gone := before.trusted - wanted.trusted:
        lines = [*_presenting(wanted.trusted, nodes), *_consenting(wanted.trusted, channels)]
        if lines:
            which = " and ".join(str(each) for each in sorted(gone))
            head = f"{organization}: generation {which} of its authorities is in use and must not go yet"
            return Refusal(reason="\n  ".join([head, *lines]), hint=_first("issuing", organization))
    return None


def step_refusal(wanted: Generations, former: Generations | None) -> Refusal | None:
    """Return why another authority of operations endpoints must not issue now; None if it may.

    It has no phases: a node lets the next one's client in because the one before certified it, and that one
    alone is known to nodes. former: what came into force last; None before the first exchange.
    """
    before = former.issuing if former else 1
    if wanted.issuing in (before, before + 1):
        return None
    return Refusal(
        reason=f"certificates.operations: {wanted.issuing} does not follow {before}, which nodes know",
        hint=f"Leave {before}, or write {before + 1} and run `heddle up` before the one after it.",
    )


def _too_late(
    organization: str, wanted: Generations, before: Generations, ended: Collection[int]
) -> Refusal | None:
    """Return why generations cannot come into force any more, where one has ended; None if they can."""
    if wanted.issuing in ended:
        trusted = sorted(before.trusted - set(ended))
        hint = (
            f"Write `phase: issuing` for generation {trusted[-1]}: it is trusted already." if trusted else ""
        )
        return Refusal(reason=_ended(organization, wanted.issuing), hint=hint or sentence(ENDED))
    if before.issuing in ended and wanted.issuing not in before.trusted:
        return Refusal(reason=_ended(organization, before.issuing), hint=sentence(ENDED))
    return None


def _ended(organization: str, generation: int) -> str:
    return (
        f"{organization}: an authority of generation {generation} has ended: what it issued ended with it, "
        "and it issues nothing any more"
    )


def _before_first(wanted: Generations) -> Generations:
    """Return what an organization has before its first exchange: the first generation.

    Where the file begins with a later one, all that is there is to be proved.
    """
    return Generations(trusted=frozenset({1}), issuing=1 if 1 in wanted.trusted else 0)


def _first(phase: str, organization: str) -> str:
    return (
        f"Write `phase: {phase}` for it under certificates.authorities.{organization}, run `heddle up` until "
        "it has nothing left to do, then go on."
    )


def _not_accepting(generation: int, nodes: Sequence[NodeTrust]) -> Iterator[str]:
    what = f"certificates of generation {generation}"
    for node in nodes:
        if node.silent:
            yield f"{node.name}: not known whether it accepts {what}: {node.silent}"
        elif generation not in node.accepts:
            yield f"{node.name} does not accept {what}"


def _without(generation: int, channels: Sequence[ChannelTrust]) -> Iterator[str]:
    for channel in channels:
        if channel.silent:
            yield f"channel {channel.name}: not known whom it trusts: {channel.silent}"
        elif generation not in channel.holds:
            yield f"channel {channel.name} does not trust generation {generation}"


def _presenting(staying: frozenset[int], nodes: Sequence[NodeTrust]) -> Iterator[str]:
    for node in nodes:
        if node.silent:
            yield f"{node.name}: not known which certificates it presents: {node.silent}"
        elif others := node.presents - staying:
            yield f"{node.name} presents a certificate of {_named(max(others))}"


def _consenting(staying: frozenset[int], channels: Sequence[ChannelTrust]) -> Iterator[str]:
    for channel in channels:
        if channel.silent:
            yield f"channel {channel.name}: not known how it knows its orderers: {channel.silent}"
            continue
        for name, generation in channel.consenters.items():
            if generation not in staying:
                yield f"channel {channel.name} knows {name} by a certificate of {_named(generation)}"


def _named(generation: int) -> str:
    return f"generation {generation}" if generation else "another generation"
