"""Show what a long command does, and what it waits for meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from heddle.cli.printing import cell
from heddle.telling import Listener
from heddle.text import without_controls

__all__ = ["shown_progress"]

_SELDOM = 10.0
"""Seconds between two lines on what is waited for, where lines cannot be replaced."""


@contextmanager
def shown_progress() -> Iterator[Callable[[str], None]]:
    """Show what goes on: in a terminal in place, else line by line, on standard error."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        with Listener(_wait_line, pause=_SELDOM).listening():
            yield _line
        return
    with console.status("") as status:
        doing = ""

        def show(line: str) -> None:
            nonlocal doing
            doing = line
            status.update(cell(line))

        async def wait(words: str) -> None:
            status.update(cell(f"{doing}; {words}" if doing and words else words or doing))

        with Listener(wait).listening():
            yield show


def _line(line: str) -> None:
    typer.echo(without_controls(line), err=True)


async def _wait_line(words: str) -> None:
    if words:
        _line(words)
