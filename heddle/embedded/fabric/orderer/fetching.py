"""Fetch the blocks that a consenter lacks from another one, one fetch at a time."""

import asyncio
import logging

from heddle.embedded.fabric.orderer.consented import Chain
from heddle.embedded.fabric.tasks import Tasks
from heddle.errors import ConfigtxError

__all__ = ["Fetching"]

_LOG = logging.getLogger("orderer.consensus")


class Fetching:
    """Fetch missing blocks of a channel; what fails is logged, and begins anew with a leader's next word."""

    def __init__(self, chain: Chain, tasks: Tasks) -> None:
        self._chain = chain
        self._tasks = tasks
        self._running: asyncio.Task[object] | None = None

    def begin(self, source: str, height: int) -> asyncio.Task[object] | None:
        """Begin to fetch what is missing below `height`, unless it is being fetched; return what fetches."""
        if self._chain.height < height and (self._running is None or self._running.done()):
            self._running = self._tasks.spawn(self.catch_up(source, height))
        return self._running

    async def catch_up(self, source: str, height: int) -> None:
        """Fetch what is missing below `height`, and wait for it."""
        try:
            await self._chain.catch_up(source, height)
        except (OSError, ConfigtxError) as error:
            _LOG.warning("cannot catch up with %s: %s", source, error)
