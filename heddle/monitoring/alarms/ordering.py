"""Alarms of the ordering service.

Of Raft's consenters only the leader counts who is active, and tells it late: no single node's number is
believed, and nothing fires before 30 s (orderer/consensus/etcdraft/tracker.go, Fabric 3.1.5). Nodes of BFT
differ for a moment about who leads, which is no fault.
"""

from heddle.monitoring.alarms.model import Alarm
from heddle.planner.incidents import Cause, Severity

__all__ = ["ORDERING"]

_RAFT = (
    Alarm(
        name="ChannelWithoutLeader",
        expression="sum by (namespace, channel) (consensus_etcdraft_is_leader{NS}) == 0",
        lasts="30s",
        summary="Channel <channel> of <namespace> has no leader: nothing is ordered.",
        cause=Cause.QUORUM_LOST,
    ),
    Alarm(
        name="ChannelWithTwoLeaders",
        expression="sum by (namespace, channel) (consensus_etcdraft_is_leader{NS}) > 1",
        lasts="1m",
        summary="More than one orderer of <namespace> says that it leads channel <channel>: they "
        "do not reach "
        "each other.",
        cause=Cause.UNCLEAR,
        # Two that order apart from each other stop the channel.
        own_severity=Severity.CRITICAL,
    ),
    Alarm(
        name="ConsenterAway",
        expression="max by (namespace, channel) (consensus_etcdraft_active_nodes{NS})"
        " < max by (namespace, channel) (consensus_etcdraft_cluster_size{NS})"
        " and sum by (namespace, channel) (consensus_etcdraft_is_leader{NS}) > 0",
        lasts="1m",
        summary="A consenter of channel <channel> of <namespace> is away.",
        cause=Cause.CONSENTER_AWAY,
    ),
    Alarm(
        name="LeaderChangesOften",
        expression="max by (namespace, channel) (increase(consensus_etcdraft_leader_changes{NS}[15m])) > 3",
        lasts="1m",
        summary="Channel <channel> of <namespace> has changed its leader more than three times "
        "in 15 minutes.",
        cause=Cause.ORDERING_UNSTEADY,
    ),
    Alarm(
        name="ProposalsFail",
        expression="sum by (namespace, channel) (increase(consensus_etcdraft_proposal_failures{NS}[5m])) > 0",
        lasts="1m",
        summary="Orderers of <namespace> could not propose transactions of channel <channel>.",
        cause=Cause.ORDERING_UNSTEADY,
    ),
    Alarm(
        name="OrdererDiskSlow",
        expression="histogram_quantile(0.99, sum by (namespace, node, le)"
        " (rate(consensus_etcdraft_data_persist_duration_bucket{NS}[5m]))) > 1",
        lasts="5m",
        summary="Orderer <node> of <namespace> takes more than a second to write Raft's log: from half the "
        "election timeout on it loses its leadership.",
        cause=Cause.MACHINE,
        # All is ordered still.
        own_severity=Severity.WARNING,
    ),
)

