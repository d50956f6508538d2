"""Stand in for the system chaincodes `cscc` and `qscc`.

Source: core/scc/cscc/configure.go, core/scc/qscc/query.go, core/aclmgmt/defaultaclprovider.go (Fabric 3.1.5).
"""

from fabric_protos.common import common_pb2, ledger_pb2
from fabric_protos.peer import proposal_response_pb2, query_pb2

from heddle.configtx.blocks import block_hash, channel_of, config_of, is_config_block
from heddle.embedded.fabric.access import Denied
from heddle.embedded.fabric.channelconfig import APPLICATION_READERS
from heddle.embedded.fabric.ledger import newest_config
from heddle.embedded.fabric.malformed import MALFORMED
from heddle.embedded.fabric.peer.channel import PeerChannel
from heddle.embedded.fabric.peer.peer import Peer
from heddle.embedded.fabric.peer.proposal import Unpacked, check_channel_policy, check_local_role
from heddle.errors import HeddleError

__all__ = ["cscc", "error", "qscc", "success"]

Response = proposal_response_pb2.Response


def success(payload: bytes = b"") -> proposal_response_pb2.Response:
    """Return an answer of status 200."""
    return Response(status=200, payload=payload)


def error(words: str, status: int = 500) -> proposal_response_pb2.Response:
    """Return a refusal in the chaincode's own words."""
    return Response(status=status, message=words)


def cscc(peer: Peer, proposal: Unpacked) -> proposal_response_pb2.Response:
    """Answer about channels: JoinChain, GetChannels, GetConfigBlock, GetChannelConfig."""
    arguments = proposal.arguments
    function = arguments[0].decode(errors="replace") if arguments else ""
    if not function:
        return error("Incorrect number of arguments, 0")
    if function != "GetChannels" and len(arguments) < 2:
        return error(f"Incorrect number of arguments, {len(arguments)}")
    match function:
        case "JoinChain":
            return _join(peer, proposal, arguments[1])
        case "GetChannels":
            try:
                check_local_role(proposal, peer.members, "member")
            except Denied as denied:
                return error(f"access denied for [GetChannels]: {denied}")
            found = query_pb2.ChannelQueryResponse()
            for name in sorted(peer.channels):
                found.channels.add(channel_id=name)
            return success(found.SerializeToString())
        case "GetConfigBlock" | "GetChannelConfig":
            return _config(peer, proposal, function, arguments[1].decode(errors="replace"))
    return error(f"Requested function {function} not found.")


def _join(peer: Peer, proposal: Unpacked, data: bytes) -> proposal_response_pb2.Response:
    if not data:
        return error("Cannot join the channel <nil> configuration block provided")
    try:
        block = common_pb2.Block.FromString(data)
        name = channel_of(block)
    except (*MALFORMED, HeddleError) as problem:
        return error(f"Failed to reconstruct the genesis block, {problem}")
    words = _block_refusal(block)
    if words:
        return error(
            f'"JoinChain" for channelID = {name} failed because of validation of configuration block, '
            f"because of {words}"
        )
    try:
        check_local_role(proposal, peer.members, "admin")
    except Denied as denied:
        return error(f"access denied for [JoinChain][{name}]: [{denied}]")
    try:
        peer.join(block)
    except ValueError as problem:
        return error(str(problem))
    return success()


def _block_refusal(block: common_pb2.Block) -> str:
    try:
        if not is_config_block(block):
            return "Bad configuration envelope: invalid type, expected CONFIG"
        groups = config_of(block).config.channel_group.groups
    except HeddleError as problem:
        return f"Bad configuration envelope: {problem.message}"
    if not groups:
        return "No channel configuration groups are available"
    if "Application" not in groups:
        return "Invalid configuration block, missing Application configuration group"
    return ""


def _config(peer: Peer, proposal: Unpacked, function: str, name: str) -> proposal_response_pb2.Response:
    channel = peer.channels.get(name)
    if channel is None:
        words = f"Failed to get policy manager for channel [{name}]"
        return error(f"access denied for [{function}][{name}]: {words}")
    try:
        check_channel_policy(channel.config, APPLICATION_READERS, proposal.data)
    except Denied as denied:
        return error(f"access denied for [{function}][{name}]: {denied}")
    if function == "GetChannelConfig":
        return success(channel.config.config.SerializeToString())
    return success(newest_config(channel.ledger).SerializeToString())


def qscc(peer: Peer, proposal: Unpacked) -> proposal_response_pb2.Response:
    """Answer about ledgers: GetChainInfo, GetBlockByNumber/ByHash/ByTxID, GetTransactionByID."""
    arguments = proposal.arguments
    if len(arguments) < 2:
        return error(f"Incorrect number of arguments, {len(arguments)}")
    function, name = (argument.decode(errors="replace") for argument in arguments[:2])
    channel = peer.channels.get(name)
    if function != "GetChainInfo" and len(arguments) < 3:
        return error(f"missing 3rd argument for {function}")
    if channel is None:
        return error(f"Invalid chain ID, {name}")
    try:
        check_channel_policy(channel.config, APPLICATION_READERS, proposal.data)
    except Denied as denied:
        return error(f"access denied for [{function}][{name}]: [{denied}]")
    return _query(channel, function, arguments[2] if len(arguments) > 2 else b"")


def _query(channel: PeerChannel, function: str, argument: bytes) -> proposal_response_pb2.Response:
    match function:
        case "GetChainInfo":
            return success(_chain_info(channel).SerializeToString())
        case "GetBlockByNumber":
            return _by_number(channel, argument.decode(errors="replace"))
        case "GetBlockByHash":
            for number in range(channel.ledger.height):
                block = channel.ledger.block(number)
                if block_hash(block.header) == argument:
                    return success(block.SerializeToString())
            return error(
                f"Failed to get block hash {argument.decode(errors='replace')}, error no such block hash"
            )
        case "GetTransactionByID":
            found = channel.processed(argument.decode(errors="replace"))
            if found is None:
                return error(
                    f"Failed to get transaction with id {argument.decode(errors='replace')}, "
                    "error no such transaction ID in index"
                )
            return success(found.SerializeToString())
        case "GetBlockByTxID":
            place = channel.places.get(argument.decode(errors="replace"))
            if place is None:
                words = "no such transaction ID in index"
                return error(
                    f"Failed to get block for txID {argument.decode(errors='replace')}, error {words}"
                )
            return success(channel.ledger.block(place.block).SerializeToString())
    return error(f"Requested function {function} not found.")


def _by_number(channel: PeerChannel, text: str) -> proposal_response_pb2.Response:
    if not text.isdecimal():
        return error(
            f'Failed to parse block number with error strconv.ParseUint: parsing "{text}": invalid syntax'
        )
    number = int(text)
    if number == 2**64 - 1:
        number = channel.ledger.height - 1
    if number >= channel.ledger.height:
        return error(f"Failed to get block number {number}, error no such block number [{number}] in index")
    return success(channel.ledger.block(number).SerializeToString())


def _chain_info(channel: PeerChannel) -> ledger_pb2.BlockchainInfo:
    newest = channel.ledger.block(channel.ledger.height - 1).header
    return ledger_pb2.BlockchainInfo(
        height=channel.ledger.height,
        currentBlockHash=block_hash(newest),
        previousBlockHash=newest.previous_hash,
    )
