"""The dashboards: the whole instance, its ordering service, one channel, one peer."""

from heddle.monitoring.dashboards.model import Dashboard, Panel, Query

__all__ = ["DASHBOARDS"]


def _panel(
    title: str, expression: str, legend: str = "", *, unit: str = "short", number: bool = False
) -> Panel:
    return Panel(
        title=title, queries=(Query(expression=expression, legend=legend),), unit=unit, number=number
    )


def _quantiles(title: str, histogram: str, labels: str, selector: str = "NS") -> Panel:
    """Return a panel of the time within which half of something was done, and 95 of 100."""
    legend = " ".join(f"{{{{{label}}}}}" for label in labels.split(", "))
    buckets = f"sum by ({labels}, le) (rate({histogram}_bucket{{{selector}}}[5m]))"
    queries = tuple(
        Query(expression=f"histogram_quantile({share}, {buckets})", legend=f"{legend} {words}")
        for share, words in ((0.5, "half"), (0.95, "95 %"))
    )
    return Panel(title=title, queries=queries, unit="s")


_TRANSACTIONS = _panel(
    "Transactions committed, by channel",
    "max by (channel) (sum by (channel, node) (rate(ledger_transaction_count{NS}[5m])))",
    "{{channel}}",
    unit="ops",
)

_INSTANCE = Dashboard(
    name="instance",
    title="instance",
    panels=(
        _panel("Orderers that may fail", "heddle_channel_margin{NS}", "{{channel}}", number=True),
        _panel("Nodes that do not answer", "count(heddle_node_up{NS} == 0) or vector(0)", number=True),
        _panel(
            "Days until the first certificate ends",
            "min(heddle_certificate_days_left{NS})",
            unit="d",
            number=True,
        ),
        _panel("Age of the newest backup", "heddle_backup_age_seconds{NS}", unit="s", number=True),
        _panel("Configuration changed by others", "heddle_channel_drift{NS}", "{{channel}}", number=True),
        _panel("Wrong clocks", "heddle_clock_skew_seconds{NS}", "{{clock}}", unit="s"),
        _TRANSACTIONS,
        _panel("Blocks behind the newest", "heddle_channel_height_gap{NS}", "{{node}} {{channel}}"),
        _panel(
            "Errors in logs",
            'sum by (node) (rate(logging_entries_written{NS, level="error"}[5m]))',
            "{{node}}",
        ),
        _panel("Processors", 'rate(process_cpu_seconds_total{NS, role=~"orderer|peer"}[5m])', "{{node}}"),
        _panel(
            "Memory",
            'process_resident_memory_bytes{NS, role=~"orderer|peer"}',
            "{{node}}",
            unit="bytes",
        ),
        _panel(
            "Volumes used",
            "max by (persistentvolumeclaim) (kubelet_volume_stats_used_bytes{NS}"
            " / kubelet_volume_stats_capacity_bytes{NS}"
            " or heddle_volume_used_bytes{NS} / heddle_volume_capacity_bytes{NS})",
            "{{persistentvolumeclaim}}",
            unit="percentunit",
        ),
        _panel(
            "Days until a volume is full",
            "heddle_volume_days_left{NS}",
            "{{persistentvolumeclaim}}",
            unit="d",
        ),
        _panel("Releases", "count by (version) (fabric_version{NS})", "{{version}}", number=True),
    ),
)

_ORDERING = Dashboard(
    name="ordering",
    title="ordering service",
    panels=(
        Panel(
            title="Who leads",
            queries=(
                Query(expression="consensus_etcdraft_is_leader{NS}", legend="{{node}} {{channel}}"),
                Query(expression="consensus_BFT_is_leader{NS}", legend="{{node}} {{channel}}"),
            ),
        ),
        Panel(
            title="Consenters, and how many are active",
            queries=(
                Query(
                    expression="max by (channel) (consensus_etcdraft_active_nodes{NS})",
                    legend="{{channel}} active",
                ),
                Query(
                    expression="max by (channel) (consensus_etcdraft_cluster_size{NS}"
                    " or consensus_BFT_cluster_size{NS})",
                    legend="{{channel}} all",
                ),
                Query(expression="heddle_channel_ordering{NS}", legend="{{channel}} by Heddle"),
            ),
        ),
        Panel(
            title="Changes of leader or view",
            queries=(
                Query(
                    expression="max by (channel) (increase(consensus_etcdraft_leader_changes{NS}[15m]))",
                    legend="{{channel}}",
                ),
                Query(
                    expression="max by (channel) "
                    "(changes(consensus_smartbft_viewchange_current_view{NS}[15m]))",
                    legend="{{channel}}",
                ),
            ),
        ),
        _panel(
            "Transactions offered, by answer",
            "sum by (channel, status) (rate(broadcast_processed_count{NS}[5m]))",
            "{{channel}} {{status}}",
            unit="ops",
        ),
        _quantiles("Offering a transaction", "broadcast_enqueue_duration", "channel"),
        _quantiles("Filling a block", "blockcutter_block_fill_duration", "channel"),
        _quantiles("Writing Raft's log", "consensus_etcdraft_data_persist_duration", "node"),
        _quantiles("Ordering by BFT", "consensus_smartbft_pool_latency_of_elements", "channel"),
        _panel(
            "Requests that wait in BFT's pools",
            "consensus_smartbft_pool_count_of_elements{NS}",
            "{{node}} {{channel}}",
        ),
        _panel(
            "BFT's blacklist",
            "max by (channel) (consensus_smartbft_blacklist_count{NS})",
            "{{channel}}",
        ),
        _panel(
            "Queues to other orderers",
            "max by (node, host) (cluster_comm_egress_queue_length{NS} / "
            "cluster_comm_egress_queue_capacity{NS})",
            "{{node}} to {{host}}",
            unit="percentunit",
        ),
        _panel(
            "Proposals that failed",
            "sum by (channel) (rate(consensus_etcdraft_proposal_failures{NS}[5m]))",
            "{{channel}}",
            unit="ops",
        ),
    ),
)

