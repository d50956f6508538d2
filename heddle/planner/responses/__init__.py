"""Decide what each runbook does about its incident, from the facts of `triage` and a closer look.

A runbook is its entry here, its folder of `playbooks/` and its page. Pure.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Final

from heddle.planner.incidents import Cause, Severity, causes_of
from heddle.planner.looks import Facts
from heddle.planner.responses.around import (
    address_lost,
    busy_words,
    cluster_unreachable,
    endorsement_failing,
    node_exhausted,
    restore,
)
from heddle.planner.responses.certificates import certificates_expired, clock_skew, tls_handshake
from heddle.planner.responses.ledgers import couchdb_rebuild, disk_full, height_gap
from heddle.planner.responses.machinelogs import node_logs
from heddle.planner.responses.model import Closer, Response, Situation
from heddle.planner.responses.orderers import quorum_lost, rejoin_orderer
from heddle.planner.responses.pods import chaincode_not_starting, image_pull, pods_pending
from heddle.planner.triage import Finding, find, finding

__all__ = ["RESPONSES", "Decision", "Verdict", "decide", "open_findings"]

RESPONSES: Final[Mapping[str, Callable[[Situation], Response]]] = {
    "address-lost": address_lost,
    "certificates-expired": certificates_expired,
    "chaincode-not-starting": chaincode_not_starting,
    "clock-skew": clock_skew,
    "cluster-unreachable": cluster_unreachable,
    "couchdb-rebuild": couchdb_rebuild,
    "disk-full": disk_full,
    "endorsement-failing": endorsement_failing,
    "height-gap": height_gap,
    "image-pull": image_pull,
    "node-exhausted": node_exhausted,
    "node-logs": node_logs,
    "pods-pending": pods_pending,
    "quorum-lost": quorum_lost,
    "rejoin-orderer": rejoin_orderer,
    "restore": restore,
    "tls-handshake": tls_handshake,
}
"""What decides, by the runbook's name."""
_GRAVE = (Severity.CRITICAL, Severity.ERROR)
_FULL = "no space left on device"
_START_ORDERERS = ("quorum-lost", "rejoin-orderer")


class Verdict(StrEnum):
    """Say whether a runbook's incident is there."""

    WELL = "well"
    """Neither its incident, nor another one that puts anything out of service."""
    OTHER = "other"
    """Another incident."""
    INCIDENT = "incident"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Hold what a runbook found and does. findings: those of its incident; instead: those of others."""

    runbook: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    instead: tuple[Finding, ...]
    response: Response

    @property
    def lines(self) -> list[str]:
        """Return the decision as lines for people."""
        if self.verdict is Verdict.WELL:
            return [f"not this incident: nothing of {self.runbook} is there; nothing is to be done"]
        lines = [f"{each.about}: {each.words}" for each in self.findings]
        lines += [line for line in self.response.lines if line not in lines]
        lines += [f"then: {each.words}" for each in self.response.actions]
        lines += ["it ends by itself; that is waited for"] if self.response.passes else []
        lines += [f"needs you: {need}" for need in self.response.needs]
        return lines

    @property
    def settles(self) -> tuple[str, ...]:
        """Return what must be well afterwards: what was found; if a person is needed, what was acted on."""
        acted = [each.about for each in self.response.actions if not each.partial]
        found = [] if self.response.needs else [each.about for each in self.findings]
        return tuple(dict.fromkeys([*acted, *found]))

    @property
    def refusal(self) -> str:
        """Return why this is not the runbook's incident, and what it is instead; else empty."""
        if self.verdict is not Verdict.OTHER:
            return ""
        others = [f"{each.about}: {each.words}\n    → {each.command}" for each in self.instead]
        return f"this is not {self.runbook}. It is:\n  " + "\n  ".join(others)

    def plain(self) -> dict[str, Any]:
        """Return the decision as JSON has it."""
        return {
            "runbook": self.runbook,
            "verdict": str(self.verdict),
            "findings": [{"cause": str(each.cause), **asdict(each)} for each in self.findings],
            "instead": [{"cause": str(each.cause), **asdict(each)} for each in self.instead],
            **asdict(self.response),
        }


def decide(runbook: str, facts: Facts, closer: Closer, *, only: str = "", free: bool = False) -> Decision:
    """Return what a runbook does about these facts. only: of all that is wrong, what is about this alone."""
    found = find(facts)
    mine = tuple(
        each
        for each in (*found, *_signs(facts, closer))
        if _is_of(runbook, each, only) or _is_stopped(runbook, each, only, closer)
    )
    # What the closer look alone shows is no other incident: a machine may be busy with its work.
    instead = tuple(each for each in found if each not in mine and each.way.severity in _GRAVE)
    verdict = Verdict.INCIDENT if mine else Verdict.OTHER if instead else Verdict.WELL
    response = Response()
    if mine:
        now = Situation(facts=facts, closer=closer, findings=mine, all=found, free=free)
        response = _never_empty(RESPONSES[runbook](now), facts, closer)
    return Decision(runbook=runbook, verdict=verdict, findings=mine, instead=instead, response=response)


def _never_empty(response: Response, facts: Facts, closer: Closer) -> Response:
    """Return a response that also tells what could not be looked at, and that has a way on in any case."""
    lines = (*response.lines, *(f"not looked at: {what}: {why}" for what, why in closer.unknown.items()))
    needs = response.needs
    if not (response.actions or response.passes or needs):
        needs = (f"nothing of it is decided from here: heddle status {facts.stack} --verbose",)
    return replace(response, lines=lines, needs=needs)


def open_findings(runbook: str, facts: Facts, about: Sequence[str]) -> list[Finding]:
    """Return what is still wrong with what a runbook acted on, also if it is something else by now."""
    return [
        each
        for each in find(facts)
        if each.about in about and (_is_of(runbook, each, "") or each.way.severity in _GRAVE)
    ]


def _is_of(runbook: str, found: Finding, only: str) -> bool:
    return found.cause in causes_of(runbook) and only in ("", found.about)


def _is_stopped(runbook: str, found: Finding, only: str, closer: Closer) -> bool:
    """Tell whether it is an orderer that a runbook starts, also where the channel has a quorum without it.

    So a run that was killed between two of them is ended by the next.
    """
    stopped = found.cause is Cause.SCALED_DOWN and found.about in closer.orderers
    return stopped and runbook in _START_ORDERERS and only in ("", found.about)


def _signs(facts: Facts, closer: Closer) -> Iterator[Finding]:
    """Yield what only the closer look shows: busy machines, nodes that ended for want of space, refusals."""
    for name, each in closer.machines.items():
        if name not in facts.machines and (words := busy_words(each)):
            yield finding(facts, Cause.MACHINE, name, words)
    for pod in facts.pods:
        detail = closer.pods.get(pod.pod)
        if detail is not None and _FULL in detail.log and pod.owner not in facts.volumes:
            yield finding(facts, Cause.VOLUME_FULL, pod.owner, f"it ended: {_FULL}")
    for name, words in closer.endorsements.items():
        yield finding(facts, Cause.ENDORSEMENT, name, words)
