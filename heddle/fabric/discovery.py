"""Ask a peer's discovery service whom its gateway would ask for endorsements (discovery/service.go)."""

import grpc
from fabric_protos.discovery import protocol_pb2, protocol_pb2_grpc
from fabric_protos.gossip import message_pb2
from fabric_protos.peer import proposal_response_pb2
from google.protobuf.message import DecodeError

from heddle.fabric.answers import unreadable
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.identity.signer import Signer

__all__ = ["endorsers"]


async def endorsers(
    connections: Connections, node: Node, channel: str, chaincode: str, signer: Signer, *, deadline: float
) -> frozenset[tuple[str, int]]:
    """Return the peers that may endorse a chaincode's transactions, as the peer knows them, itself included.

    Each is an endpoint, host:port, and the time of its start, by which gossip tells a peer from what it was
    before a restart. Empty where those that the peer knows do not satisfy the endorsement policy together.
    Raises FabricError where the peer does not answer, or has no discovery service.
    """
    call = proposal_response_pb2.ChaincodeInterest(
        chaincodes=[proposal_response_pb2.ChaincodeCall(name=chaincode)]
    )
    query = protocol_pb2.Query(channel=channel, cc_query=protocol_pb2.ChaincodeQuery(interests=[call]))
    authentication = protocol_pb2.AuthInfo(
        client_identity=signer.serialized, client_tls_cert_hash=connections.tls_cert_hash
    )
    payload = protocol_pb2.Request(authentication=authentication, queries=[query]).SerializeToString()
    request = protocol_pb2.SignedRequest(payload=payload, signature=signer.sign(payload))
    what = f"endorsers of {chaincode} on {channel}"
    stub = protocol_pb2_grpc.DiscoveryStub(await connections.channel(node))
    try:
        answer = await stub.Discover(request, timeout=deadline)
    except grpc.aio.AioRpcError as error:
        raise connections.failure(node, what, error) from error
    if answer is None:  # what cannot be parsed, against its types
        raise unreadable(node, what, "no answer that could be parsed")
    try:
        return frozenset(
            _known(peer)
            for result in answer.results
            for descriptor in result.cc_query_res.content
            for group in descriptor.endorsers_by_groups.values()
            for peer in group.peers
        )
    except DecodeError as error:
        raise unreadable(node, what, str(error)) from error


def _known(peer: protocol_pb2.Peer) -> tuple[str, int]:
    alive = message_pb2.GossipMessage.FromString(peer.membership_info.payload).alive_msg
    return alive.membership.endpoint, int(alive.timestamp.inc_num)
