"""Alarms of the cluster under the nodes: processes, pods, volumes, machines.

Whoever has no kube-state-metrics, node-exporter or kubelet scraped misses those that read them, which the
page of alarms says of each.
"""

from heddle.monitoring.alarms.model import Alarm
from heddle.monitoring.metrics import EXPECTED
from heddle.planner.incidents import Cause, Severity

__all__ = ["CLUSTER"]

_USED = (
    "max by (namespace, persistentvolumeclaim)"
    " (kubelet_volume_stats_used_bytes{NS} / kubelet_volume_stats_capacity_bytes{NS}"
    " or heddle_volume_used_bytes{NS} / heddle_volume_capacity_bytes{NS})"
)
"""The share of a volume that is used, as the kubelet or else the exporter says."""
_MEMORY = "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes"


def _not_scraped(roles: str) -> str:
    """Return an expression for targets of these roles that do not answer, or are not even found.

    A Prometheus that finds targets by their pods has no `up` of a pod that is gone; what it should find is
    recorded then. Of both the same labels are left: it is one alarm, whatever becomes of the pod.
    """
    by, role = "max by (namespace, node, organization, role)", f'role=~"{roles}"'
    return (
        f"{by} (up{{NS, {role}}}) == 0"
        f" or ({by} ({EXPECTED}{{NS, {role}}}) unless on (namespace, node) up{{NS, {role}}})"
    )


def _waiting(reasons: str) -> str:
    return (
        "max by (namespace, pod, container, reason)"
        f' (kube_pod_container_status_waiting_reason{{NS, reason=~"{reasons}"}}) > 0'
    )


_PROCESSES = (
    Alarm(
        name="NodeNotScraped",
        expression=_not_scraped("orderer|peer"),
        lasts="2m",
        summary="The operations port of <node> of <namespace> does not answer: the node is down, or its "
        "certificate has ended.",
        cause=Cause.UNCLEAR,
        # Nobody knows yet whether others do its work.
        own_severity=Severity.CRITICAL,
    ),
    Alarm(
        name="DatabaseNotScraped",
        expression=_not_scraped("couchdb"),
        lasts="2m",
        summary="State database <node> of <namespace> does not answer, or refuses the password: its peer can "
        "neither endorse nor commit.",
        cause=Cause.UNCLEAR,
        # Other peers do the work of its own.
        own_severity=Severity.ERROR,
    ),
    Alarm(
        name="NodeRestartsOften",
        expression='changes(process_start_time_seconds{NS, role=~"orderer|peer"}[30m]) > 2',
        lasts="1m",
        summary="<node> of <namespace> has started more than twice in half an hour.",
        cause=Cause.UNCLEAR,
    ),
    Alarm(
        name="NodeLogsErrors",
        expression='sum by (namespace, node) (rate(logging_entries_written{NS, level="error"}[5m])) > 0.2',
        lasts="10m",
        summary="<node> of <namespace> writes an error every five seconds or more.",
        cause=Cause.UNCLEAR,
        # It may have been all.
        own_severity=Severity.NOTE,
    ),
    Alarm(
        name="NodeOutOfFiles",
        expression="process_open_fds{NS} / process_max_fds{NS} > 0.8",
        lasts="5m",
        summary="<node> of <namespace> has more than 80 % of the files open that it may.",
        cause=Cause.MACHINE,
        # It works until it has none left.
        own_severity=Severity.WARNING,
    ),
)

