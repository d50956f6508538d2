"""Decide whether the consenters of a channel may change now, one step after the other.

Every rule counts what is left after the step.

Source: orderer/consensus/etcdraft and orderer/consensus/smartbft (Fabric 3.1.5).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from heddle.configtx.settings import ChannelSettings, Consenter
from heddle.errors import IdentityError
from heddle.identity.keys import public_key_of
from heddle.planner.facts import ChannelFacts, Refusal, is_active, is_level, orders
from heddle.planner.joining import replacement
from heddle.planner.standing import Standing, missing_consenters, standing
from heddle.planner.steps import Kind, Step
from heddle.quorum import fault_tolerance
from heddle.text import are, part_of

__all__ = ["Outlook", "key_in_use", "outlook", "standstill"]


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """Say of a step what the channel has left after it, and why it must not be taken; None if it may."""

    step: Step
    left: Standing
    refusal: Refusal | None


def outlook(channel: ChannelFacts, steps: Sequence[Step], newest: int) -> Iterator[Outlook]:
    """Yield every step with what it leaves, each as if those before it were done.

    A node that joins runs afterwards: it has the ledger before it becomes a consenter. So does one that
    follows with a new key, once the channel has its certificate.
    """
    missing, settings = missing_consenters(channel, newest), channel.settings
    for step in steps:
        before = missing
        if step.kind is Kind.ROTATE and step.joins is not None and _follows(channel, step.joins, newest):
            missing = {address: why for address, why in before.items() if address != step.joins.address}
        if step.kind is Kind.MOVE:
            missing = _missing_after_move(step, before)
        left = standing(step.settings, missing, bft=channel.bft)
        reason = _objection(settings, step, before, missing, bft=channel.bft)
        what = "it must wait" if step.kind is Kind.SETTINGS else f"{step.kind.value}: it must wait"
        way_on = _way_on(channel, step, before)
        refusal = _refusal(channel, what, reason, before, way_on) if reason else None
        yield Outlook(step=step, left=left, refusal=refusal)
        settings = step.settings


def _missing_after_move(step: Step, missing: Mapping[str, str]) -> dict[str, str]:
    """Return the consenters that do not run, that which moves by its new address."""
    former, new = (each.address if each is not None else "" for each in (step.leaves, step.joins))
    return {new if address == former else address: why for address, why in missing.items()}


def key_in_use(channel: ChannelFacts, step: Step) -> Refusal | None:
    """Return why a channel must not take a node's new certificate now; None if it may.

    A node that orders runs with the key that the channel knows: of TLS with Raft, of its enrolment with BFT,
    where channels note the TLS certificate and do not hold nodes to it. It would be lost to the channel until
    its restart, and with two consenters of Raft the channel would stand still (seen on Fabric 3.1.5). A
    certificate of another authority for the same key changes nothing for the node: it orders on.
    """
    if step.kind is not Kind.ROTATE or step.joins is None:
        return None
    address = step.joins.address
    if not orders(channel.answers.get(address)) or _keeps_key(channel, step.joins):
        return None
    name, key = channel.nodes.get(address, address), "enrolment" if channel.bft else "TLS"
    return Refusal(
        reason=f"channel {channel.name}: {name} still orders with its former {key} key, so the channel does "
        "not take its new certificate",
        hint=f"Run `heddle up` again: {name} restarts with the new key while the others order, and the "
        "channel takes its certificate then.",
    )


def _keeps_key(channel: ChannelFacts, wanted: Consenter) -> bool:
    """Tell whether a consenter keeps the key by which the channel knows it, whatever its certificate."""
    now = next((one for one in channel.settings.consenters if one.address == wanted.address), None)
    if now is None:
        return False
    pairs = [(now.identity, wanted.identity)]
    if not channel.bft:
        pairs = [
            (now.client_tls_certificate, wanted.client_tls_certificate),
            (now.server_tls_certificate, wanted.server_tls_certificate),
        ]
    try:
        return all(old == new or public_key_of(old) == public_key_of(new) for old, new in pairs)
    except IdentityError:
        return False  # what cannot be read proves nothing


def standstill(channel: ChannelFacts, newest: int) -> Refusal | None:
    """Return why the channel cannot order anything, or None while enough of its consenters run."""
    missing = missing_consenters(channel, newest)
    now = standing(channel.settings, missing, bft=channel.bft)
    if now.margin >= 0:
        return None
    return _refusal(channel, "it has stopped", _no_quorum(now), missing, _way_back(channel, missing))


def _follows(channel: ChannelFacts, consenter: Consenter, newest: int) -> bool:
    answer = channel.answers.get(consenter.address)
    return is_active(answer) and not orders(answer) and is_level(answer.height, newest)


def _objection(
    before: ChannelSettings, step: Step, missing: Collection[str], left: Collection[str], *, bft: bool
) -> str:
    """Return why a step must not be taken now; empty if it may.

    `missing` do not run now, `left` not after the step.
    """
    now, then = standing(before, missing, bft=bft), standing(step.settings, left, bft=bft)
    if now.margin < 0:
        return _no_quorum(now)
    if step.kind in (Kind.SETTINGS, Kind.CAPABILITY):
        return ""
    if step.kind is Kind.MOVE and step.leaves is not None and step.leaves.address in missing:
        return "nobody knows whether it answers at its new address before it runs"
    if then.margin < 0:
        return f"{_run(then)} would run, {then.needed} would be needed"
    # Raft's leader counts those that live without the new node, or the one with a new certificate
    # (etcdraft/membership.go, UnacceptableQuorumLoss). With BFT, too, the latter is out of work for a moment.
    away = step.kind is Kind.ROTATE or (not bft and step.kind is not Kind.MOVE)
    out = step.joins.address if step.joins is not None and away else ""
    meanwhile = standing(step.settings, {*missing, out}, bft=bft)
    if meanwhile.margin < 0 and then.consenters > 2:
        return (
            f"{part_of(meanwhile.running, then.consenters, 'consenter')} would run until it does, "
            f"{then.needed} would be needed"
        )
    if then.margin < min(1, fault_tolerance(then.consenters, bft=bft)) and then.margin < now.margin:
        return f"{_run(then)} would run, and one more failure would stop the channel"
    return ""


def _run(found: Standing) -> str:
    return part_of(found.running, found.consenters, "consenter")


def _no_quorum(now: Standing) -> str:
    return (
        f"{_run(now)} run{'s' if now.running == 1 else ''}, {now.needed} {are(now.needed)} needed: "
        "no configuration update can be ordered"
    )


def _refusal(
    channel: ChannelFacts, what: str, reason: str, missing: Mapping[str, str], way_out: str
) -> Refusal:
    """Return a refusal that tells of each node that does not run what is wrong with it."""
    named = {channel.nodes.get(address, address): detail for address, detail in missing.items()}
    lines = [f"channel {channel.name}: {what}: {reason}", *(f"{name}: {why}" for name, why in named.items())]
    return Refusal(reason="\n  ".join(lines), hint=way_out)


def _way_back(channel: ChannelFacts, missing: Collection[str]) -> str:
    names = " or ".join(channel.nodes.get(address, address) for address in missing)
    return f"Bring back {names}, with its ledger: a volume that is lost, from a backup. Then run it again."


def _way_on(channel: ChannelFacts, step: Step, missing: Collection[str]) -> str:
    """Return what brings the channel on: nodes that come back, or new ones in the place of the lost."""
    if standing(channel.settings, missing, bft=channel.bft).margin < 0:
        return _way_back(channel, missing)
    staying = [one.address for one in step.settings.consenters]
    lost = [each for each in missing if each in staying and channel.answers[each] is None]
    down = [channel.nodes.get(address, address) for address in missing if address not in lost]
    hints = [f"Bring {' and '.join(down)} up first; then run it again."] if down else []
    if lost:
        names = [channel.nodes.get(address, address) for address in staying]
        instead = replacement(names, [channel.nodes.get(address, address) for address in lost])
        hints.append(f"Let a new node take the place of one that has lost its ledger: {instead}.")
    return " ".join(hints)
