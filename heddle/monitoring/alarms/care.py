"""Alarms of what needs care and stops nothing yet: certificates, drift, backups, clocks, the exporter."""

from heddle.monitoring.alarms.model import Alarm, Severity

__all__ = ["CARE"]

_CERTIFICATES, _MONITORING = "docs/operations/certificates.md", "docs/operations/monitoring.md"
_LIST = "heddle certificates list STACK"
_LEFT = "min by (namespace, whose, purpose) (heddle_certificate_days_left{NS})"

CARE = (
    Alarm(
        name="CertificateEndsInAMonth",
        expression=f"{_LEFT} < 30 and {_LEFT} >= 7",
        lasts="1h",
        severity=Severity.INFO,
        summary="The certificate of <whose> in <namespace> (<purpose>) ends within 30 days.",
        page=_CERTIFICATES,
        command=_LIST,
    ),
    Alarm(
        name="CertificateEndsInAWeek",
        expression=f"{_LEFT} < 7 and {_LEFT} >= 1",
        lasts="10m",
        severity=Severity.WARNING,
        summary="The certificate of <whose> in <namespace> (<purpose>) ends within a week.",
        page=_CERTIFICATES,
        command=_LIST,
    ),
    Alarm(
        name="CertificateEnds",
        expression=f"{_LEFT} < 1",
        lasts="1m",
        severity=Severity.CRITICAL,
        summary="The certificate of <whose> in <namespace> (<purpose>) ends within a day, or has ended.",
        page=_CERTIFICATES,
        command=_LIST,
    ),
    Alarm(
        name="CertificateDiffers",
        expression="max by (namespace, whose) (heddle_certificate_differs{NS}) > 0",
        lasts="30m",
        severity=Severity.WARNING,
        summary="<whose> of <namespace> presents another certificate than it was given last.",
        page=_CERTIFICATES,
        command=_LIST,
    ),
    Alarm(
        name="NodeDoesNotAnswer",
        expression="heddle_node_up{NS} == 0",
        lasts="3m",
        severity=Severity.CRITICAL,
        summary="<node> of <namespace> does not answer.",
        page="docs/operations/status.md",
        command="heddle runbook run triage --stack STACK",
    ),
    Alarm(
        # A peer whose database lacks state, a node whose enrolment certificate has ended, and others.
        name="NodeHasProblems",
        expression="heddle_node_problems{NS} > 0 and heddle_node_up{NS} == 1",
        lasts="10m",
        severity=Severity.WARNING,
        summary="Something is wrong with <node> of <namespace>, which answers.",
        page="docs/operations/status.md",
        command="heddle runbook run triage --stack STACK",
    ),
    Alarm(
        name="ChaincodeNotAsDeployed",
        expression="heddle_chaincode_up{NS} == 0",
        lasts="10m",
        severity=Severity.WARNING,
        summary="Chaincode <chaincode> is not in force on channel <channel> of <namespace> as it "
        "was deployed.",
        page="docs/operations/chaincode.md",
        command="heddle chaincode list STACK",
    ),
    Alarm(
        name="LedgerDrifted",
        expression="heddle_channel_drift{NS} > 0",
        lasts="10m",
        severity=Severity.WARNING,
        summary="Others have changed the configuration of channel <channel> of <namespace> since "
        "the last `up`.",
        page="docs/operations/refresh.md",
        command="heddle preview STACK",
    ),
    Alarm(
        name="BackupOverdue",
        expression="heddle_backup_overdue{NS} > 0",
        lasts="5m",
        severity=Severity.WARNING,
        summary="A backup of <namespace> is overdue.",
        page="docs/operations/backup.md",
        command="heddle backup create STACK",
    ),
    Alarm(
        name="ClockWrong",
        expression="abs(heddle_clock_skew_seconds{NS}) > 60",
        lasts="5m",
        severity=Severity.WARNING,
        summary="The clock of <clock> is more than a minute away from the API server's of "
        "<namespace>: certificates and "
        "transactions may be refused.",
        page=_MONITORING,
        command="heddle monitoring metrics STACK",
    ),
    Alarm(
        name="FactsNotKnown",
        # Usage of volumes is known to whoever may ask kubelets, which a right in the namespace alone is not.
        expression='heddle_facts_known{NS, facts!="volumes"} == 0',
        lasts="15m",
        severity=Severity.WARNING,
        summary="Heddle's exporter cannot tell the <facts> of <namespace>.",
        page=_MONITORING,
        command="heddle monitoring metrics STACK",
    ),
    Alarm(
        name="ExporterAway",
        expression="absent(heddle_facts_known{NS})",
        lasts="15m",
        severity=Severity.WARNING,
        summary="Heddle's exporter of <namespace> is not scraped: nobody counts margins, certificates and "
        "backups.",
        page=_MONITORING,
        command="heddle monitoring metrics STACK",
    ),
)
"""All of them."""