_PODS = (
    Alarm(
        name="ImagePullFails",
        expression=_waiting("ErrImagePull|ImagePullBackOff|InvalidImageName"),
        lasts="2m",
        summary="The image of pod <pod> of <namespace> cannot be pulled (<reason>).",
        cause=Cause.IMAGE,
        about="<pod>",
    ),
    Alarm(
        name="PodCrashes",
        expression=_waiting("CrashLoopBackOff"),
        lasts="2m",
        summary="Pod <pod> of <namespace> crashes again and again.",
        cause=Cause.UNCLEAR,
        # Nobody knows yet whether others do its work.
        own_severity=Severity.CRITICAL,
    ),
    Alarm(
        name="PodNotCreated",
        expression=_waiting("CreateContainerConfigError|CreateContainerError|RunContainerError"),
        lasts="2m",
        summary="Pod <pod> of <namespace> cannot be created (<reason>).",
        cause=Cause.PENDING,
        about="<pod>",
    ),
    Alarm(
        name="PodUnschedulable",
        expression="max by (namespace, pod) (kube_pod_status_unschedulable{NS}) > 0",
        lasts="5m",
        summary="No machine takes pod <pod> of <namespace>.",
        cause=Cause.PENDING,
        about="<pod>",
    ),
    Alarm(
        name="PodNotReady",
        expression='max by (namespace, pod) (kube_pod_status_ready{NS, condition="true"}) == 0',
        lasts="10m",
        summary="Pod <pod> of <namespace> has not been ready for ten minutes.",
        cause=Cause.UNCLEAR,
    ),
    Alarm(
        name="PodRestartsOften",
        expression="max by (namespace, pod, container)"
        " (increase(kube_pod_container_status_restarts_total{NS}[30m])) > 2",
        lasts="1m",
        summary="Container <container> of pod <pod> of <namespace> has restarted more than twice "
        "in half an hour.",
        cause=Cause.UNCLEAR,
    ),
    Alarm(
        name="PodMemoryHigh",
        expression='sum by (namespace, pod) (container_memory_working_set_bytes{NS, container!=""})'
        ' / sum by (namespace, pod) (kube_pod_container_resource_limits{NS, resource="memory"}) > 0.9',
        lasts="5m",
        summary="Pod <pod> of <namespace> uses more than 90 % of its memory: beyond it, it is killed.",
        cause=Cause.MACHINE,
        # It works until it has none left.
        own_severity=Severity.WARNING,
    ),
)

_VOLUMES = (
    Alarm(
        name="VolumeFills",
        expression=f"{_USED} > 0.8 and {_USED} <= 0.9",
        lasts="5m",
        summary="Volume <persistentvolumeclaim> of <namespace> is more than 80 % full.",
        cause=Cause.VOLUME_FULL,
        about="<persistentvolumeclaim>",
    ),
    Alarm(
        name="VolumeNearlyFull",
        expression=f"{_USED} > 0.9",
        lasts="2m",
        summary="Volume <persistentvolumeclaim> of <namespace> is more than 90 % full: a node "
        "stops when it is "
        "full.",
        cause=Cause.VOLUME_FULL,
        about="<persistentvolumeclaim>",
        # A node stops when it is full.
        own_severity=Severity.CRITICAL,
    ),
    Alarm(
        name="VolumeFullSoon",
        expression="max by (namespace, persistentvolumeclaim)"
        " (predict_linear(kubelet_volume_stats_available_bytes{NS}[6h], 3 * 86400)) < 0"
        " or min by (namespace, persistentvolumeclaim) (heddle_volume_days_left{NS}) < 3",
        lasts="30m",
        summary="Volume <persistentvolumeclaim> of <namespace> is full within three days if it "
        "goes on like this.",
        cause=Cause.VOLUME_FULL,
        about="<persistentvolumeclaim>",
    ),
)

_MACHINES = (
    Alarm(
        name="MachineMemoryHigh",
        expression=f"{_MEMORY} > 0.8 and {_MEMORY} <= 0.9",
        lasts="10m",
        summary="Machine <instance> uses more than 80 % of its memory.",
        cause=Cause.MACHINE,
        about="<instance>",
        # Nothing is ended yet.
        own_severity=Severity.WARNING,
    ),
    Alarm(
        name="MachineMemoryNearlyFull",
        expression=f"{_MEMORY} > 0.9",
        lasts="5m",
        summary="Machine <instance> uses more than 90 % of its memory.",
        cause=Cause.MACHINE,
        about="<instance>",
        # Processes are ended next.
        own_severity=Severity.CRITICAL,
    ),
    Alarm(
        name="MachineNotReady",
        expression='max by (node) (kube_node_status_condition{condition="Ready", status="true"}) == 0',
        lasts="2m",
        summary="Machine <node> of the cluster is not ready.",
        cause=Cause.MACHINE,
        # All that runs there is away.
        own_severity=Severity.CRITICAL,
    ),
    Alarm(
        name="MachineRestarted",
        expression="changes(node_boot_time_seconds[15m]) > 0",
        lasts="0s",
        summary="Machine <instance> has been restarted.",
        cause=Cause.UNCLEAR,
        # It may have been all.
        own_severity=Severity.NOTE,
    ),
)

CLUSTER = (*_PROCESSES, *_PODS, *_VOLUMES, *_MACHINES)
"""All of them."""
