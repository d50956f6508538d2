"""Decide how orderers come back: which starts again as it is, and which another one must replace. Pure.

A consenter whose log of Raft or whose blocks are gone must not vote again as it was: it may have promised
what it does not know any more (Fabric, docs/source/raft_configuration.md, "Reconfiguration"). The index of
the block files is made anew from them when an orderer starts (common/ledger/blkstorage, syncIndex; tried with
3.1.5), so it alone may be renamed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from heddle.planner.facts import describe, is_level, orders
from heddle.planner.incidents import Cause
from heddle.planner.joining import replacement
from heddle.planner.looks import PodLook
from heddle.planner.responses.model import Action, Deed, Response, Situation
from heddle.planner.responses.pods import start
from heddle.planner.triage import Finding
from heddle.quorum import quorum
from heddle.render import ORDERER_LEDGER
from heddle.text import counted

__all__ = ["Damage", "damage_of", "quorum_lost", "rejoin_orderer"]


class Damage(StrEnum):
    """Name what is broken of an orderer that ends whenever it starts."""

    INDEX = "the index of its block files"
    LEDGER = "its blocks, or Raft's log"
    DISK = "its volume is full"
    OTHER = "something else"


_PANIC = "panic: "
_RAFT = ("raft data", "raft log", "WAL", "snapshot")
_INDEX = "leveldb"
_BLOCKS = "common/ledger/blkstorage."
_FULL = "no space left on device"
_LAST = 3


def damage_of(log: str) -> Damage:
    """Judge by the end of its log why an orderer ended: its panic, and the functions of its trace.

    Seen on 3.1.5: tests/cases/runbooks/orderer-logs. Raft's words come first: an orderer that cannot read its
    log of Raft must not be mended by anything milder.
    """
    lines = log.splitlines()
    ends = [number for number, line in enumerate(lines) if line.startswith(_PANIC)]
    if not ends:
        return Damage.DISK if any(_FULL in line for line in lines[-_LAST:]) else Damage.OTHER
    said, trace = lines[ends[0]], "\n".join(lines[ends[0] + 1 :])
    if _FULL in said:
        return Damage.DISK
    if any(words in said for words in _RAFT):
        return Damage.LEDGER
    if _INDEX in said:
        return Damage.INDEX
    return Damage.LEDGER if _BLOCKS in trace else Damage.OTHER


def _last_words(log: str) -> str:
    """Return the line in which a process says why it ended."""
    lines = [line for line in log.splitlines() if line.strip()]
    return next((line for line in lines if line.startswith(_PANIC)), lines[-1] if lines else "")


def rejoin_orderer(now: Situation) -> Response:
    """Mend what can be made anew, start what was stopped, and name the edit for one that must be replaced."""
    found = [_state(now, name) for name in now.closer.orderers]
    lost = [each.name for each in found if each.lost]
    needs = [_replace(now, lost)] if lost else []
    needs += [each.need for each in found if each.need]
    lines = [f"{each.name}: {each.words}" for each in found if each.words]
    actions = [each.action for each in found if each.action]
    return Response(
        lines=tuple(lines),
        actions=tuple(actions),
        needs=tuple(dict.fromkeys(needs)),
        passes=any(each.passes for each in found),
    )


def quorum_lost(now: Situation) -> Response:
    """Count who orders, who can come back with its ledger, and say in which order; nothing is guessed."""
    found = [_state(now, name) for name in now.closer.orderers]
    lines = [f"{each.name}: {each.words or 'orders'}" for each in found]
    lost = [each for each in found if each.lost]
    back = [each for each in found if each.words and not each.lost]
    needed = quorum(len(found), bft=now.closer.bft) if found else 0
    whole = len(found) - len(lost)
    lines.append(
        f"of {counted(len(found), 'orderer')}: {len(found) - len(lost) - len(back)} order, {len(back)} "
        "can come "
        f"back with their ledgers, {len(lost)} have lost theirs"
    )
    actions = tuple(each.action for each in back if each.action)
    if whole < needed:
        return Response(lines=tuple(lines), needs=(_restore(now, needed, whole),))
    needs = [each.need for each in back if each.need]
    if lost and not actions:
        needs.append(f"only when the channels order again: {_replace(now, [each.name for each in lost])}")
    return Response(
        lines=tuple(lines),
        actions=actions,
        needs=tuple(dict.fromkeys(needs)),
        passes=any(each.passes for each in back),
    )


@dataclass(frozen=True, kw_only=True)
class _State:
    """Describe an orderer: what is wrong, and what brings it back. `lost`: it has no ledger any more."""

    name: str
    words: str = ""
    lost: bool = False
    action: Action | None = None
    need: str = ""
    passes: bool = False


def _state(now: Situation, name: str) -> _State:
    if name in now.facts.begun:
        again = f"a run of {now.facts.begun[name]} stopped it and did not end"
        return _State(name=name, words=again, action=_mend_index(name))
    if name in now.facts.scaled_down:
        return _State(name=name, words="somebody scaled it to 0 replicas", action=start(now, name))
    if channels := next((each.lost for each in now.facts.nodes if each.name == name), ()):
        return _State(name=name, words=f"it has no ledger of {', '.join(channels)}", lost=True)
    pod = now.pod_of(name)
    if pod is not None and pod.reason and (said := _of_pod(now, name, pod)):
        return said
    if any(each.about == name and each.cause is Cause.RAFT_LOG_LOST for each in now.all):
        return _forgetful(now, name)
    if other := _other(now, name):
        return _State(name=name, words=other.words, need=f"{name} first: {now.line(other)}")
    return next(_answers(now, name), _State(name=name))


def _forgetful(now: Situation, name: str) -> _State:
    """Return the state of an orderer that started without its log of Raft, and answers.

    Under a leader it soon has the whole log again, and what it forgot does no more harm; what it did until
    then shows in blocks that differ. Without a leader it would help to elect one that lacks blocks.
    """
    channels, stack = now.facts.forgot[name], now.facts.stack
    without = [each for each in channels if not _follows(now, name, each)]
    if without:
        words = f"its log of Raft of {', '.join(without)} is gone, and no leader has given it back"
        return _State(name=name, words=words, lost=True)
    proof = " and ".join(f"`heddle channel verify {stack} {each}`" for each in channels)
    need = (
        f"{name} has voted without its log of Raft, which it has again: prove that no block differs: {proof}"
    )
    return _State(name=name, need=need)


def _follows(now: Situation, name: str, channel: str) -> bool:
    """Tell whether a channel orders, and an orderer has its newest blocks."""
    margin, _ = now.facts.margins.get(channel, (None, ""))
    heights = {each.name: each.heights.get(channel, 0) for each in now.facts.nodes}
    newest = max(heights.values(), default=0)
    return margin is not None and margin >= 0 and is_level(heights.get(name, 0), newest)


def _of_pod(now: Situation, name: str, pod: PodLook) -> _State | None:
    """Return the state of an orderer whose container ends; None where the pod has another trouble."""
    detail = now.detail_of(pod.pod)
    if detail is None or not detail.log:
        return None
    damage, said = damage_of(detail.log), _last_words(detail.log)
    words = f"it ends whenever it starts: {damage}: {said}"
    match damage:
        case Damage.INDEX:
            return _State(name=name, words=words, action=_mend_index(name))
        case Damage.LEDGER:
            return _State(name=name, words=words, lost=True)
        case Damage.DISK:
            return _State(
                name=name, words=words, need=f"heddle runbook run disk-full --stack {now.facts.stack}"
            )
        case _:
            log = f"heddle logs {now.facts.stack} --node {name} --previous"
            return _State(name=name, words=words, need=f"mend what its log names: {log}")


def _mend_index(name: str) -> Action:
    return Action(
        deed=Deed.SET_ASIDE,
        about=name,
        stops=(name,),
        folder=f"{ORDERER_LEDGER}/index",
        words=f"{name}: it is stopped, its index is renamed, and it makes a new one from its blocks",
    )


def _other(now: Situation, name: str) -> Finding | None:
    """Return what else is wrong with an orderer that has a runbook of its own."""
    mine = [each for each in now.all if each.about == name and each not in now.findings]
    return next(iter(mine), None)


def _answers(now: Situation, name: str) -> Iterator[_State]:
    """Yield the state of an orderer that answers, and orders not all of its channels."""
    for node in now.facts.answers:
        for channel, answer in node.channels.items() if node.name == name else ():
            if answer is not None and not orders(answer):
                words = f"{channel}: {describe(answer)}"
                yield _State(name=name, words=words, passes="onboarding" in words or "follower" in words)


def _replace(now: Situation, lost: Sequence[str]) -> str:
    stack, names = now.facts.stack, ", ".join(lost)
    edit = replacement(now.closer.orderers, lost)
    return (
        f"{names} must not vote again as before: write {edit}, then `heddle preview {stack}` and "
        f"`heddle up {stack}`: the lost one leaves first, the new one takes its place"
    )


def _restore(now: Situation, needed: int, whole: int) -> str:
    return (
        f"{needed} must order, and only {whole} still have their ledgers: no update can take the lost "
        "ones out. "
        "Put back the volumes of the lost ones if they are kept anywhere, all from the same moment; else the "
        f"whole instance: heddle runbook run restore --stack {now.facts.stack}"
    )
