"""Decide whether the consenters of a channel may change now, and which orderers may join it.

Source: orderer/consensus/etcdraft and orderer/consensus/smartbft (Fabric 3.1.5).
"""

from collections.abc import Collection, Mapping

from heddle.planner.channel import Kind, Step
from heddle.planner.facts import Answer, ChannelFacts, Refusal, describe, is_level, newest_height, orders
from heddle.quorum import quorum

__all__ = ["consenter_change_refusal", "joining_refusal", "lagging_consenters"]


def consenter_change_refusal(
    channel: ChannelFacts, step: Step, broken: Collection[str], newest: int
) -> Refusal | None:
    """Return why the step must wait, or None if the consenters that stay are well and remain a quorum.

    A change of consenters while another one is down can cost the channel its quorum. Consenters of other
    organizations are not asked: the orderers themselves refuse to lose a majority (Raft).

    Args:
        channel: its facts now.
        step: the change of consenters.
        broken: consenters (host:port) known not to order; those among them that leave are not missed.
        newest: the height that the nodes had when they were asked before.
    """
    changed = step.joins if step.kind is Kind.ROTATE else step.leaves
    changed_address = changed.address if changed is not None else ""
    staying = [one.address for one in channel.settings.consenters if one.address != changed_address]
    own = {address: channel.answers[address] for address in staying if address in channel.answers}
    down = {address: answer for address, answer in own.items() if not orders(answer)}
    if down:
        details = {address: describe(answer) for address, answer in down.items()}
        return _refused(channel, "while one of them is down", details)
    if lagging := lagging_consenters(channel, newest, leaving=changed_address):
        details = {address: f"block {height} of {newest}" for address, height in lagging.items()}
        return _refused(channel, "while one of them lacks blocks", details)
    running = len(own) + sum(1 for address in staying if address not in own and address not in broken)
    lost = _lost_quorum(channel, step, running, leaver_runs=changed_address not in broken)
    return _refused(channel, f"without a quorum: {lost}", {}) if lost else None


def lagging_consenters(channel: ChannelFacts, newest: int, leaving: str = "") -> dict[str, int]:
    """Return the heights of consenters that order, but lack blocks which another one had; by host:port."""
    answers = ((one.address, channel.answers.get(one.address)) for one in channel.settings.consenters)
    return {
        address: answer.height
        for address, answer in answers
        if orders(answer) and address != leaving and not is_level(answer.height, newest)
    }


def _refused(channel: ChannelFacts, why: str, details: Mapping[str, str]) -> Refusal:
    """Return the refusal; `details` tell of each node, by its host:port, what is wrong with it."""
    named = {channel.nodes.get(address, address): detail for address, detail in details.items()}
    nodes = f": {', '.join(named)}" if named else ""
    lines = [f"channel {channel.name}: consenters are not changed {why}{nodes}"]
    lines += [f"{name}: {detail}" for name, detail in named.items()]
    return Refusal(reason="\n  ".join(lines), hint="Bring these orderers up first; then run it again.")


def _lost_quorum(channel: ChannelFacts, step: Step, running: int, *, leaver_runs: bool) -> str:
    """Return how the channel could not take the step, or could not go on after it; empty if it can.

    A node that joins has the ledger already; a channel of one or two grows without a quorum for a moment.
    """
    before, after = len(channel.settings.consenters), len(step.settings.consenters)
    running_now = running + (1 if leaver_runs and step.kind is not Kind.ADD else 0)
    running_then = running + (1 if step.joins is not None else 0)
    needed_now, needed_then = quorum(before, bft=channel.bft), quorum(after, bft=channel.bft)
    if running_now < needed_now:
        return f"{running_now} of {before} consenters order, {needed_now} are needed"
    if running_then < needed_then:
        return f"{running_then} of {after} would order, {needed_then} would be needed"
    return ""


def joining_refusal(
    channel: str, answers: Mapping[str, Answer], consenters: Collection[str], sequence: int
) -> Refusal | None:
    """Return why the orderers without the channel must not join it, or None if they may.

    A consenter that comes back with an empty disk under its old identity panics, or breaks what the others
    agreed on with it (Fabric issue #3639). Where all orderers have lost a channel that was in use, joining
    with block 0 would begin another channel.

    Args:
        channel: its name.
        answers: every orderer's answer, by its name.
        consenters: names of the nodes that the channel lists as such.
        sequence: of the configuration that was applied last.
    """
    without = [name for name, answer in answers.items() if answer is None]
    if sequence and len(without) == len(answers):
        return Refusal(
            reason=f"channel {channel}: no orderer has it any more, but its configuration was number "
            f"{sequence}: joining with block 0 would begin another channel than its peers have",
            hint="Restore the orderers' volumes, all from the same backup. To begin another channel instead, "
            "empty the volumes of its peers too, refresh, then update.",
        )
    lost = [name for name in without if name in consenters]
    height = newest_height(answers.values())
    if height > 1 and lost:
        return Refusal(
            reason=f"channel {channel}: {', '.join(lost)}: a consenter without its ledger, while the "
            f"others are at height {height}: with an empty disk it must not join under its old identity",
            hint="Restore its volume. If the volume is lost, remove the node from the channel's consenters "
            "by an update of it, then refresh and update: it first follows, then is a new consenter. If "
            "it never was on the channel, use `osnadmin channel join` with the latest configuration block.",
        )
    return None
