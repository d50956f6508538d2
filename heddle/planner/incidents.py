"""Say of each cause of trouble how serious it is, and what deals with it: a runbook, else a page and command.

`triage` and the alarms (heddle.monitoring.alarms) lead from a cause to its way out by this table alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["WAYS", "Cause", "Severity", "Way", "causes_of"]


class Severity(StrEnum):
    """How serious trouble is, the worst first."""

    CRITICAL = "critical"
    """Users cannot work, or soon cannot, and nothing mends itself."""
    ERROR = "error"
    """A part is out of service; others do its work."""
    WARNING = "warning"
    """All works; it will not go on so."""
    NOTE = "note"
    """Something to know, or to clear away."""

    @property
    def rank(self) -> int:
        """Return its place; the worst has 0."""
        return list(Severity).index(self)


class Cause(StrEnum):
    """Name what is wrong."""

    API_SILENT = "cluster-unreachable"
    NAMESPACE_GONE = "namespace-gone"
    WORKLOAD_MISSING = "workload-missing"
    RUN_KILLED = "run-killed"
    QUORUM_LOST = "quorum-lost"
    NO_MARGIN = "no-margin"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_ENDING = "certificate-ending"
    LEDGER_BROKEN = "ledger-broken"
    PEER_INCOMPLETE = "peer-incomplete"
    REJOIN_UNFINISHED = "rejoin-unfinished"
    LEDGER_LOST = "ledger-lost"
    RAFT_LOG_LOST = "raft-log-lost"
    NODE_CRASHES = "node-crashes"
    ORDERER_CRASHES = "orderer-crashes"
    DATABASE_CRASHES = "database-crashes"
    STATE_MISSING = "state-missing"
    HANDSHAKE = "tls-handshake"
    NODE_SILENT = "node-silent"
    NODE_TROUBLED = "node-troubled"
    NODE_SLOW = "node-slow"
    SCALED_DOWN = "scaled-down"
    HEIGHT_GAP = "height-gap"
    IMAGE = "image-pull"
    PENDING = "pods-pending"
    MACHINE = "machine-troubled"
    CHAINCODE = "chaincode-not-in-force"
    SERVER_CRASHES = "chaincode-not-starting"
    SERVER_MISSING = "chaincode-server-missing"
    ADDRESS = "address-lost"
    VOLUME_GROWS = "volume-grows"
    CLOCK = "clock-skew"
    BACKUP = "backup-overdue"
    RESIDUE = "residue"
    LEFTOVER = "leftover"
    SETTING = "setting"
    UNCLEAR = "unclear"
    """Something that may have many reasons: `triage` finds the one."""
    CONSENTER_AWAY = "consenter-away"
    ORDERING_UNSTEADY = "ordering-unsteady"
    APART = "nodes-apart"
    """Nodes that run, and do not reach each other."""
    DRIFT = "drift"
    CONFLICTS = "conflicts"
    ENDORSEMENT = "endorsement-failing"
    CERTIFICATE_DIFFERS = "certificate-differs"
    MONITORING = "monitoring-blind"
    VOLUME_FULL = "disk-full"
    LOGS_FULL = "node-logs"
    """The disk of a machine is full, and this instance's logs are a reason."""
    NOT_LOOKED_AT = "not-looked-at"


@dataclass(frozen=True, kw_only=True)
class Way:
    """Say what deals with a cause.

    severity: how serious it is. command: the next line to type, in which {stack}, {name} and so on stand for
    names. page: of docs/operations, with its section. runbook: the one that the command runs; empty: none.
    """

    severity: Severity
    command: str
    page: str
    runbook: str = ""


_CRITICAL, _ERROR, _WARNING, _NOTE = Severity


def _run(runbook: str, severity: Severity, variable: str = "", section: str = "") -> Way:
    """Return the way by a runbook: its plan first, which changes nothing."""
    given = f" -e {variable}={{name}}" if variable else ""
    return Way(
        severity=severity,
        command=f"heddle runbook run {runbook} --stack {{stack}}{given} --check",
        page=f"runbook-{runbook}.md{section}",
        runbook=runbook,
    )


def _command(line: str, page: str, severity: Severity) -> Way:
    return Way(severity=severity, command=line, page=page)


