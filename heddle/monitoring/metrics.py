"""Name every metric that alarms, dashboards and the exporter use: the only place where names stand.

Those of Fabric are checked against a scrape of real nodes (tests/cases/monitoring/scrapes.yaml), so that no
rule can name a metric that does not exist. Upstream's list is no such check: it lists BFT's without the label
`channel` that they have. A line of a table is a name, its kind and its labels.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

__all__ = ["EXPECTED", "METRICS", "TARGET_LABELS", "Metric", "Source"]

TARGET_LABELS = frozenset({"namespace", "node", "role", "organization", "instance", "job"})
"""Labels that the scrape gives to all series of a target. `role`: orderer or peer; `node`: as `heddle status`
names it; `namespace`: the instance's, by which one Prometheus tells several instances apart."""

EXPECTED = "heddle:target:expected"
"""What rules record of each target that should be found, where Prometheus finds targets by their pods."""


class Source(StrEnum):
    """Name what has to be scraped for a metric."""

    NODES = "Fabric's nodes"
    EXPORTER = "`heddle monitoring serve`"
    KUBELET = "the kubelet"
    KUBE_STATE = "kube-state-metrics"
    MACHINES = "node-exporter"
    PROMETHEUS = "Prometheus itself"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """Describe a metric.

    kind: counter, gauge or histogram.
    labels: its own; those of its target come beside.
    nodes: kinds of nodes that have it: `raft`, `bft`, `peer`; none for what no node has.
    help: what it says, where Heddle's own exporter says it.
    """

    name: str
    kind: str
    labels: tuple[str, ...]
    source: Source
    nodes: tuple[str, ...] = ()
    help: str = ""


