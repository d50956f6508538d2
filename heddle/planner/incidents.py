"""Say of each cause of trouble how serious it is, and what deals with it: a runbook, else a page and command.

`triage` and the alarms (heddle.monitoring.alarms) lead from a cause to its way out by this table alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["WAYS", "Cause", "Severity", "Way"]


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
    NODE_CRASHES = "node-crashes"
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


def _rejoin(severity: Severity) -> Way:
    return Way(
        severity=severity,
        command="heddle runbook run rejoin-peer --stack {stack} -e peer={name} --check",
        page="runbook-rejoin-peer.md",
        runbook="rejoin-peer",
    )


_CRITICAL, _ERROR, _WARNING, _NOTE = Severity

WAYS: Final[Mapping[Cause, Way]] = {
    Cause.API_SILENT: Way(severity=_CRITICAL, command="kubectl get nodes", page="status.md#the-states"),
    Cause.NAMESPACE_GONE: Way(
        severity=_CRITICAL, command="heddle backup list {stack}", page="backup-restore.md"
    ),
    Cause.WORKLOAD_MISSING: Way(severity=_CRITICAL, command="heddle refresh {stack}", page="refresh.md"),
    Cause.RUN_KILLED: Way(severity=_WARNING, command="heddle log {stack}", page="log.md"),
    Cause.QUORUM_LOST: Way(
        severity=_CRITICAL, command="heddle channel show {stack} {channel}", page="lost-orderer.md"
    ),
    Cause.NO_MARGIN: Way(
        severity=_WARNING, command="heddle channel show {stack} {channel}", page="lost-orderer.md"
    ),
    Cause.CERTIFICATE_EXPIRED: Way(
        severity=_CRITICAL, command="heddle certificates list {stack}", page="certificates.md"
    ),
    Cause.CERTIFICATE_ENDING: Way(
        severity=_WARNING, command="heddle certificates list {stack}", page="certificates.md"
    ),
    Cause.LEDGER_BROKEN: _rejoin(_ERROR),
    Cause.PEER_INCOMPLETE: _rejoin(_ERROR),
    Cause.REJOIN_UNFINISHED: _rejoin(_ERROR),
    Cause.LEDGER_LOST: Way(severity=_ERROR, command="heddle preview {stack}", page="lost-orderer.md"),
    Cause.NODE_CRASHES: Way(
        severity=_ERROR, command="heddle logs {stack} --node {name} --previous", page="logs.md"
    ),
    Cause.NODE_SILENT: Way(
        severity=_ERROR, command="heddle logs {stack} --node {name} --level warning", page="logs.md"
    ),
    Cause.NODE_TROUBLED: Way(severity=_ERROR, command="heddle status {stack} --verbose", page="status.md"),
    Cause.NODE_SLOW: Way(severity=_NOTE, command="heddle status {stack} --verbose", page="status.md"),
    Cause.SCALED_DOWN: Way(severity=_ERROR, command="heddle up {stack}", page="hibernate.md"),
    Cause.HEIGHT_GAP: Way(severity=_WARNING, command="heddle status {stack} --watch", page="status.md"),
    Cause.IMAGE: Way(severity=_ERROR, command="heddle doctor {stack}", page="image.md"),
    Cause.PENDING: Way(
        severity=_ERROR, command="kubectl describe pod -n {namespace} {pod}", page="storage.md"
    ),
    Cause.MACHINE: Way(severity=_ERROR, command="kubectl describe nodes", page="places.md"),
    Cause.CHAINCODE: Way(severity=_ERROR, command="heddle refresh {stack}", page="chaincode.md"),
    Cause.SERVER_CRASHES: Way(
        severity=_ERROR, command="heddle logs {stack} --chaincode {chaincode} --previous", page="logs.md"
    ),
    Cause.SERVER_MISSING: Way(severity=_ERROR, command="heddle refresh {stack}", page="chaincode.md"),
    Cause.ADDRESS: Way(severity=_ERROR, command="heddle doctor {stack}", page="addresses.md"),
    Cause.VOLUME_GROWS: Way(severity=_NOTE, command="heddle status {stack}", page="storage.md"),
    Cause.CLOCK: Way(severity=_WARNING, command="timedatectl status", page="doctor.md"),
    Cause.BACKUP: Way(severity=_WARNING, command="heddle backup create {stack}", page="backup.md"),
    Cause.RESIDUE: Way(
        severity=_NOTE,
        command="heddle runbook run clean-residue --stack {stack} -e instance={name} --check",
        page="runbook-clean-residue.md",
        runbook="clean-residue",
    ),
    Cause.LEFTOVER: Way(
        severity=_NOTE,
        command="heddle runbook run clean-residue --stack {stack} -e leftovers={name} --check",
        page="runbook-clean-residue.md#leftovers",
        runbook="clean-residue",
    ),
    Cause.SETTING: Way(severity=_WARNING, command="heddle doctor {stack}", page="doctor.md"),
    Cause.UNCLEAR: Way(
        severity=_WARNING,
        command="heddle runbook run triage --stack {stack}",
        page="runbook-triage.md",
        runbook="triage",
    ),
    Cause.CONSENTER_AWAY: Way(
        severity=_ERROR, command="heddle channel show {stack} {channel}", page="lost-orderer.md"
    ),
    Cause.ORDERING_UNSTEADY: Way(
        severity=_WARNING, command="heddle channel show {stack} {channel}", page="status.md"
    ),
    Cause.APART: Way(
        severity=_WARNING,
        command="heddle runbook run triage --stack {stack}",
        page="runbook-triage.md",
        runbook="triage",
    ),
    Cause.DRIFT: Way(severity=_WARNING, command="heddle preview {stack}", page="refresh.md"),
    Cause.CONFLICTS: Way(severity=_WARNING, command="heddle chaincode list {stack}", page="chaincode.md"),
    Cause.ENDORSEMENT: Way(severity=_WARNING, command="heddle chaincode list {stack}", page="chaincode.md"),
    Cause.CERTIFICATE_DIFFERS: Way(
        severity=_WARNING, command="heddle certificates list {stack}", page="certificates.md"
    ),
    Cause.MONITORING: Way(
        severity=_WARNING, command="heddle monitoring metrics {stack}", page="monitoring.md"
    ),
    Cause.VOLUME_FULL: Way(severity=_WARNING, command="heddle status {stack} --verbose", page="storage.md"),
    Cause.NOT_LOOKED_AT: Way(
        severity=_NOTE, command="kubectl auth can-i --list -n {namespace}", page="runbook-triage.md"
    ),
}
"""The way out of each cause."""