WAYS: Final[Mapping[Cause, Way]] = {
    Cause.API_SILENT: _run("cluster-unreachable", _CRITICAL),
    Cause.NAMESPACE_GONE: _run("restore", _CRITICAL),
    Cause.WORKLOAD_MISSING: _command("heddle refresh {stack}", "refresh.md", _CRITICAL),
    Cause.RUN_KILLED: _command("heddle log {stack}", "log.md", _WARNING),
    Cause.QUORUM_LOST: _run("quorum-lost", _CRITICAL),
    Cause.NO_MARGIN: _run("rejoin-orderer", _WARNING),
    Cause.CONSENTER_AWAY: _run("rejoin-orderer", _ERROR),
    Cause.ORDERER_CRASHES: _run("rejoin-orderer", _ERROR),
    Cause.LEDGER_LOST: _run("rejoin-orderer", _ERROR),
    Cause.RAFT_LOG_LOST: _run("rejoin-orderer", _WARNING),
    Cause.CERTIFICATE_EXPIRED: _run("certificates-expired", _CRITICAL),
    Cause.CERTIFICATE_ENDING: _run("certificates-expired", _WARNING),
    Cause.CERTIFICATE_DIFFERS: _command("heddle certificates list {stack}", "certificates.md", _WARNING),
    Cause.LEDGER_BROKEN: _run("rejoin-peer", _ERROR, "peer"),
    Cause.PEER_INCOMPLETE: _run("rejoin-peer", _ERROR, "peer"),
    Cause.REJOIN_UNFINISHED: _run("rejoin-peer", _ERROR, "peer"),
    Cause.DATABASE_CRASHES: _run("couchdb-rebuild", _ERROR),
    Cause.STATE_MISSING: _run("couchdb-rebuild", _ERROR),
    Cause.HANDSHAKE: _run("tls-handshake", _ERROR),
    Cause.APART: _run("tls-handshake", _WARNING),
    Cause.NODE_CRASHES: _command("heddle logs {stack} --node {name} --previous", "logs.md", _ERROR),
    Cause.NODE_SILENT: _command("heddle logs {stack} --node {name} --level warning", "logs.md", _ERROR),
    Cause.NODE_TROUBLED: _command("heddle status {stack} --verbose", "status.md", _ERROR),
    Cause.NODE_SLOW: _command("heddle status {stack} --verbose", "status.md", _NOTE),
    Cause.SCALED_DOWN: _command("heddle up {stack}", "hibernate.md", _ERROR),
    Cause.HEIGHT_GAP: _run("height-gap", _WARNING),
    Cause.IMAGE: _run("image-pull", _ERROR),
    Cause.PENDING: _run("pods-pending", _ERROR),
    Cause.MACHINE: _run("node-exhausted", _ERROR),
    Cause.CHAINCODE: _run("endorsement-failing", _ERROR),
    Cause.ENDORSEMENT: _run("endorsement-failing", _WARNING),
    Cause.SERVER_CRASHES: _run("chaincode-not-starting", _ERROR),
    Cause.SERVER_MISSING: _run("chaincode-not-starting", _ERROR),
    Cause.ADDRESS: _run("address-lost", _ERROR),
    Cause.VOLUME_GROWS: _command("heddle status {stack}", "storage.md", _NOTE),
    Cause.VOLUME_FULL: _run("disk-full", _WARNING),
    Cause.LOGS_FULL: _run("node-logs", _WARNING),
    Cause.CLOCK: _run("clock-skew", _WARNING),
    Cause.BACKUP: _command("heddle backup create {stack}", "backup.md", _WARNING),
    Cause.RESIDUE: _run("clean-residue", _NOTE, "instance"),
    Cause.LEFTOVER: _run("clean-residue", _NOTE, "leftovers", "#leftovers"),
    Cause.SETTING: _command("heddle doctor {stack}", "doctor.md", _WARNING),
    Cause.UNCLEAR: Way(
        severity=_WARNING,
        command="heddle runbook run triage --stack {stack}",
        page="runbook-triage.md",
        runbook="triage",
    ),
    Cause.ORDERING_UNSTEADY: _command("heddle channel show {stack} {channel}", "status.md", _WARNING),
    Cause.DRIFT: _command("heddle preview {stack}", "refresh.md", _WARNING),
    Cause.CONFLICTS: _command("heddle chaincode list {stack}", "chaincode.md", _WARNING),
    Cause.MONITORING: _command("heddle monitoring metrics {stack}", "monitoring.md", _WARNING),
    Cause.NOT_LOOKED_AT: _command("kubectl auth can-i --list -n {namespace}", "runbook-triage.md", _NOTE),
}
"""The way out of each cause."""


def causes_of(runbook: str) -> frozenset[Cause]:
    """Return the causes that lead to a runbook."""
    return frozenset(cause for cause, way in WAYS.items() if way.runbook == runbook)
