"""Decide from the facts of all checks what is wrong, the most serious first, and what deals with it. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from heddle.planner.facts import is_level
from heddle.planner.incidents import WAYS, Cause, Way
from heddle.planner.looks import FULL, Facts, LogsLook, NodeLook, PodLook
from heddle.quantities import told_bytes
from heddle.text import counted

__all__ = ["Finding", "find", "finding", "report", "told"]

_SKEW = 60.0
"""Seconds of difference between clocks that is too much: the BCS guide's bound, and TLS's patience."""
_DISK = re.compile(r"DiskPressure: (?!.*; (PIDPressure|NetworkUnavailable): )")
"""Words on a machine of which only the disk is short."""
_LARGEST = 3
"""Pods whose logs are told, the largest."""
_HANDSHAKE = ("handshake", "x509", "verify_failed", "certificate", "tls:", "ssl")
"""Words of an answer that failed before anything was asked: one side did not accept the other."""
_RESTARTS = 5
"""Restarts of a container that runs again after which it is told: a machine that was rebooted makes some."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Say what is wrong with what, by which signs, and the command that comes next."""

    cause: Cause
    about: str
    words: str
    command: str
    evidence: tuple[str, ...] = ()

    @property
    def way(self) -> Way:
        """Return what deals with it."""
        return WAYS[self.cause]


def find(facts: Facts) -> tuple[Finding, ...]:
    """Return what is wrong, the most serious first.

    Where one thing is the reason of others only that is told: of a cluster that does not answer, of a node
    whose pod has no image.
    """
    if facts.unreachable:
        found = [finding(facts, Cause.API_SILENT, "the cluster", facts.unreachable)]
    elif facts.namespace_words:
        found = [finding(facts, Cause.NAMESPACE_GONE, facts.namespace, facts.namespace_words)]
    elif facts.asleep:
        found = [*_settings(facts)]
    else:
        found = [*_workloads(facts), *_channels(facts), *_nodes(facts), *_around(facts), *_settings(facts)]
    return tuple(sorted(found, key=lambda each: each.way.severity.rank))


