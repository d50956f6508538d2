"""Alarms of what needs care and stops nothing yet: certificates, drift, backups, clocks, the exporter."""

from heddle.monitoring.alarms.model import Alarm
from heddle.planner.incidents import Cause, Severity

__all__ = ["CARE"]

_LEFT = "min by (namespace, whose, purpose) (heddle_certificate_days_left{NS})"

CARE = (
    Alarm(
        name="CertificateEndsInAMonth",
        expression=f"{_LEFT} < 30 and {_LEFT} >= 7",
        lasts="1h",
        summary="The certificate of <whose> in <namespace> (<purpose>) ends within 30 days.",
        cause=Cause.CERTIFICATE_ENDING,
        # There is time.
        own_severity=Severity.NOTE,
    ),
    Alarm(
        name="CertificateEndsInAWeek",
        expression=f"{_LEFT} < 7 and {_LEFT} >= 1",
        lasts="10m",
        summary="The certificate of <whose> in <namespace> (<purpose>) ends within a week.",
        cause=Cause.CERTIFICATE_ENDING,
    ),
    Alarm(
        name="CertificateEnds",
        expression=f"{_LEFT} < 1",
        lasts="1m",
        summary="The certificate of <whose> in <namespace> (<purpose>) ends within a day, or has ended.",
        cause=Cause.CERTIFICATE_EXPIRED,
    ),
    Alarm(
        name="CertificateDiffers",
        expression="max by (namespace, whose) (heddle_certificate_differs{NS}) > 0",
        lasts="30m",
        summary="<whose> of <namespace> presents another certificate than it was given last.",
        cause=Cause.CERTIFICATE_DIFFERS,
    ),
    Alarm(
        name="NodeDoesNotAnswer",
        expression="heddle_node_up{NS} == 0",
        lasts="3m",
        summary="<node> of <namespace> does not answer.",
        cause=Cause.UNCLEAR,
        # Nobody knows yet whether others do its work.
        own_severity=Severity.CRITICAL,
    ),
    Alarm(
        # A peer whose database lacks state, a node whose enrolment certificate has ended, and others.
        name="NodeHasProblems",
        expression="heddle_node_problems{NS} > 0 and heddle_node_up{NS} == 1",
        lasts="10m",
        summary="Something is wrong with <node> of <namespace>, which answers.",
        cause=Cause.UNCLEAR,
    ),
    Alarm(
        name="ChaincodeNotAsDeployed",
        expression="heddle_chaincode_up{NS} == 0",
        lasts="10m",
        summary="Chaincode <chaincode> is not in force on channel <channel> of <namespace> as it "
        "was deployed.",
        cause=Cause.CHAINCODE,
        about="<chaincode>",
    ),
    Alarm(
        name="LedgerDrifted",
        expression="heddle_channel_drift{NS} > 0",
        lasts="10m",
        summary="Others have changed the configuration of channel <channel> of <namespace> since "
        "the last `up`.",
        cause=Cause.DRIFT,
    ),
    Alarm(
        name="BackupOverdue",
        expression="heddle_backup_overdue{NS} > 0",
        lasts="5m",
        summary="A backup of <namespace> is overdue.",
        cause=Cause.BACKUP,
    ),
    Alarm(
        name="ClockWrong",
        expression="abs(heddle_clock_skew_seconds{NS}) > 60",
        lasts="5m",
        summary="The clock of <clock> is more than a minute away from the API server's of "
        "<namespace>: certificates and "
        "transactions may be refused.",
        cause=Cause.CLOCK,
        about="<clock>",
    ),
    Alarm(
        name="FactsNotKnown",
        # Usage of volumes is known to whoever may ask kubelets, which a right in the namespace alone is not.
        expression='heddle_facts_known{NS, facts!="volumes"} == 0',
        lasts="15m",
        summary="Heddle's exporter cannot tell the <facts> of <namespace>.",
        cause=Cause.MONITORING,
    ),
    Alarm(
        name="ExporterAway",
        expression="absent(heddle_facts_known{NS})",
        lasts="15m",
        summary="Heddle's exporter of <namespace> is not scraped: nobody counts margins, certificates and "
        "backups.",
        cause=Cause.MONITORING,
    ),
)
"""All of them."""
