"""Alarms of peers and their chaincodes."""

from heddle.monitoring.alarms.model import Alarm
from heddle.planner.incidents import Cause, Severity

__all__ = ["PEERS"]

_CONFLICTS = "MVCC_READ_CONFLICT|PHANTOM_READ_CONFLICT"


def _share(codes: str) -> str:
    """Return the share of a chaincode's transactions that got one of these validation codes, at any peer."""
    found = (
        f"sum by (namespace, channel, chaincode, node) (rate(ledger_transaction_count{{NS, {codes}}}[5m]))"
    )
    every = "sum by (namespace, channel, chaincode, node) (rate(ledger_transaction_count{NS}[5m]))"
    return f"max by (namespace, channel, chaincode) ({found} / {every})"


def _slow(histogram: str, labels: str) -> str:
    """Return the time within which 95 of 100 were done."""
    return f"histogram_quantile(0.95, sum by (namespace, {labels}, le) (rate({histogram}_bucket{{NS}}[5m])))"


_LEDGER = (
    Alarm(
        name="PeerBehind",
        expression="max by (namespace, channel) (ledger_blockchain_height{NS})"
        ' - on (namespace, channel) group_right () ledger_blockchain_height{NS, role="peer"} > 20',
        lasts="5m",
        summary="Peer <node> of <namespace> is more than 20 blocks behind on channel <channel>.",
        cause=Cause.HEIGHT_GAP,
    ),
    Alarm(
        name="CommitSlow",
        expression=f"{_slow('ledger_block_processing_time', 'channel, node')} > 2",
        lasts="10m",
        summary="Peer <node> of <namespace> takes more than two seconds for a block of channel <channel>.",
        cause=Cause.MACHINE,
        # All is committed still.
        own_severity=Severity.WARNING,
    ),
    Alarm(
        name="StateDatabaseSlow",
        expression=f"{_slow('ledger_statedb_commit_time', 'channel, node')} > 1",
        lasts="10m",
        summary="The state database of peer <node> of <namespace> takes more than a second for a block of "
        "channel <channel>.",
        cause=Cause.MACHINE,
        # All is committed still.
        own_severity=Severity.WARNING,
    ),
    Alarm(
        name="ConflictsOften",
        expression=_share(f'validation_code=~"{_CONFLICTS}"') + " > 0.05",
        lasts="10m",
        summary="More than 5 % of the transactions of chaincode <chaincode> on channel <channel> "
        "of <namespace> "
        "collide with others: they read and write the same keys.",
        cause=Cause.CONFLICTS,
    ),
    Alarm(
        name="TransactionsInvalid",
        expression=_share(f'validation_code!~"VALID|{_CONFLICTS}"') + " > 0.05",
        lasts="10m",
        summary="More than 5 % of the transactions of chaincode <chaincode> on channel <channel> "
        "of <namespace> "
        "are invalid.",
        cause=Cause.ENDORSEMENT,
    ),
)

_GOSSIP = (
    Alarm(
        name="GossipWithoutPeers",
        expression="gossip_membership_total_peers_known{NS} == 0 and on (namespace, channel)"
        " count by (namespace, channel) (gossip_membership_total_peers_known{NS}) > 1",
        lasts="5m",
        summary="Peer <node> of <namespace> knows no other peer of channel <channel>.",
        cause=Cause.APART,
    ),
    Alarm(
        name="BlocksWaitAtPeer",
        expression="gossip_payload_buffer_size{NS} > 50",
        lasts="5m",
        summary="More than 50 blocks of channel <channel> wait at peer <node> of <namespace>.",
        cause=Cause.HEIGHT_GAP,
    ),
    Alarm(
        name="PrivateDataMissing",
        expression=f"{_slow('gossip_privdata_fetch_duration', 'channel, node')} > 5",
        lasts="5m",
        summary="Peer <node> of <namespace> waits for private data of channel <channel> that other peers do "
        "not send.",
        cause=Cause.UNCLEAR,
    ),
)

_CHAINCODES = (
    Alarm(
        name="EndorsementsFail",
        expression="sum by (namespace, channel, chaincode) (rate(endorser_endorsement_failures{NS}[5m]))"
        " / sum by (namespace, channel, chaincode) (rate(endorser_proposal_duration_count{NS}[5m])) > 0.1",
        lasts="5m",
        summary="More than 10 % of the endorsements by chaincode <chaincode> on channel <channel> of "
        "<namespace> fail.",
        cause=Cause.ENDORSEMENT,
    ),
    Alarm(
        name="ProposalSimulationsFail",
        expression="sum by (namespace, channel, chaincode)"
        " (rate(endorser_proposal_simulation_failures{NS}[5m])) > 0",
        lasts="5m",
        summary="Peers of <namespace> cannot run chaincode <chaincode> on channel <channel>.",
        cause=Cause.ENDORSEMENT,
    ),
    Alarm(
        name="ProposalsRefused",
        expression="sum by (namespace, channel, chaincode) "
        "(increase(endorser_proposal_acl_failures{NS}[5m])) > 10",
        lasts="5m",
        summary="Peers of <namespace> refuse callers of chaincode <chaincode> on channel "
        "<channel>: they have "
        "no right to it, or their certificates have ended.",
        cause=Cause.ENDORSEMENT,
    ),
    Alarm(
        name="ChaincodeDoesNotStart",
        expression="sum by (namespace, node, chaincode) (increase(chaincode_launch_failures{NS}[10m])) > 0",
        lasts="1m",
        summary="Peer <node> of <namespace> does not reach the server of chaincode <chaincode>.",
        cause=Cause.SERVER_CRASHES,
        about="<chaincode>",
    ),
    Alarm(
        name="ChaincodeStartsTooSlowly",
        expression="sum by (namespace, node, chaincode) (increase(chaincode_launch_timeouts{NS}[10m])) > 0",
        lasts="1m",
        summary="The server of chaincode <chaincode> takes peer <node> of <namespace> too long to start.",
        cause=Cause.SERVER_CRASHES,
        about="<chaincode>",
    ),
    Alarm(
        name="ChaincodeTimesOut",
        expression="sum by (namespace, node, chaincode) (increase(chaincode_execute_timeouts{NS}[10m])) > 0",
        lasts="1m",
        summary="Chaincode <chaincode> does not answer peer <node> of <namespace> in time.",
        cause=Cause.SERVER_CRASHES,
        about="<chaincode>",
        # It runs, and answers others.
        own_severity=Severity.WARNING,
    ),
)

PEERS = (*_LEDGER, *_GOSSIP, *_CHAINCODES)
"""All of them."""
