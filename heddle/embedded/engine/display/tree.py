"""Draw a live tree of resources on a terminal."""

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from heddle.embedded.engine.display.columns import Columns
from heddle.embedded.engine.display.rows import Row, Rows
from heddle.embedded.engine.display.summary import closing_lines
from heddle.embedded.engine.engine import Outcome
from heddle.embedded.engine.events import Event
from heddle.text import folded, printable

__all__ = ["TreeDisplay"]

_PER_SECOND = 5
"""Redraws; more costs the machine's time, which the run needs."""
_FRAME = 8
"""Terminal lines that the tree leaves free."""
_LINE_COLOURS = {"+": "green", "~": "yellow", "-": "red"}


class TreeDisplay:
    """Draw while the run goes on, and the whole tree once when it has ended."""

    def __init__(
        self, console: Console, *, header: str, preview: bool, stack_name: str, details: bool = False
    ) -> None:
        self._console = console
        self._preview = preview
        self._stack_name = stack_name
        self._details = details
        self._rows = Rows()
        console.print(Text(f"{header}:", style="bold"))
        self._live = Live(
            get_renderable=self.growing,
            console=console,
            refresh_per_second=_PER_SECOND,
            transient=True,
            vertical_overflow="crop",
        )
        self._live.start()

    def __call__(self, event: Event) -> None:
        """Take an event; the next redraw shows it."""
        self._rows.take(event)

    def growing(self) -> RenderableType:
        """Return as much of the tree as fits: what runs now and what came last is what one wants to see."""
        rows = self._rows.tree()
        columns = self._columns(rows)
        lines = [line for row, branch in rows for line in columns.lines(row, branch)]
        room = max(5, self._console.size.height - _FRAME)
        if len(lines) > room:
            running = [line for row, branch in rows if row.running for line in columns.lines(row, branch)]
            lines = [*lines[: room - len(running)], *running] if len(running) < room else running[:room]
        return Group(columns.header(), *lines)

    def finish(self, outcome: Outcome | None) -> None:
        """Leave the tree and what closes the run on the terminal; nothing if it never began."""
        self._live.stop()
        if outcome is None:
            return
        self._console.print(self._whole())
        self._console.print()
        for line in closing_lines(
            self._rows,
            outcome,
            preview=self._preview,
            stack_name=self._stack_name,
            details=self._details,
        ):
            for part in folded(printable(line), self._console.width):
                self._console.print(Text(part, style=_line_style(line)), soft_wrap=True)

    def _whole(self) -> RenderableType:
        """Return the whole tree."""
        rows = self._rows.tree()
        columns = self._columns(rows)
        return Group(columns.header(), *(line for row, branch in rows for line in columns.lines(row, branch)))

    def _columns(self, rows: list[tuple[Row, str]]) -> Columns:
        return Columns.of(rows, width=self._console.width, preview=self._preview)


def _line_style(line: str) -> str:
    """Colour a line of the closing part by its sign."""
    text = line.strip()
    if text.startswith("error:"):
        return "red"
    if text.startswith("warning:"):
        return "yellow"
    if line and not line.startswith(" "):
        return "bold"
    if text.startswith("+-"):
        return "magenta"
    return _LINE_COLOURS.get(text[:1], "") if text[1:2] in (" ", "") else ""
