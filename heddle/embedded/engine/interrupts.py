"""Answer Ctrl-C: the first asks providers to stop and saves the state, the second ends the process."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from heddle.embedded.engine.actions import explain
from heddle.embedded.engine.context import Context
from heddle.plugin.interface import Severity

__all__ = ["cancelling"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_KILLED = 130
"""Exit status of a process that Ctrl-C ended, by the shell's rule."""


@contextmanager
def cancelling(context: Context) -> Iterator[None]:
    """Let the signals cancel the run while inside."""
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()

    async def cancel() -> None:
        try:
            await context.providers.cancel()
        except Exception as error:
            context.say(Severity.WARNING, f"a provider could not be cancelled: {explain(error)}")

    def interrupted() -> None:
        if context.cancelled:
            # What was under way is in the last checkpoint as pending: the next run heals it.
            sys.stderr.write("\nterminated: operations under way were left as they are\n")
            os._exit(_KILLED)
        context.cancelled = True
        context.say(
            Severity.WARNING,
            "cancelling: waiting for what is under way; press Ctrl-C again to end at once",
        )
        tasks.add(loop.create_task(cancel()))

    handled = []
    for number in _SIGNALS:
        # Outside the main thread (in tests) signals cannot be handled, and need not be.
        with contextlib.suppress(RuntimeError, ValueError, NotImplementedError):
            loop.add_signal_handler(number, interrupted)
            handled.append(number)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)
