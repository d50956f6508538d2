"""Decide about certificates that have ended or are not accepted, and about clocks that are wrong. Pure."""

from collections.abc import Iterator

from heddle.planner.incidents import Cause
from heddle.planner.looks import NodeLook, PodLook
from heddle.planner.remedies import ENDED
from heddle.planner.responses.model import Action, Response, Situation
from heddle.planner.responses.pods import delete
from heddle.planner.triage import Finding
from heddle.text import sentence

__all__ = ["certificates_expired", "clock_skew", "tls_handshake"]

_WINDOW = 900
"""Seconds by which a client's clock may be wrong for Fabric: peer.authentication.timewindow, 15m."""


def certificates_expired(now: Situation) -> Response:
    """Restart nodes that were issued new certificates, and say what else must be renewed, in which order.

    A node with an expired certificate serves nobody, so its restart takes nothing from anyone.
    """
    lines, actions, needs = [], [], []
    for node in now.facts.nodes:
        if node.expired and node.renewed and (action := _restart(now, node)):
            actions.append(action)
        elif node.expired:
            lines.append(f"{node.name}: {node.expired[0]}")
    if any(ENDED in line for line in (*lines, *now.facts.expired)):
        needs.append(sentence(f"an authority has ended: {ENDED}"))
    elif lines or now.facts.expired or now.facts.ending:
        needs.append(_renewal(now))
    return Response(lines=(*now.facts.expired, *lines), actions=tuple(actions), needs=tuple(needs))


def _restart(now: Situation, node: NodeLook) -> Action | None:
    detail = now.detail_of(f"{node.name}-0")
    if detail is None:
        return None
    pod = PodLook(owner=node.name, pod=detail.name, kind=node.kind, reason="")
    return delete(pod, detail, "a new one starts with the certificate that was issued since")


def _renewal(now: Situation) -> str:
    stack = now.facts.stack
    return (
        f"without `certificates.renewBefore` in the stack file raise `certificates.renewal` by one; then "
        f"`heddle preview {stack}` and `heddle up {stack}`: it issues new ones and restarts nodes one "
        "at a time, "
        "first those that serve nobody. Afterwards write clients' files anew: `heddle sdk-config`, "
        "`heddle access grant`"
    )


def tls_handshake(now: Situation) -> Response:
    """Say of each node at which step its handshake ends, and whose part it is to mend that."""
    lines = list(now.closer.steps)
    needs = list(dict.fromkeys(need for each in now.findings for need in _handshake_needs(now, each)))
    return Response(lines=tuple(lines), needs=tuple(needs))


def _handshake_needs(now: Situation, finding: Finding) -> Iterator[str]:
    said, stack = finding.words.lower(), now.facts.stack
    if any(abs(ahead) >= 60 for ahead in now.facts.clocks.values()):
        yield f"a clock is wrong, and dates are judged by it: heddle runbook run clock-skew --stack {stack}"
    if "expired" in said:
        yield f"heddle runbook run certificates-expired --stack {stack}"
    elif "hostname" in said or "doesn't match" in said or "lacks this name" in said:
        yield (
            f"the certificate of {finding.about} lacks the name that it is dialled by: `heddle preview "
            f"{stack}` "
            "shows whether `up` issues it anew; else something that is no node of this instance answers there"
        )
    elif "wrong_version" in said or "record_layer" in said or "http_request" in said:
        yield f"what answers for {finding.about} speaks no TLS: is it another service, or a proxy on the way?"
    elif "verify" in said or "unknown authority" in said or "self-signed" in said or "self signed" in said:
        yield (
            f"{finding.about} presents a certificate of another authority: another instance at its "
            "address, or an "
            f"authority that was replaced: heddle certificates list {stack}, then heddle preview {stack}"
        )
    elif "alert" in said:
        yield (
            f"{finding.about} refuses our client certificate: heddle certificates list {stack} says "
            "which it was "
            f"given; heddle preview {stack}"
        )
    else:
        yield f"read what both sides say: heddle logs {stack} --node {finding.about} --grep TLS"


def clock_skew(now: Situation) -> Response:
    """Say which clock is wrong, by how much, what refuses because of it, and how it is put right."""
    lines, needs = [], []
    for finding in now.findings:
        if finding.cause is not Cause.CLOCK:
            continue
        ahead = now.facts.clocks.get(finding.about, 0.0)
        lines.append(f"{finding.about}: {finding.words}")
        if abs(ahead) >= _WINDOW:
            lines.append("  more than 15 minutes: peers and orderers refuse what its clients sign")
        where = "here" if finding.about == "this machine" else f"on {finding.about.removeprefix('machine ')}"
        needs.append(
            f"{where}: `timedatectl status` must say that the clock is synchronized: sudo timedatectl "
            "set-ntp true, "
            "then `chronyc tracking`; a virtual machine that was paused: sudo chronyc makestep"
        )
    return Response(lines=tuple(lines), needs=tuple(dict.fromkeys(needs)))
