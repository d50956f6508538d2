"""Make blocks of accepted messages, on the consenter that leads."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from fabric_protos.common import common_pb2

from heddle.configtx.blocks import is_config_block
from heddle.configtx.settings import Consenter
from heddle.embedded.fabric.channelconfig import ChannelConfig
from heddle.embedded.fabric.ledger import Ledger
from heddle.embedded.fabric.orderer.blocks import consenter_metadata_of, next_block
from heddle.embedded.fabric.orderer.consensus import Consensus
from heddle.embedded.fabric.orderer.cutter import Cutter
from heddle.embedded.fabric.orderer.intake import Checked, Rejected
from heddle.embedded.fabric.orderer.raftnote import next_note
from heddle.embedded.fabric.orderer.view import next_view

__all__ = ["Writer"]

_LOG = logging.getLogger("orderer.writer")


class Chain(Protocol):
    """Name what writing blocks needs of a channel."""

    channel: str
    config: ChannelConfig
    ledger: Ledger
    last_config: int
    consensus: Consensus | None

    @property
    def me(self) -> Consenter:
        """Return this node as a consenter of the channel."""

    def checked(self, envelope: common_pb2.Envelope) -> Checked:
        """Check a message under the configuration as it is now. Raises Rejected."""


class Writer:
    """A queue of messages, cut into batches; consensus makes a block of each."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._queue: asyncio.Queue[Checked] = asyncio.Queue()
        self._cutter = Cutter()

    def take(self, message: Checked) -> None:
        """Take a message that is to be ordered."""
        self._queue.put_nowait(message)

    async def run(self) -> None:
        """Cut and write until cancelled."""
        loop = asyncio.get_running_loop()
        due: float | None = None
        while True:
            try:
                # A deadline in the past still lets a message through that is waiting already.
                wait = None if due is None else max(0.0, due - loop.time())
                async with asyncio.timeout(wait):
                    message = await self._queue.get()
            except TimeoutError:
                due = None
                await self._write(self._cutter.cut())
                continue
            await self._process(message)
            if not self._cutter.waiting:
                due = None
            elif due is None:
                due = loop.time() + self._chain.config.batch_timeout

    async def _process(self, message: Checked) -> None:
        chain = self._chain
        if message.sequence != chain.config.sequence:
            try:
                message = chain.checked(message.envelope)
            except Rejected as refusal:
                _LOG.warning("[%s] no longer valid under the new config: %s", chain.channel, refusal)
                return
        if message.config is not None:
            await self._write(self._cutter.cut())
            await self._write([message.config])
            return
        for batch in self._cutter.add(message.envelope, chain.config.settings.batch):
            await self._write(batch)

    async def _write(self, batch: Sequence[common_pb2.Envelope]) -> None:
        chain = self._chain
        if not batch or chain.consensus is None:
            return

        if not await chain.consensus.order(lambda: self._block(batch)):
            _LOG.warning("[%s] lost leadership, %d messages are dropped", chain.channel, len(batch))

    def _block(self, batch: Sequence[common_pb2.Envelope]) -> common_pb2.Block:
        chain = self._chain
        newest = chain.ledger.block(chain.ledger.height - 1)
        consenters = chain.config.settings.consenters
        if chain.config.bft:
            ids = sorted(consenter.id for consenter in consenters)
            before = consenter_metadata_of(newest)
            note = next_view(before, leader=ids.index(chain.me.id), consenters=len(ids))
            return next_block(newest, batch, last_config=chain.last_config, consenter_metadata=note)
        note = next_note(newest, consenters, consenters)
        block = next_block(newest, batch, last_config=chain.last_config, consenter_metadata=note)
        if is_config_block(block):
            wanted = ChannelConfig.of_block(block).settings.consenters
            note = next_note(newest, consenters, wanted)
            return next_block(newest, batch, last_config=chain.last_config, consenter_metadata=note)
        return block
