"""One channel of one orderer: consenter or follower, its ledger, its part in consensus."""

import asyncio
import base64
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fabric_protos.common import common_pb2

from heddle.configtx.blocks import block_hash, is_config_block, verify_block
from heddle.configtx.filters import expired
from heddle.errors import ConfigtxError
from heddle.standin.access import Denied, SignedData
from heddle.standin.channelconfig import READERS, ChannelConfig
from heddle.standin.ledger import Ledger
from heddle.standin.orderer.ballot import BallotFile
from heddle.standin.orderer.blocks import next_block, signed_block
from heddle.standin.orderer.cluster import Cluster
from heddle.standin.orderer.consensus import Consensus
from heddle.standin.orderer.cutter import Cutter
from heddle.standin.orderer.intake import Rejected, check_message, proposed_config
from heddle.standin.orderer.messages import Append, Fetch, Message, Submit, TimeoutNow, Vote
from heddle.standin.orderer.node import OrdererNode

__all__ = ["OrdererChain"]

_LOG = logging.getLogger("orderer.chain")
_UNAVAILABLE = common_pb2.Status.SERVICE_UNAVAILABLE
FOLLOW_INTERVAL = 0.5
"""Seconds between two looks of a follower for new blocks."""


@dataclass(frozen=True, kw_only=True)
class _Accepted:
    """A message that passed the checks under configuration `sequence`, `config` for an update."""

    envelope: common_pb2.Envelope
    config: common_pb2.Envelope | None
    sequence: int


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
        self.ledger = ledger
        self.channel = self.config.channel
        self._join_number = join_number
        self._last_config = block.header.number
        self._cluster = Cluster(node, self.channel)
        self._consensus: Consensus | None = None
        self._queue: asyncio.Queue[_Accepted] = asyncio.Queue()
        self._cutter = Cutter()
        self._tasks: list[asyncio.Task[None]] = []
        self._change: asyncio.Task[None] | None = None

    # --- life

    def start(self) -> None:
        """Begin: as consenter if the configuration lists this node and no block is missing, else follow."""
        if self.relation == "consenter" and self.status == "active":
            self._start_consensus()
        else:
            self._tasks = [asyncio.create_task(self._follow())]

    async def stop(self) -> None:
        """End, after handing leadership over."""
        await self._pause()
        self.ledger.close()

    async def _pause(self) -> None:
        consensus, self._consensus = self._consensus, None
        if consensus:
            await consensus.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def forget(self) -> None:
        """Delete what is on disk, after `stop`."""
        self.ledger.remove()
        self._ballot_file().remove()
        self.node.join_path(self.channel).unlink(missing_ok=True)
        self.node.metrics.forget(channel=self.channel)

    def _ballot_file(self) -> BallotFile:
        return BallotFile(self.node.wal / self.channel)

    def _start_consensus(self) -> None:
        self._consensus = Consensus(
            me=self._my_address(),
            members=self._members(),
            file=self._ballot_file(),
            chain=self,
            call=self._call,
        )
        self._consensus.start()
        self._tasks = [asyncio.create_task(self._order())]

    # --- what it is

    @property
    def sequence(self) -> int:
        """Of the configuration."""
        return self.config.sequence

    @property
    def height(self) -> int:
        """Committed blocks."""
        return self.ledger.height

    @property
    def relation(self) -> str:
        """`consenter` or `follower`."""
        return "consenter" if self._my_address() else "follower"

    @property
    def status(self) -> str:
        """`onboarding` until the ledger has the block to join with, then `active`."""
        return "active" if self.height > self._join_number else "onboarding"

    @property
    def serving(self) -> bool:
        """Whether it takes and delivers; a follower does neither."""
        return self._consensus is not None

    def errored(self) -> bool:
        """Without a leader, in a cluster of three or more, blocks are only delivered on best effort."""
        consensus = self._consensus
        return consensus is not None and not consensus.leader and len(consensus.members) > 2

    def check_reader(self, data: SignedData) -> None:
        """Raises Denied unless the signer may read this channel's blocks."""
        if self.node.check_expiry and expired(data.identity):
            raise Denied("client identity expired")
        self.config.check(READERS, data)

    def _my_address(self) -> str:
        mine = (member.address for member in self.config.settings.consenters if self.node.is_me(member))
        return next(mine, "")

    def _members(self) -> tuple[str, ...]:
        return tuple(consenter.address for consenter in self.config.settings.consenters)

    def report(self) -> None:
        """Set this channel's gauges."""
        metrics, labels = self.node.metrics, {"channel": self.channel}
        consensus = self._consensus
        relations = {"other": 0, "consenter": 1, "follower": 2}
        metrics.gauge("participation_consensus_relation", relations[self.relation], **labels)
        metrics.gauge("participation_status", {"active": 1, "onboarding": 2}[self.status], **labels)
        if consensus:
            prefix = "consensus_etcdraft"
            metrics.gauge(f"{prefix}_cluster_size", len(consensus.members), **labels)
            metrics.gauge(f"{prefix}_is_leader", consensus.leading, **labels)
            metrics.gauge(f"{prefix}_active_nodes", len(consensus.active), **labels)
            metrics.gauge(f"{prefix}_leader_changes", consensus.leader_changes, **labels)
            metrics.gauge(f"{prefix}_committed_block_number", max(self.height - 1, 0), **labels)

    # --- taking messages

    async def submit(self, envelope: common_pb2.Envelope, *, forwarded: bool = False) -> None:
        """Check a message and have it ordered. Raises Rejected; returning means accepted, not committed."""
        consensus, accepted = self._consensus, self._accepted(envelope)
        if consensus is None or not consensus.leader or (forwarded and not consensus.leading):
            raise Rejected(_UNAVAILABLE, "no Raft leader")
        if consensus.leading:
            await self._queue.put(accepted)
            return
        await self._forward(consensus.leader, envelope)

    def _accepted(self, envelope: common_pb2.Envelope) -> _Accepted:
        """Check a message under the configuration as it is now. Raises Rejected."""
        config = None
        if check_message(envelope, self.config, check_expiry=self.node.check_expiry):
            active = self._consensus.active if self._consensus else ()
            config = proposed_config(envelope, self.config, active, self.node.signer)
        return _Accepted(envelope=envelope, config=config, sequence=self.sequence)

    async def _forward(self, leader: str, envelope: common_pb2.Envelope) -> None:
        try:
            answer = await self._call(leader, Submit(envelope=envelope.SerializeToString()))
        except OSError as error:
            raise Rejected(_UNAVAILABLE, f"failed to forward to leader {leader}: {error}") from error
        if answer["status"] != common_pb2.Status.SUCCESS:
            raise Rejected(answer["status"], answer["info"])

    async def _order(self) -> None:
        """Turn accepted messages into blocks, while this node leads."""
        loop = asyncio.get_running_loop()
        due: float | None = None
        while True:
            try:
                # A deadline in the past still lets a message through that is waiting already.
                wait = None if due is None else max(0.0, due - loop.time())
                async with asyncio.timeout(wait):
                    accepted = await self._queue.get()
            except TimeoutError:
                due = None
                await self._write(self._cutter.cut())
                continue
            await self._take(accepted)
            if not self._cutter.waiting:
                due = None
            elif due is None:
                due = loop.time() + self.config.batch_timeout

    async def _take(self, accepted: _Accepted) -> None:
        if accepted.sequence != self.sequence:
            try:
                accepted = self._accepted(accepted.envelope)
            except Rejected as refusal:
                _LOG.warning(
                    "[%s] a message is no longer valid under the new config: %s", self.channel, refusal
                )
                return
        if accepted.config is not None:
            await self._write(self._cutter.cut())
            await self._write([accepted.config])
        else:
            for batch in self._cutter.add(accepted.envelope, self.config.settings.batch):
                await self._write(batch)

    async def _write(self, batch: Sequence[common_pb2.Envelope]) -> None:
        consensus = self._consensus
        if not batch or consensus is None:
            return

        def build() -> common_pb2.Block:
            return next_block(self.ledger.block(self.height - 1).header, batch)

        if not await consensus.order(build):
            _LOG.warning("[%s] lost leadership, %d messages are dropped", self.channel, len(batch))

    # --- what consensus asks

    def commit(self, block: common_pb2.Block) -> None:
        """Sign and append the next block, and let a configuration take effect."""
        config = is_config_block(block)
        last_config = block.header.number if config else self._last_config
        self._append(signed_block(block, last_config, self.node.signer), config=config)

    async def catch_up(self, source: str, height: int) -> None:
        """Fetch and check blocks from another orderer until `height`."""
        while self.height < height:
            answer = await self._call(source, Fetch(number=self.height))
            block = common_pb2.Block.FromString(base64.b64decode(answer["block"]))
            if block.header.number == self.height:
                self._check(block)
                self._append(block, config=is_config_block(block))

    def _check(self, block: common_pb2.Block) -> None:
        """A fetched block must follow; below the block to join with, links alone prove it in the end."""
        if block.header.number == 0:
            return
        previous = block_hash(self.ledger.block(self.height - 1).header)
        if self.status == "active":
            verify_block(block, self.config.config, previous_hash=previous)
        elif block.header.previous_hash != previous:
            raise ConfigtxError(f"block {block.header.number} does not follow the block before it")

    def _append(self, block: common_pb2.Block, *, config: bool) -> None:
        self.ledger.append(block)
        _LOG.info("[%s] wrote block %d, %d messages", self.channel, block.header.number, len(block.data.data))
        if config and block.header.number >= self._last_config:
            self._last_config = block.header.number
            self.config = ChannelConfig.of_block(block)
            self._adopt_members()

    def _adopt_members(self) -> None:
        if self._consensus:
            self._consensus.change_members(self._members())
        if self.relation == "follower" and self._consensus and self._change is None:
            _LOG.info("[%s] Evicted in reconfiguration, following from now on", self.channel)
            self._change = asyncio.create_task(self._become_follower())

    async def _become_follower(self) -> None:
        # The others must learn of the block that removes this node before it falls silent.
        await asyncio.sleep(2 * FOLLOW_INTERVAL)
        await self._pause()
        self._change = None
        self.start()

    # --- following

    async def _follow(self) -> None:
        """Copy the channel's blocks until the configuration makes this node a consenter."""
        while not (self.relation == "consenter" and self.status == "active"):
            for source in self._members():
                try:
                    answer = await self._call(source, Fetch(number=-1))
                    await self.catch_up(source, answer["height"])
                    break
                except (OSError, ConfigtxError) as error:
                    _LOG.debug("[%s] cannot fetch from %s: %s", self.channel, source, error)
            if self.status == "active":
                self.node.join_path(self.channel).unlink(missing_ok=True)
            if self.relation != "consenter" or self.status != "active":
                await asyncio.sleep(FOLLOW_INTERVAL)
        self._start_consensus()

    # --- the other orderers

    async def _call(self, member: str, message: Message) -> dict[str, Any]:
        return await self._cluster.call(member, message, self.config.orderer_roots)

    async def receive(self, message: Message) -> dict[str, Any]:
        """Answer another orderer."""
        match message:
            case Fetch(number=-1):
                return {"height": self.height}
            case Fetch(number=number) if 0 <= number < self.height:
                block = self.ledger.block(number).SerializeToString()
                return {"height": self.height, "block": base64.b64encode(block).decode()}
            case Submit(envelope=envelope):
                return await self._answer_submit(common_pb2.Envelope.FromString(envelope))
            case Vote() | Append() | TimeoutNow() if self._consensus:
                return await self._consensus.receive(message)
        return {"error": "not here"}

    async def _answer_submit(self, envelope: common_pb2.Envelope) -> dict[str, Any]:
        try:
            await self.submit(envelope, forwarded=True)
        except Rejected as refusal:
            return {"status": refusal.status, "info": str(refusal)}
        return {"status": common_pb2.Status.SUCCESS, "info": ""}