def report(facts: Facts, findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the report as JSON has it."""
    return {
        "stack": facts.stack,
        "well": not any(each.cause is not Cause.NOT_LOOKED_AT for each in findings),
        "findings": [
            {
                "severity": each.way.severity,
                **asdict(each),
                "runbook": each.way.runbook or None,
                "page": f"docs/operations/{each.way.page}",
            }
            for each in findings
        ],
    }


def told(facts: Facts, findings: Sequence[Finding]) -> list[str]:
    """Return the report as lines for people."""
    wrong = [each for each in findings if each.cause is not Cause.NOT_LOOKED_AT]
    lines = []
    for each in findings:
        lines.append(f"{each.way.severity}: {each.about}: {each.words}")
        lines += [f"    {line}" for line in each.evidence]
        lines.append(f"    → {each.command}  (docs/operations/{each.way.page})")
    if wrong:
        return lines
    count = ", ".join(
        (counted(len(facts.nodes), "node"), counted(len(facts.margins), "channel"))
        if facts.nodes
        else ("it sleeps",)
    )
    return [f"all is well with {facts.stack}: {count}; every check that could be made found nothing", *lines]


def finding(
    facts: Facts, cause: Cause, about: str, words: str, evidence: Sequence[str] = (), **names: str
) -> Finding:
    """Return a finding with the command that deals with it. names: what else the command takes."""
    known = {"stack": facts.stack, "namespace": facts.namespace, "name": about, "channel": about, **names}
    return Finding(
        cause=cause,
        about=about,
        words=" ".join(words.split()),
        command=WAYS[cause].command.format(**known),
        evidence=tuple(evidence),
    )


_IMAGE = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
_PENDING = frozenset({"Unschedulable", "Pending", "ContainerCreating", "CreateContainerConfigError"})


def _workloads(facts: Facts) -> Iterator[Finding]:
    for name in facts.missing:
        words = "the cluster does not have it; `heddle refresh`, then `heddle up` make it anew"
        yield finding(facts, Cause.WORKLOAD_MISSING, name, words)
    for name in facts.scaled_down:
        # A run of rejoin-peer that was killed leaves its peer so, and says more of it.
        if name in facts.begun:
            words = f"a run of {facts.begun[name]} stopped it and did not end"
            yield finding(facts, _BEGUN.get(facts.begun[name], Cause.SCALED_DOWN), name, words)
        elif _verdict(facts, name) != "stopped":
            yield finding(facts, Cause.SCALED_DOWN, name, "somebody scaled it to 0 replicas")
    for chaincode, organization in facts.servers:
        words = f"no pod serves it to {organization}; `heddle refresh`, then `heddle up` mend that"
        yield finding(facts, Cause.SERVER_MISSING, chaincode, words)
    for pod in facts.pods:
        cause = _cause_of_pod(facts, pod)
        if cause is not None:
            times = f", restarted {counted(pod.restarts, 'time')}" if pod.restarts else ""
            words = f"{pod.reason or 'it runs again'}{times}{f': {pod.message}' if pod.message else ''}"
            yield finding(facts, cause, pod.owner, words, pod=pod.pod, chaincode=pod.chaincode)


_BEGUN = {"rejoin-orderer": Cause.ORDERER_CRASHES, "couchdb-rebuild": Cause.DATABASE_CRASHES}
"""Runbooks that stop nodes, each with the cause that leads to it: a run that was killed is to be ended."""
_CRASHES = {
    "chaincode": Cause.SERVER_CRASHES,
    "orderer": Cause.ORDERER_CRASHES,
    "database": Cause.DATABASE_CRASHES,
}


def _cause_of_pod(facts: Facts, pod: PodLook) -> Cause | None:
    if pod.reason in _IMAGE:
        return Cause.IMAGE
    if pod.reason in _PENDING:
        return Cause.PENDING
    if _verdict(facts, pod.owner) in _REJOIN:
        return None  # told with the remedy
    if pod.reason or (pod.restarts >= _RESTARTS and not pod.steady):
        return _CRASHES.get(pod.kind, Cause.NODE_CRASHES)
    return None


def _channels(facts: Facts) -> Iterator[Finding]:
    for channel, (margin, words) in facts.margins.items():
        if margin is None or margin < 0:
            yield finding(facts, Cause.QUORUM_LOST, channel, words)
        elif margin == 0 and facts.consenters.get(channel, 0) > 1:
            yield finding(facts, Cause.NO_MARGIN, channel, words)


_REJOIN: Mapping[str, Cause] = {
    "broken": Cause.LEDGER_BROKEN,
    "unopened": Cause.LEDGER_BROKEN,
    "incomplete": Cause.PEER_INCOMPLETE,
    "stopped": Cause.REJOIN_UNFINISHED,
}
"""Verdicts of rejoin-peer's preflight that are its incident, and what each is."""


def _verdict(facts: Facts, name: str) -> str:
    return facts.peers[name].verdict if name in facts.peers else ""


def _nodes(facts: Facts) -> Iterator[Finding]:
    for line in facts.expired:
        yield finding(facts, Cause.CERTIFICATE_EXPIRED, "authorities and clients", line)
    if facts.ending:
        yield finding(facts, Cause.CERTIFICATE_ENDING, "certificates", facts.ending)
    explained = {pod.owner for pod in facts.pods if pod.reason} | {*facts.missing, *facts.scaled_down}
    # What a peer's own look found counts also where nodes could not be asked.
    asked = {each.name for each in facts.nodes}
    unasked = [NodeLook(name=name, kind="peer") for name in facts.peers if name not in asked]
    for node in (*facts.nodes, *unasked):
        yield from _node(facts, node, explained=node.name in explained)
    for name, words in facts.chaincodes.items():
        yield finding(facts, Cause.CHAINCODE, name, words)


def _node(facts: Facts, node: NodeLook, *, explained: bool) -> Iterator[Finding]:
    """Tell what is wrong with a node: the first rule that fits is the reason of the others."""
    peer = facts.peers.get(node.name)
    if node.expired:
        yield finding(facts, Cause.CERTIFICATE_EXPIRED, node.name, node.expired[0], node.expired[1:])
    elif peer and peer.verdict in _REJOIN:
        yield finding(facts, _REJOIN[peer.verdict], node.name, peer.why, peer.evidence)
    elif explained:
        return
    elif node.lost and node.kind == "orderer":
        words = f"it answers, but has no ledger of {', '.join(node.lost)}; it must not vote again as it was"
        yield finding(facts, Cause.LEDGER_LOST, node.name, words)
    elif node.slow:
        yield finding(facts, Cause.NODE_SLOW, node.name, node.summary)
    elif node.stateless:
        yield finding(facts, Cause.STATE_MISSING, node.name, node.stateless)
    elif any(word in node.summary.lower() for word in _HANDSHAKE):
        yield finding(facts, Cause.HANDSHAKE, node.name, node.summary, peer.evidence if peer else ())
    elif node.silent:
        yield finding(facts, Cause.NODE_SILENT, node.name, node.summary, peer.evidence if peer else ())
    else:
        yield from _running(facts, node)


def _running(facts: Facts, node: NodeLook) -> Iterator[Finding]:
    """Tell what is wrong with a node that answers."""
    if channels := facts.forgot.get(node.name):
        words = (
            f"its log of Raft of {', '.join(channels)} was gone when it started, and it made an empty one: "
            "until it has it all again it votes as one that has promised nothing"
        )
        yield finding(facts, Cause.RAFT_LOG_LOST, node.name, words)
    elif node.summary:
        yield finding(facts, Cause.NODE_TROUBLED, node.name, node.summary)
    else:
        yield from _behind(facts, node)


def _behind(facts: Facts, node: NodeLook) -> Iterator[Finding]:
    for channel, height in node.heights.items():
        newest = max(each.heights.get(channel, 0) for each in facts.nodes)
        if not is_level(height, newest):
            words = f"{height} of {newest} blocks of {channel}"
            yield finding(facts, Cause.HEIGHT_GAP, node.name, words)


def _around(facts: Facts) -> Iterator[Finding]:
    filled = {name: each for name, each in facts.logs.items() if each.fills()}
    for name, words in facts.machines.items():
        if name not in filled or not _DISK.match(words):
            yield finding(facts, Cause.MACHINE, name, words)
    for name, each in filled.items():
        yield finding(facts, Cause.LOGS_FULL, name, _of_logs(each), _largest(each))
    for name, words in facts.addresses.items():
        yield finding(facts, Cause.ADDRESS, name, f"from this machine it does not answer outside: {words}")
    for name, share in facts.volumes.items():
        if share >= FULL:
            yield finding(facts, Cause.VOLUME_FULL, name, f"its volume is {share:.0%} full")
    for line in facts.growing:
        yield finding(facts, Cause.VOLUME_GROWS, "volume", line)
    for name, ahead in facts.clocks.items():
        if abs(ahead) >= _SKEW:
            way = "ahead of" if ahead > 0 else "behind"
            words = f"its clock is {abs(ahead):.0f} s {way} the API server's"
            yield finding(facts, Cause.CLOCK, name, words)


def _of_logs(each: LogsLook) -> str:
    used = f"its disk is {each.used / each.capacity:.0%} full"
    return f"{used}, and logs of this instance's pods take {told_bytes(each.own)} of it"


def _largest(each: LogsLook) -> list[str]:
    """Return the pods whose logs take most, each with how much."""
    pods = sorted(each.pods.items(), key=lambda pod: pod[1], reverse=True)
    return [f"{name}: {told_bytes(size)}" for name, size in pods[:_LARGEST]]


def _settings(facts: Facts) -> Iterator[Finding]:
    if facts.killed:
        yield finding(facts, Cause.RUN_KILLED, "the last run", f"{facts.killed} was killed: run it again")
    if facts.backups:
        yield finding(facts, Cause.BACKUP, "backups", facts.backups)
    for what, found, step in facts.settings:
        yield finding(facts, Cause.SETTING, what, found, (step,))
    for name in facts.residue:
        yield finding(facts, Cause.RESIDUE, name, "this instance is deleted, and left something")
    for name in facts.leftovers:
        yield finding(facts, Cause.LEFTOVER, name, "a node that left the stack file left this claim")
    for what, why in facts.unknown.items():
        yield finding(facts, Cause.NOT_LOOKED_AT, what, why)