_RAFT = """
blockcutter_block_fill_duration histogram channel
consensus_etcdraft_active_nodes gauge channel
consensus_etcdraft_cluster_size gauge channel
consensus_etcdraft_data_persist_duration histogram channel
consensus_etcdraft_is_leader gauge channel
consensus_etcdraft_leader_changes counter channel
consensus_etcdraft_proposal_failures counter channel
"""
_BFT = """
consensus_BFT_cluster_size gauge channel
consensus_BFT_is_leader gauge channel
consensus_BFT_leader_id gauge channel
consensus_smartbft_blacklist_count gauge channel
consensus_smartbft_node_id_in_blacklist gauge blackid channel
consensus_smartbft_pool_count_of_elements gauge channel
consensus_smartbft_pool_count_of_fail_add_request counter channel reason
consensus_smartbft_pool_count_timeout_two_step counter channel
consensus_smartbft_pool_latency_of_elements histogram channel
consensus_smartbft_viewchange_current_view gauge channel
consensus_smartbft_viewchange_next_view gauge channel
"""
_ORDERERS = """
broadcast_enqueue_duration histogram channel status type
broadcast_processed_count counter channel status type
cluster_comm_egress_queue_capacity gauge channel host msg_type
cluster_comm_egress_queue_length gauge channel host msg_type
participation_consensus_relation gauge channel
participation_status gauge channel
"""
_PEERS = """
chaincode_execute_timeouts counter chaincode
chaincode_launch_failures counter chaincode
chaincode_launch_timeouts counter chaincode
chaincode_shim_request_duration histogram chaincode channel success type
endorser_endorsement_failures counter chaincode chaincodeerror channel
endorser_proposal_acl_failures counter chaincode channel
endorser_proposal_duration histogram chaincode channel success
endorser_proposal_simulation_failures counter chaincode channel
endorser_proposals_received counter
endorser_successful_proposals counter
gossip_membership_total_peers_known gauge channel
gossip_payload_buffer_size gauge channel
gossip_privdata_fetch_duration histogram channel
grpc_server_unary_requests_completed counter code method service
ledger_block_processing_time histogram channel
ledger_blockstorage_and_pvtdata_commit_time histogram channel
ledger_statedb_commit_time histogram channel
ledger_transaction_count counter chaincode channel transaction_type validation_code
"""
_ALL_NODES = """
fabric_version gauge version
grpc_comm_conn_closed counter
grpc_comm_conn_opened counter
ledger_blockchain_height gauge channel
logging_entries_written counter level
process_cpu_seconds_total counter
process_max_fds gauge
process_open_fds gauge
process_resident_memory_bytes gauge
process_start_time_seconds gauge
"""
_KUBELET = """
container_memory_working_set_bytes gauge container namespace pod
kubelet_volume_stats_available_bytes gauge namespace persistentvolumeclaim
kubelet_volume_stats_capacity_bytes gauge namespace persistentvolumeclaim
kubelet_volume_stats_used_bytes gauge namespace persistentvolumeclaim
"""
_KUBE_STATE = """
kube_node_status_condition gauge condition node status
kube_pod_container_resource_limits gauge container namespace pod resource
kube_pod_container_status_restarts_total counter container namespace pod
kube_pod_container_status_waiting_reason gauge container namespace pod reason
kube_pod_status_ready gauge condition namespace pod
kube_pod_status_unschedulable gauge namespace pod
"""
_MACHINES = """
node_boot_time_seconds gauge
node_memory_MemAvailable_bytes gauge
node_memory_MemTotal_bytes gauge
"""
_EXPORTER = {
    "heddle_facts_known facts": "Whether Heddle could find these facts out, 1 or 0.",
    "heddle_node_up node organization role": "Whether a node answers about its channels, 1 or 0.",
    "heddle_node_problems node organization role": "What `heddle status` finds wrong with a node, counted.",
    "heddle_chaincode_up chaincode channel": "Whether a chaincode is in force as it was deployed, 1 or 0.",
    "heddle_channel_height channel node role": "Blocks that a node has of a channel.",
    "heddle_channel_height_gap channel node role": "Blocks of a channel that a node lacks of the newest.",
    "heddle_channel_consenters channel": "Consenters of a channel.",
    "heddle_channel_ordering channel": "Consenters of a channel that order it now.",
    "heddle_channel_margin channel": "Orderers that a channel can lose; below 0: it has stopped.",
    "heddle_channel_drift channel": "Differences of a channel's configuration from what was applied last.",
    "heddle_certificate_days_left purpose serial whose": "Whole days until a certificate ends.",
    "heddle_certificate_differs whose": "Whether a node presents another certificate than was issued last.",
    "heddle_backup_age_seconds": "Age of the newest backup.",
    "heddle_backup_overdue": "Whether a backup should be there that is not, 1 or 0.",
    "heddle_clock_skew_seconds clock": "How much a clock is ahead of the API server's.",
    "heddle_volume_used_bytes persistentvolumeclaim": "Bytes that a node's volume holds: its ledger.",
    "heddle_volume_capacity_bytes persistentvolumeclaim": "Bytes that a node's volume can hold.",
    "heddle_volume_days_left persistentvolumeclaim": "Days until a volume is full, as it has grown so far.",
}
"""Name and labels of each metric of the exporter, all of them gauges, with what it says."""


def _rows(table: str, source: Source, *nodes: str) -> Iterator[Metric]:
    for line in table.strip().splitlines():
        name, kind, *labels = line.split()
        yield Metric(name=name, kind=kind, labels=tuple(labels), source=source, nodes=nodes)


def _own() -> Iterator[Metric]:
    for line, words in _EXPORTER.items():
        name, *labels = line.split()
        labels = sorted(["namespace", *labels])
        yield Metric(name=name, kind="gauge", labels=tuple(labels), source=Source.EXPORTER, help=words)


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            *_rows(_RAFT, Source.NODES, "raft"),
            *_rows(_BFT, Source.NODES, "bft"),
            *_rows(_ORDERERS, Source.NODES, "raft", "bft"),
            *_rows(_PEERS, Source.NODES, "peer"),
            *_rows(_ALL_NODES, Source.NODES, "raft", "bft", "peer"),
            *_rows(f"up gauge\n{EXPECTED} gauge", Source.PROMETHEUS),
            *_rows(_KUBELET, Source.KUBELET),
            *_rows(_KUBE_STATE, Source.KUBE_STATE),
            *_rows(_MACHINES, Source.MACHINES),
            *_own(),
        )
    }
)
"""All metrics, by name."""
