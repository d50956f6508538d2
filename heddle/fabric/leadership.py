"""Ask the leader of a Raft channel to hand over to another consenter.

Fabric has no command for it. Raft has a message, which any consenter may send to the leader: the leader
brings its successor up to date and lets it stand at once. Orderers take it where they take each other's
messages (orderer/common/cluster/service.go, Step), and know the sender by the key of its TLS certificate.
"""

from fabric_protos.orderer import cluster_pb2, cluster_pb2_grpc

from heddle.configtx.raft import transfer_message
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.fabric.oneway import send_one_way

__all__ = ["transfer_leadership"]


async def transfer_leadership(
    connections: Connections, leader: Node, channel: str, *, ids: tuple[int, int], deadline: float
) -> None:
    """Ask a channel's leader to hand over. `connections` must present the successor's TLS certificate.

    `ids` are Raft's, of leader and successor. A node that is told another id than its own leaves the
    channel's consensus until it restarts (etcdraft/chain.go, Consensus), so they must be proved before.
    Returns when the orderer has taken the message: who leads then is for the caller to see.
    Raises Unreachable, Refused.
    """
    payload = transfer_message(leader=ids[0], successor=ids[1])
    request = cluster_pb2.ConsensusRequest(channel=channel, payload=payload)
    stub = cluster_pb2_grpc.ClusterStub(await connections.channel(leader))
    call = stub.Step(timeout=deadline)
    requests = [cluster_pb2.StepRequest(consensus_request=request)]
    await send_one_way(connections, leader, call, requests, f"hand over {channel}")
