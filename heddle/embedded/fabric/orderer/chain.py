"""Run one channel of one orderer: as consenter or follower, with its ledger."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from fabric_protos.common import common_pb2

from heddle.configtx.blocks import is_config_block
from heddle.configtx.filters import expired
from heddle.configtx.settings import Consenter
from heddle.durations import seconds
from heddle.embedded.fabric.access import Denied, SignedData
from heddle.embedded.fabric.channelconfig import READERS, ChannelConfig
from heddle.embedded.fabric.ledger import Ledger
from heddle.embedded.fabric.orderer.ballot import Ballot
from heddle.embedded.fabric.orderer.blocks import consenter_metadata_of, metadata_signature, signed_block
from heddle.embedded.fabric.orderer.cluster import ClusterClient
from heddle.embedded.fabric.orderer.consensus import Consensus
from heddle.embedded.fabric.orderer.copying import answer_fetch, copy_blocks
from heddle.embedded.fabric.orderer.intake import Checked, Rejected, checked
from heddle.embedded.fabric.orderer.messages import Append, Bye, Fetch, Message, Stand, Submit, Vote
from heddle.embedded.fabric.orderer.node import OrdererNode
from heddle.embedded.fabric.orderer.pool import Pool
from heddle.embedded.fabric.orderer.view import current_view
from heddle.embedded.fabric.orderer.wishes import Wishes
from heddle.embedded.fabric.orderer.writer import Writer
from heddle.embedded.fabric.release import expect_capabilities
from heddle.errors import ConfigtxError
from heddle.quorum import quorum

__all__ = ["OrdererChain"]

_LOG = logging.getLogger("orderer.chain")
_UNAVAILABLE = common_pb2.Status.SERVICE_UNAVAILABLE
FOLLOW_INTERVAL = 0.5
"""Seconds between two looks of a follower for new blocks."""


class OrdererChain:
    """A channel that this node has joined.

    Args:
        node: what channels share.
        block: a configuration block: the genesis block, the block to join with, or the newest in the ledger.
        ledger: the blocks there are; empty while joining with a later block.
        join_number: number of the block to join with; active above it.
    """

    def __init__(
        self, node: OrdererNode, block: common_pb2.Block, ledger: Ledger, join_number: int = 0
    ) -> None:
        self.node = node
        self.config = ChannelConfig.of_block(block)
        expect_capabilities("orderer", self.config)
        self.ledger = ledger
        self.channel = self.config.channel
        self.last_config = block.header.number
        self.consensus: Consensus | None = None
        self._join_number = join_number
        self._cluster = ClusterClient(node, self.channel)
        self._writer = Writer(self)
        self._life: asyncio.Task[None] | None = None
        self._pool = Pool(self._pass_on)
        self.wishes = Wishes(self)
        self._reconfigured = asyncio.Event()

    # --- life

    def start(self) -> None:
        """Begin: as consenter if the configuration lists this node and no block is missing, else follow."""
        self._life = asyncio.create_task(self._live())
        self._life.add_done_callback(self._ended)

    async def stop(self) -> None:
        """End, after saying so to the other consenters."""
        await self._pool.close()
        if self._life:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)
        self.ledger.close()

    def forget(self) -> None:
        """Delete what is on disk, after `stop`."""
        self.ledger.remove()
        self.node.join_path(self.channel).unlink(missing_ok=True)
        self.node.ballot_path(self.channel).unlink(missing_ok=True)
        self.node.metrics.forget(channel=self.channel)

    def _ended(self, life: asyncio.Task[None]) -> None:
        if not life.cancelled() and life.exception():
            _LOG.error("[%s] the channel is served no more", self.channel, exc_info=life.exception())

    async def _live(self) -> None:
        while True:
            while not self._complete:
                await self._follow()
            await self._take_part()

    @property
    def _complete(self) -> bool:
        return self.relation == "consenter" and self.status == "active"

    async def _take_part(self) -> None:
        """Be a consenter until the configuration says otherwise, or has this node at another address."""
        ballot = Ballot(self.node.ballot_path(self.channel))
        address = self.me.address
        self.consensus = Consensus(me=address, chain=self, call=self.call, ballot=ballot)
        self.consensus.start()
        writing = asyncio.create_task(self._writer.run())
        try:
            while self._complete and self.me.address == address:
                self._reconfigured.clear()
                await self._reconfigured.wait()
            if not self._complete:
                _LOG.info("[%s] Evicted in reconfiguration, following from now on", self.channel)
        finally:
            consensus, self.consensus = self.consensus, None
            writing.cancel()
            await consensus.stop()

    async def _follow(self) -> None:
        """Copy what other orderers have.

        All are asked: its own address is among them where the channel knows it by another key.
        """
        for source in self.members:
            try:
                answer = await self.call(source, Fetch(number=-1))
                await self.catch_up(source, answer["height"])
            except (OSError, ConfigtxError) as error:
                _LOG.debug("[%s] cannot fetch from %s: %s", self.channel, source, error)
        if self.status == "active":
            self.node.join_path(self.channel).unlink(missing_ok=True)
        if not self._complete:
            await asyncio.sleep(FOLLOW_INTERVAL)

    # --- what it is

    @property
    def sequence(self) -> int:
        """Return the sequence of the configuration in force."""
        return self.config.sequence

    @property
    def height(self) -> int:
        """Return the number of committed blocks."""
        return self.ledger.height

    @property
    def members(self) -> tuple[str, ...]:
        """Return the consenters as `host:port`."""
        return tuple(consenter.address for consenter in self.config.settings.consenters)

    @property
    def me(self) -> Consenter:
        """Return this node as consenter; only of a channel that has it as one."""
        found = self.node.consenter_in(self.config)
        if found is None:
            raise RuntimeError(f"no consenter of {self.channel}")
        return found

    @property
    def quorum(self) -> int:
        """Return how many consenters must accept a block."""
        return quorum(len(self.members), bft=self.config.bft)

    @property
    def view(self) -> int:
        """Return the number of a BFT channel's view: the leader's, or the newest block's without a leader."""
        note = consenter_metadata_of(self.ledger.block(self.height - 1))
        ids = {each.address: each.id for each in self.config.settings.consenters}
        leader = ids.get(self.consensus.leader) if self.consensus else None
        place = 0 if leader is None else sorted(ids.values()).index(leader)
        return current_view(note, leader=place, consenters=1 if leader is None else len(ids))

    @property
    def relation(self) -> str:
        """Return `consenter` or `follower`."""
        return "consenter" if self.node.consenter_in(self.config) else "follower"

    @property
    def status(self) -> str:
        """Return `onboarding` until the ledger has the block to join with, then `active`."""
        return "active" if self.height > self._join_number else "onboarding"

    @property
    def serving(self) -> bool:
        """Tell whether the node takes messages and delivers blocks here; a follower does neither."""
        return self.consensus is not None

    def errored(self) -> bool:
        """Tell whether blocks are only delivered on best effort.

        With Raft, before there is a first leader, and in a cluster of three or more whenever there is none
        (errorC in orderer/consensus/etcdraft/chain.go).
        """
        consensus = self.consensus
        if consensus is None or consensus.leader or self.config.bft:
            return False
        return len(self.members) > 2 or not consensus.leader_changes

    def check_reader(self, data: SignedData) -> None:
        """Raise Denied unless the signer may read this channel's blocks."""
        if self.node.check_expiry and expired(data.identity):
            raise Denied("client identity expired")
        self.config.check(READERS, data)

    # --- taking messages

    async def submit(self, envelope: common_pb2.Envelope, *, forwarded: bool = False) -> None:
        """Check a message and have it ordered. Raises Rejected; returning means accepted, not committed."""
        message = self.checked(envelope)
        if self.config.bft and not forwarded:
            self._pool.take(message, seconds(self.config.settings.bft.request_auto_remove_timeout))
        else:
            await self._pass_on(message, forwarded=forwarded)

    def checked(self, envelope: common_pb2.Envelope) -> Checked:
        """Check a message under the configuration as it is now. Raises Rejected."""
        active = self.consensus.active if self.consensus else ()
        return checked(envelope, self.config, self.node, active=active)

    async def _pass_on(self, message: Checked, *, forwarded: bool = False) -> None:
        """Send a message to the leader, if this is another node. Raises Rejected."""
        consensus = self.consensus
        if consensus is None or not consensus.leader or (forwarded and not consensus.leading):
            raise Rejected(_UNAVAILABLE, "no Raft leader")
        if consensus.leading:
            self._writer.take(message)
        else:
            await self._forward(consensus.leader, message.envelope)

    async def _forward(self, leader: str, envelope: common_pb2.Envelope) -> None:
        try:
            answer = await self.call(leader, Submit(envelope=envelope.SerializeToString()))
        except OSError as error:
            raise Rejected(_UNAVAILABLE, f"failed to forward to leader {leader}: {error}") from error
        if answer["status"] != common_pb2.Status.SUCCESS:
            raise Rejected(answer["status"], answer["info"])

    # --- what consensus asks

    def sign(self, block: common_pb2.Block) -> bytes:
        """Return this node's consent to the next block."""
        identifier = self.me.id if self.config.bft else 0
        return bytes(metadata_signature(block, self.node.signer, identifier=identifier).SerializeToString())

    def commit(self, block: common_pb2.Block, signatures: Mapping[str, bytes]) -> None:
        """Append the next block, signed, and let a configuration take effect."""
        # With Raft the leader alone signs; with BFT exactly a quorum does, itself first.
        count = self.quorum if self.config.bft else 1
        self._append(signed_block(block, list(signatures.values())[:count]))

    async def catch_up(self, source: str, height: int) -> None:
        """Fetch, check and append blocks of another orderer until `height`."""
        async for block in copy_blocks(self, source, height):
            self._append(block)

    def _append(self, block: common_pb2.Block) -> None:
        self.ledger.append(block)
        _LOG.info("[%s] wrote block %d, %d messages", self.channel, block.header.number, len(block.data.data))
        if is_config_block(block) and block.header.number >= self.last_config:
            self.last_config = block.header.number
            self.config = ChannelConfig.of_block(block)
            expect_capabilities("orderer", self.config)
            self._reconfigured.set()

    # --- the other orderers

    async def call(self, member: str, message: Message) -> dict[str, Any]:
        """Send a message to another orderer. Raises ConnectionError when there is no answer."""
        return await self._cluster.call(member, message, self.config.orderer_roots)

    async def receive(self, message: Message) -> dict[str, Any]:
        """Answer a message of another orderer."""
        match message:
            case Fetch(number=number):
                return answer_fetch(self.ledger, number)
            case Submit(envelope=envelope):
                return await self._answer_submit(common_pb2.Envelope.FromString(envelope))
            case Vote() | Append() | Bye() | Stand() if self.consensus:
                return await self.consensus.receive(message)
            case Vote() | Append():
                # Who was removed while it led has the block that removed it: a candidate learns its height.
                return {"granted": False, "accepted": None, "refused": True, "height": self.height}
        return {"error": "not here"}

    async def _answer_submit(self, envelope: common_pb2.Envelope) -> dict[str, Any]:
        try:
            await self.submit(envelope, forwarded=True)
        except Rejected as refusal:
            return {"status": refusal.status, "info": str(refusal)}
        return {"status": common_pb2.Status.SUCCESS, "info": ""}