_OF_CHANNEL = 'NS, channel="$channel"'
_CHANNEL = Dashboard(
    name="channel",
    title="channel",
    choices=(("channel", "ledger_blockchain_height{NS}"),),
    panels=(
        _panel("Orderers that may fail", f"heddle_channel_margin{{{_OF_CHANNEL}}}", number=True),
        _panel("Blocks", f"max(ledger_blockchain_height{{{_OF_CHANNEL}}})", number=True),
        _panel(
            "Chaincodes as deployed", f"heddle_chaincode_up{{{_OF_CHANNEL}}}", "{{chaincode}}", number=True
        ),
        _panel("Blocks by node", f"ledger_blockchain_height{{{_OF_CHANNEL}}}", "{{node}}"),
        _panel(
            "Transactions by result",
            "max by (validation_code) (sum by (validation_code, node)"
            f" (rate(ledger_transaction_count{{{_OF_CHANNEL}}}[5m])))",
            "{{validation_code}}",
            unit="ops",
        ),
        _panel(
            "Transactions by chaincode",
            "max by (chaincode) (sum by (chaincode, node)"
            f" (rate(ledger_transaction_count{{{_OF_CHANNEL}}}[5m])))",
            "{{chaincode}}",
            unit="ops",
        ),
        _quantiles("Committing a block", "ledger_block_processing_time", "node", _OF_CHANNEL),
        _quantiles("Writing state", "ledger_statedb_commit_time", "node", _OF_CHANNEL),
        _panel(
            "Endorsements that failed",
            f"sum by (chaincode) (rate(endorser_endorsement_failures{{{_OF_CHANNEL}}}[5m]))",
            "{{chaincode}}",
            unit="ops",
        ),
        _panel("Peers known by gossip", f"gossip_membership_total_peers_known{{{_OF_CHANNEL}}}", "{{node}}"),
        _panel("Blocks that wait", f"gossip_payload_buffer_size{{{_OF_CHANNEL}}}", "{{node}}"),
        _quantiles("Fetching private data", "gossip_privdata_fetch_duration", "node", _OF_CHANNEL),
    ),
)

_OF_PEER = 'NS, node="$node"'
_PEER = Dashboard(
    name="peer",
    title="peer",
    choices=(("node", 'ledger_blockchain_height{NS, role="peer"}'),),
    panels=(
        _panel("Release", f"count by (version) (fabric_version{{{_OF_PEER}}})", "{{version}}", number=True),
        _panel("Blocks behind", f"heddle_channel_height_gap{{{_OF_PEER}}}", "{{channel}}", number=True),
        _panel("Blocks", f"ledger_blockchain_height{{{_OF_PEER}}}", "{{channel}}"),
        Panel(
            title="Proposals",
            queries=(
                Query(expression=f"rate(endorser_proposals_received{{{_OF_PEER}}}[5m])", legend="received"),
                Query(
                    expression=f"rate(endorser_successful_proposals{{{_OF_PEER}}}[5m])", legend="successful"
                ),
            ),
            unit="ops",
        ),
        _quantiles("Endorsing", "endorser_proposal_duration", "chaincode", _OF_PEER),
        _quantiles("What chaincodes ask", "chaincode_shim_request_duration", "chaincode, type", _OF_PEER),
        Panel(
            title="Chaincodes in trouble",
            queries=tuple(
                Query(expression=f"increase({name}{{{_OF_PEER}}}[10m])", legend=f"{{{{chaincode}}}} {words}")
                for name, words in (
                    ("chaincode_launch_failures", "not reached"),
                    ("chaincode_launch_timeouts", "too slow to start"),
                    ("chaincode_execute_timeouts", "no answer in time"),
                )
            ),
        ),
        _quantiles("Committing a block", "ledger_block_processing_time", "channel", _OF_PEER),
        _quantiles("Writing blocks", "ledger_blockstorage_and_pvtdata_commit_time", "channel", _OF_PEER),
        _quantiles("Writing state", "ledger_statedb_commit_time", "channel", _OF_PEER),
        _panel(
            "Connections",
            f"grpc_comm_conn_opened{{{_OF_PEER}}} - grpc_comm_conn_closed{{{_OF_PEER}}}",
        ),
        _panel(
            "Calls that failed",
            "sum by (method, code) (rate(grpc_server_unary_requests_completed"
            f'{{{_OF_PEER}, code!="OK"}}[5m]))',
            "{{method}} {{code}}",
            unit="ops",
        ),
        _panel("Memory", f"process_resident_memory_bytes{{{_OF_PEER}}}", unit="bytes"),
        _panel("Processors", f"rate(process_cpu_seconds_total{{{_OF_PEER}}}[5m])"),
    ),
)

DASHBOARDS = (_INSTANCE, _ORDERING, _CHANNEL, _PEER)
"""All of them."""
