"""Show something again and again in place, until Ctrl-C: `heddle status --watch`."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from typing import TypeVar

from rich.console import Console
from rich.live import Live
from rich.text import Text

from heddle.errors import HeddleError
from heddle.text import without_controls

__all__ = ["watch"]

PAUSE = 5.0
"""Seconds between an answer and the next question: however slow the answers, one question at a time."""

Found = TypeVar("Found")


def watch(ask: Callable[[], Found], show: Callable[[Console, Found], None], *, pause: float = PAUSE) -> None:
    """Ask, show the answer in place of the last one, and begin anew; return at Ctrl-C.

    An error is shown, too, and asked on: what is watched may just be coming, or coming back. Where output is
    no terminal the answers follow one another.
    """
    console = Console(highlight=False)
    try:
        if console.is_terminal:
            _in_place(console, ask, show, pause)
        else:
            while True:
                console.print(_shown(console, ask, show, pause))
                time.sleep(pause)
    except KeyboardInterrupt:
        return


def _in_place(
    console: Console, ask: Callable[[], Found], show: Callable[[Console, Found], None], pause: float
) -> None:
    # What is taller than the terminal is cut while it is watched: lines above its top cannot be written anew.
    with Live(Text("asking …"), console=console, auto_refresh=False, vertical_overflow="ellipsis") as live:
        while True:
            live.update(_shown(console, ask, show, pause), refresh=True)
            time.sleep(pause)


def _shown(
    console: Console, ask: Callable[[], Found], show: Callable[[Console, Found], None], pause: float
) -> Text:
    """Ask once, and return the answer as it is shown, below the time of the question."""
    asked = datetime.now(UTC)
    out = Console(
        file=StringIO(),
        force_terminal=console.is_terminal,
        color_system=console.color_system,  # type: ignore[arg-type]  # rich gives it as plain text
        width=console.width,
        highlight=False,
    )
    out.print(Text(f"asked at {asked:%H:%M:%S} UTC, again {pause:g} s after the answer; Ctrl-C ends", "dim"))
    try:
        show(out, ask())
    except HeddleError as error:
        out.print(Text(without_controls(f"error: {error}"), "red"))
    return Text.from_ansi(out.file.getvalue())  # type: ignore[attr-defined]  # the StringIO above
