"""Keep messages that a BFT orderer has taken, and that no leader has ordered yet.

Upstream answers SUCCESS for them, whether there is a leader or not (SmartBFT internal/bft/requestpool.go).
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from fabric_protos.common import common_pb2

from heddle.embedded.fabric.orderer.intake import Checked, Rejected
from heddle.embedded.fabric.tasks import Tasks

__all__ = ["Pool"]

_LOG = logging.getLogger("orderer.pool")
PAUSE = 0.5
"""Seconds between two attempts to hand a message on."""


class Pool:
    """Hands messages on as soon as there is somebody who takes them.

    Args:
        hand_on: raises Rejected; with SERVICE_UNAVAILABLE it is called again later.
    """

    def __init__(self, hand_on: Callable[[Checked], Awaitable[None]]) -> None:
        self._hand_on = hand_on
        self._tasks = Tasks(_LOG)

    def take(self, message: Checked, patience: float) -> None:
        """Keep a message until it is handed on, or for `patience` seconds."""
        self._tasks.spawn(self._keep(message, patience))

    async def close(self) -> None:
        """Forget the messages that are left."""
        await self._tasks.cancel()

    async def _keep(self, message: Checked, patience: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while not await self._handed_on(message):  # noqa: ASYNC110 - nobody tells when
                    await asyncio.sleep(PAUSE)

    async def _handed_on(self, message: Checked) -> bool:
        try:
            await self._hand_on(message)
        except Rejected as refusal:
            if refusal.status == common_pb2.Status.SERVICE_UNAVAILABLE:
                return False
            _LOG.warning("the leader refuses a message: %s", refusal)
        return True
