"""Keep all channels of one orderer, for the participation API, Broadcast, Deliver and other orderers.

Source: orderer/common/multichannel/registrar.go (Fabric 3.1.5).
"""

import logging

from fabric_protos.common import common_pb2

from heddle.embedded.fabric.channelconfig import ChannelConfig
from heddle.embedded.fabric.ledger import Ledger, newest_config
from heddle.embedded.fabric.malformed import MALFORMED
from heddle.embedded.fabric.orderer.chain import OrdererChain
from heddle.embedded.fabric.orderer.gauges import report
from heddle.embedded.fabric.orderer.intake import Rejected
from heddle.embedded.fabric.orderer.node import OrdererNode
from heddle.embedded.fabric.orderer.participation import ChannelInfo, ParticipationError
from heddle.embedded.fabric.orderer.validator import check_chain, checked_join, checked_update

__all__ = ["Registrar"]

_LOG = logging.getLogger("orderer.registrar")
_BAD_REQUEST = common_pb2.Status.BAD_REQUEST


class Registrar:
    """The channels by name. Implements the participation API's ChannelManagement."""

    def __init__(self, node: OrdererNode) -> None:
        self._node = node
        self._chains: dict[str, OrdererChain] = {}
        self._removing: set[str] = set()

    # --- life

    def open(self) -> None:
        """Take up the channels that are on disk, and joins that were under way."""
        joins = {path.stem: path for path in (self._node.location / "pendingops" / "join").glob("*.join")}
        folders = {path.name for path in (self._node.location / "chains").glob("*") if path.is_dir()}
        for channel in sorted(folders | set(joins)):
            ledger = Ledger(self._node.ledger_path(channel))
            if channel in joins:
                block = common_pb2.Block.FromString(joins[channel].read_bytes())
                self._add(OrdererChain(self._node, _newer(block, ledger), ledger, block.header.number))
            elif ledger.height:
                self._add(OrdererChain(self._node, newest_config(ledger), ledger))
            else:
                ledger.remove()

    def _add(self, chain: OrdererChain) -> None:
        self._chains[chain.channel] = chain
        chain.start()
        _LOG.info("channel %s: %s, %s, height %d", chain.channel, chain.relation, chain.status, chain.height)

    async def close(self) -> None:
        """Stop every channel of the node."""
        for chain in self._chains.values():
            await chain.stop()

    def report(self) -> None:
        """Set the gauges of all channels."""
        for chain in self._chains.values():
            report(chain)

    # --- for the services

    def chain(self, channel: str) -> OrdererChain | None:
        """Return a joined channel, also one that this node only follows."""
        return self._chains.get(channel)

    def served(self, channel: str) -> OrdererChain | None:
        """Return a channel that this node is a running consenter of."""
        chain = self._chains.get(channel)
        return chain if chain and chain.serving else None

    async def broadcast(self, envelope: common_pb2.Envelope) -> None:
        """Take a client's message. Raises Rejected."""
        channel = _channel_of(envelope)
        chain = self.served(channel)
        if chain is None:
            raise Rejected(_BAD_REQUEST, "channel does not exist")
        try:
            await chain.submit(envelope)
        except MALFORMED as error:
            raise Rejected(_BAD_REQUEST, f"could not convert message to signedData: {error}") from error

    # --- for the participation API

    def channel_names(self) -> list[str]:
        """Return the names of the node's channels, sorted."""
        return sorted(self._chains)

    def channel_info(self, channel: str) -> ChannelInfo:
        """Describe one channel. Raises ParticipationError 404."""
        chain = self._chains.get(channel)
        if chain is None:
            raise ParticipationError("channel does not exist", 404)
        return ChannelInfo(name=channel, relation=chain.relation, status=chain.status, height=chain.height)

    async def join(self, block: common_pb2.Block) -> ChannelInfo:
        """Join with a configuration block. Raises ParticipationError 400, 405, 409."""
        channel = checked_join(block)
        if channel in self._removing:
            raise ParticipationError("cannot join: channel pending removal", 409)
        if channel in self._chains:
            raise ParticipationError("cannot join: channel already exists", 405, allow="GET, DELETE")
        number, config = block.header.number, ChannelConfig.of_block(block)
        member = self._node.consenter_in(config) is not None
        if number == 0 and member:
            check_chain(config)
        path = self._node.join_path(channel)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(block.SerializeToString())
        ledger = Ledger(self._node.ledger_path(channel))
        chain = OrdererChain(self._node, block, ledger, number)
        if number == 0 and member:
            ledger.append(block)
            path.unlink()
            chain = OrdererChain(self._node, block, ledger)
        self._add(chain)
        return self.channel_info(channel)

    async def update(self, envelope: common_pb2.Envelope) -> ChannelInfo:
        """Submit a configuration update. Raises ParticipationError 400, 403, 405."""
        channel = checked_update(envelope)
        chain = self._chains.get(channel)
        if chain is None:
            raise ParticipationError("cannot update: channel does not exist", 405)
        if not chain.serving:
            raise ParticipationError("cannot update: channel is not ready, he is a follower", 403)
        try:
            await chain.submit(envelope)
        except Rejected as refusal:
            raise ParticipationError(
                f"cannot update: failed update config of channel {channel}: {refusal}"
            ) from refusal
        return self.channel_info(channel)

    async def remove(self, channel: str) -> None:
        """Leave, and delete the ledger. Raises ParticipationError 404, 409."""
        if channel in self._removing:
            raise ParticipationError("cannot remove: channel pending removal", 409)
        chain = self._chains.get(channel)
        if chain is None:
            raise ParticipationError("cannot remove: channel does not exist", 404)
        self._removing.add(channel)
        try:
            await chain.stop()
            chain.forget()
        finally:
            del self._chains[channel]
            self._removing.discard(channel)

    def fetch_block(self, channel: str, block_id: str) -> common_pb2.Block:
        """Return a block of a channel that this node serves. Raises ParticipationError 404."""
        chain = self.served(channel)
        if chain is None:
            words = (
                "channel is not ready, he is a follower"
                if channel in self._chains
                else "channel does not exist"
            )
            raise ParticipationError(words, 404)
        ledger = chain.ledger
        if block_id == "config":
            return newest_config(ledger)
        # -1 is the newest one, too: upstream reads it as the highest number there is, which stands for that.
        number = {"newest": -1, "oldest": 0}.get(block_id)
        number = int(block_id) if number is None else number
        number = ledger.height - 1 if number == -1 else number
        if not 0 <= number < ledger.height:
            raise ParticipationError(f"no such block number [{number % 2**64}] in index", 404)
        return ledger.block(number)


def _newer(block: common_pb2.Block, ledger: Ledger) -> common_pb2.Block:
    """Return the newer of the block to join with and the ledger's own configuration."""
    if ledger.height > block.header.number:
        return newest_config(ledger)
    return block


def _channel_of(envelope: common_pb2.Envelope) -> str:
    """Return the channel that a message names (protoutil/commonutils.go ChannelHeader). Raises Rejected."""
    unreadable = "proto: cannot parse invalid wire-format data"
    words = f"error unmarshalling Payload: {unreadable}"
    try:
        header = common_pb2.Payload.FromString(envelope.payload).header
        words = f"error unmarshalling channel header: error unmarshalling ChannelHeader: {unreadable}"
        if header.channel_header:
            return str(common_pb2.ChannelHeader.FromString(header.channel_header).channel_id)
        words = "channel header not set" if header.signature_header else "header not set"
    except MALFORMED:
        pass
    raise Rejected(_BAD_REQUEST, f"could not determine channel ID: {words}")
