"""Report one channel in an orderer's metrics, under Fabric's names."""

from heddle.embedded.fabric.orderer.chain import OrdererChain

__all__ = ["report"]

_RELATIONS = {"other": 0, "consenter": 1, "follower": 2}
_STATUSES = {"active": 1, "onboarding": 2}


def report(chain: OrdererChain) -> None:
    """Set the gauges of one channel."""
    metrics, labels, consensus = chain.node.metrics, {"channel": chain.channel}, chain.consensus
    metrics.gauge("participation_consensus_relation", _RELATIONS[chain.relation], **labels)
    metrics.gauge("participation_status", _STATUSES[chain.status], **labels)
    if consensus is None:
        return
    prefix = "consensus_BFT" if chain.config.bft else "consensus_etcdraft"
    metrics.gauge(f"{prefix}_cluster_size", len(chain.members), **labels)
    metrics.gauge(f"{prefix}_is_leader", consensus.leading, **labels)
    metrics.gauge(f"{prefix}_committed_block_number", max(chain.height - 1, 0), **labels)
    if chain.config.bft:
        ids = {consenter.address: consenter.id for consenter in chain.config.settings.consenters}
        metrics.gauge(f"{prefix}_leader_id", ids.get(consensus.leader, 0), **labels)
        metrics.gauge("consensus_smartbft_view_number", chain.view, **labels)
    else:
        metrics.gauge(f"{prefix}_active_nodes", len(consensus.active), **labels)
        metrics.gauge(f"{prefix}_leader_changes", consensus.leader_changes, **labels)