_BFT = (
    Alarm(
        name="BftWithoutLeader",
        expression="sum by (namespace, channel) (consensus_BFT_is_leader{NS}) == 0",
        lasts="30s",
        summary="Channel <channel> of <namespace> has no leader: nothing is ordered.",
        cause=Cause.QUORUM_LOST,
    ),
    Alarm(
        name="BftLeaderDisputed",
        expression="count by (namespace, channel)"
        ' (count_values by (namespace, channel) ("leader", consensus_BFT_leader_id{NS})) > 1',
        lasts="1m",
        summary="Orderers of <namespace> name different leaders of channel <channel>.",
        cause=Cause.ORDERING_UNSTEADY,
    ),
    Alarm(
        name="BftViewChangesOften",
        expression="max by (namespace, channel) "
        "(changes(consensus_smartbft_viewchange_current_view{NS}[15m])) > 2",
        lasts="1m",
        summary="Channel <channel> of <namespace> has changed its view more than twice in 15 minutes.",
        cause=Cause.ORDERING_UNSTEADY,
    ),
    Alarm(
        name="BftViewChangeStuck",
        expression="max by (namespace, channel) (consensus_smartbft_viewchange_next_view{NS}"
        " - consensus_smartbft_viewchange_current_view{NS}) > 0",
        lasts="2m",
        summary="A change of the view of channel <channel> of <namespace> does not come to its end.",
        cause=Cause.QUORUM_LOST,
    ),
    Alarm(
        name="BftNodeBlacklisted",
        expression="max by (namespace, channel, blackid) (consensus_smartbft_node_id_in_blacklist{NS}) > 0",
        lasts="5m",
        summary="Consenter <blackid> of channel <channel> of <namespace> is blacklisted: it leads no more, "
        "since it did not answer when it led.",
        cause=Cause.ORDERING_UNSTEADY,
    ),
    Alarm(
        name="BftRequestsWait",
        expression="sum by (namespace, channel)"
        " (increase(consensus_smartbft_pool_count_timeout_two_step{NS}[5m])) > 0",
        lasts="1m",
        summary="Transactions of channel <channel> of <namespace> waited so long that orderers complained "
        "about the leader.",
        cause=Cause.ORDERING_UNSTEADY,
    ),
    Alarm(
        name="BftPoolFull",
        expression="sum by (namespace, channel, node) "
        "(increase(consensus_smartbft_pool_count_of_fail_add_request"
        '{NS, reason!="MAX_BYTES"}[5m])) > 0',
        lasts="1m",
        summary="Orderer <node> of <namespace> takes no more transactions of channel <channel>: "
        "its pool is full.",
        cause=Cause.ORDERING_UNSTEADY,
    ),
)

_BOTH = (
    Alarm(
        name="QuorumLost",
        expression="heddle_channel_margin{NS} < 0",
        lasts="1m",
        summary="Channel <channel> of <namespace> has stopped: fewer orderers run than are needed.",
        cause=Cause.QUORUM_LOST,
    ),
    Alarm(
        name="NoMarginLeft",
        expression="heddle_channel_margin{NS} == 0 and heddle_channel_consenters{NS} > 1",
        lasts="2m",
        summary="Channel <channel> of <namespace> stops when one more orderer fails.",
        cause=Cause.NO_MARGIN,
    ),
    Alarm(
        name="OrdererBehind",
        expression="max by (namespace, channel) (ledger_blockchain_height{NS})"
        ' - on (namespace, channel) group_right () ledger_blockchain_height{NS, role="orderer"} > 20',
        lasts="5m",
        summary="Orderer <node> of <namespace> is more than 20 blocks behind on channel <channel>.",
        cause=Cause.HEIGHT_GAP,
    ),
    Alarm(
        name="ChannelFailedOnOrderer",
        expression="participation_status{NS} == 3",
        lasts="1m",
        summary="Orderer <node> of <namespace> could not join channel <channel>.",
        cause=Cause.ORDERING_UNSTEADY,
        # An orderer that could not join is out of service.
        own_severity=Severity.ERROR,
    ),
    Alarm(
        name="OrdererOnboards",
        expression="participation_status{NS} == 2",
        lasts="30m",
        summary="Orderer <node> of <namespace> has been fetching channel <channel> for half an hour.",
        cause=Cause.ORDERING_UNSTEADY,
    ),
    Alarm(
        name="OrdererOnlyFollows",
        expression="participation_consensus_relation{NS} == 2",
        lasts="30m",
        summary="Orderer <node> of <namespace> follows channel <channel> and does not order it.",
        cause=Cause.DRIFT,
    ),
    Alarm(
        name="OrdererRefusesTransactions",
        expression="sum by (namespace, channel, node) (rate(broadcast_processed_count"
        '{NS, status=~"SERVICE_UNAVAILABLE|INTERNAL_SERVER_ERROR"}[5m])) > 0',
        lasts="2m",
        summary="Orderer <node> of <namespace> refuses transactions of channel <channel> that are in order.",
        cause=Cause.ORDERING_UNSTEADY,
    ),
    Alarm(
        name="OrderersDoNotReachEachOther",
        expression="max by (namespace, channel, node, host) (cluster_comm_egress_queue_length{NS}"
        " / cluster_comm_egress_queue_capacity{NS}) > 0.8",
        lasts="2m",
        summary="Orderer <node> of <namespace> does not get rid of what it sends to <host> for "
        "channel <channel>.",
        cause=Cause.APART,
    ),
)

ORDERING = (*_RAFT, *_BFT, *_BOTH)
"""All of them."""
