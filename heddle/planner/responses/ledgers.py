"""Decide about ledgers that stand still, databases that lack state, and volumes that are full. Pure."""

from collections.abc import Iterator

from heddle.planner.facts import is_active, is_level
from heddle.planner.incidents import Cause
from heddle.planner.looks import PodLook
from heddle.planner.responses.model import Action, Deed, Response, Situation
from heddle.planner.responses.pods import delete
from heddle.planner.restart import restart_refusal
from heddle.quantities import amount
from heddle.text import counted

__all__ = ["couchdb_rebuild", "disk_full", "height_gap"]

_BLOCKS_A_SECOND = 21
"""Blocks from which a peer makes its state in CouchDB anew in a second: 150 000 in two hours (bcs.md "
"10.29)."""
_MORE = 2
"""Times by which a volume that is full is to grow."""


def height_gap(now: Situation) -> Response:
    """Wait for nodes that catch up; restart one that stands still, if the others can do without it.

    One at a time: the next one in the next run, once this one is level.
    """
    lines: list[str] = []
    actions: list[Action] = []
    needs: list[str] = []
    passes = False
    for name in dict.fromkeys(each.about for each in now.findings):
        grown = now.closer.grown.get(name, {})
        lines.append(f"{name}: {_pace(now, name)}")
        if any(grown.values()):
            passes = True
            continue
        refusal = _refusal(now, name)
        detail = now.detail_of(f"{name}-0")
        if refusal:
            needs.append(f"{name} stands still and must not restart now: {refusal}")
        elif detail is None:
            needs.append(f"{name} has no pod: heddle runbook run triage --stack {now.facts.stack}")
        elif not actions:
            pod = PodLook(owner=name, pod=detail.name, kind="", reason="")
            actions.append(delete(pod, detail, "it stands still; a new one dials the others again"))
        else:
            needs.append(f"{name} stands still, too: run this again once {actions[0].about} is level")
    return Response(lines=tuple(lines), actions=tuple(actions), needs=tuple(needs), passes=passes)


def _pace(now: Situation, name: str) -> str:
    """Return in words what a node lacks, how fast it catches up, and how long that takes."""
    words = []
    heights = next((each.heights for each in now.facts.nodes if each.name == name), {})
    for channel, height in heights.items():
        newest = max((each.heights.get(channel, 0) for each in now.facts.nodes), default=0)
        if is_level(height, newest):
            continue
        grown = now.closer.grown.get(name, {}).get(channel, 0)
        if not grown or not now.closer.watched:
            words.append(
                f"{channel}: {height} of {newest} blocks, and none came in {now.closer.watched:.0f} s"
            )
            continue
        left = (newest - height) * now.closer.watched / grown
        words.append(
            f"{channel}: {height} of {newest} blocks, {grown} came in {now.closer.watched:.0f} s; "
            f"level in about {left:.0f} s"
        )
    return "; ".join(words) or "it is level by now"


def _refusal(now: Situation, name: str) -> str:
    node = next((each for each in now.facts.answers if each.name == name), None)
    if node is None:
        return "nobody could ask the nodes"
    others = [each for each in now.facts.answers if each.kind == node.kind and each is not node]
    if node.kind == "peer":
        serving = [each for each in others if all(map(is_active, each.channels.values()))]
        return "" if serving else "no other peer would serve meanwhile"
    return restart_refusal(node, others)


def couchdb_rebuild(now: Situation) -> Response:
    """Restart a peer whose database lacks state; set aside a database that does not start; say how long."""
    lines: list[str] = []
    actions: list[Action] = []
    needs: list[str] = []
    peers = {database: peer for peer, database in now.closer.databases.items() if database}
    done: set[str] = set()
    for finding in now.findings:
        peer = peers.get(finding.about, finding.about)
        database = now.closer.databases.get(peer, "")
        if peer in done or not database:
            continue
        done.add(peer)
        if finding.about in now.facts.unknown:
            continue
        lines.append(_estimate(now, peer))
        if finding.cause is Cause.STATE_MISSING:
            detail = now.detail_of(f"{peer}-0")
            if detail is None:
                needs.append(f"{peer} has no pod: heddle runbook run triage --stack {now.facts.stack}")
                continue
            pod = PodLook(owner=peer, pod=detail.name, kind="peer", reason="")
            actions.append(delete(pod, detail, "a new one makes the state again from its blocks"))
        else:
            actions.append(
                Action(
                    deed=Deed.SET_ASIDE,
                    about=database,
                    stops=(peer, database),
                    words=f"{peer} and {database} are stopped, what {database} has is renamed on its volume, "
                    "both start, and the peer makes its state again from its blocks",
                )
            )
    return Response(lines=tuple(lines), actions=tuple(actions), needs=tuple(needs))


def _estimate(now: Situation, peer: str) -> str:
    """Return about how long a peer takes to make its state again, by the highest of all ledgers."""
    channels = {name for each in now.facts.nodes for name in each.heights}
    blocks = sum(max(each.heights.get(name, 0) for each in now.facts.nodes) for name in channels)
    minutes = max(1, round(blocks / _BLOCKS_A_SECOND / 60))
    return (
        f"{peer}: about {counted(minutes, 'minute')} for {counted(blocks, 'block')} at "
        f"{_BLOCKS_A_SECOND} a second; "
        "it answers nobody until then"
    )


def disk_full(now: Situation) -> Response:
    """Say how a full volume grows, or what takes its place; free what was set aside, if told to."""
    actions: list[Action] = []
    needs: list[str] = []
    for claim in _full(now):
        aside = now.closer.aside.get(claim, ())
        names = ", ".join(path.rpartition("/")[2] for path in aside)
        if aside and now.free:
            words = f"{claim}: {names} go"
            actions.append(Action(deed=Deed.FREE, about=claim, pod=f"{claim}-0", files=aside, words=words))
            continue
        if aside:
            needs.append(
                f"{names} on {claim} were set aside by earlier runbooks: if nobody needs "
                "them any more, run this with -e free=yes"
            )
        needs.append(_growth(now, claim))
    return Response(actions=tuple(actions), needs=tuple(needs))


def _full(now: Situation) -> Iterator[str]:
    yield from dict.fromkeys(each.about for each in now.findings if each.about in now.closer.claims)


def _growth(now: Situation, claim: str) -> str:
    facts, stack = now.closer.claims[claim], now.facts.stack
    if facts.obstacle:
        return (
            f"{claim} cannot grow: {facts.obstacle}. Let a node with a larger volume take its place "
            "(docs/operations/storage.md, 'Where volumes cannot grow')"
        )
    wanted = f"{int(amount(facts.requested) * _MORE / 2**30) or 1}Gi"
    owner = next((peer for peer, database in now.closer.databases.items() if database == claim), claim)
    size = f"{{couchdb: {{size: {wanted}}}}}" if owner != claim else f"{{size: {wanted}}}"
    return (
        f"{claim} has {facts.capacity or facts.requested}: write `nodes: "
        f"{{{owner}: {{storage: {size}}}}}` into the "
        f"stack file, then `heddle preview {stack}` and `heddle up {stack}`; most drivers enlarge "
        "while the node runs"
    )
