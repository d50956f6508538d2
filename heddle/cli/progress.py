"""Show what a long command does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from heddle.cli.printing import cell
from heddle.text import without_controls

__all__ = ["shown_progress"]


@contextmanager
def shown_progress() -> Iterator[Callable[[str], None]]:
    """Show what goes on: in a terminal in place, else line by line, on standard error."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda line: typer.echo(without_controls(line), err=True)
        return
    with console.status("") as status:
        yield lambda line: status.update(cell(line))
