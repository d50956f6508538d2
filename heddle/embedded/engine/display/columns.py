"""Share a terminal's width out among the columns of the tree, and write rows accordingly.

A resource's type, name and plan are what a reader looks for, so Info gives way: it is cut, and where hardly
any of it would be left it stands on a line of its own.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

from rich.cells import cell_len, chop_cells
from rich.text import Text

from heddle.embedded.engine.display.rows import Row
from heddle.embedded.engine.display.words import COLOURS, SIGNS
from heddle.text import printable

__all__ = ["Columns"]

_GAP = "  "
_SIGN = 3
"""Width of the sign: a space and two characters."""
_NARROW = 100
"""Width of a terminal below which a type is always shown by its last part."""
_LEAST_INFO = 24
"""Width with which Info still says something: `[diff: ~settings]` and a word."""
_LEAST_NAME = 12
_FOLDS = 3
"""Lines of what a resource waits for at most: a node may give a long reason."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Hold the width of each column, in characters of the terminal.

    `short` types are shown by their last part; with `beneath`, Info has a line of its own. `info`:
    what is left for it beside the others. `width`: of the terminal.
    """

    short: bool
    beneath: bool
    type: int
    name: int
    status: int
    info: int
    width: int
    preview: bool

    @classmethod
    def of(cls, rows: Sequence[tuple[Row, str]], *, width: int, preview: bool) -> "Columns":
        """Return the columns that suit these rows, given with the branches before them."""
        names = _widest(row.name for row, _ in rows)
        statuses = _widest([_title(preview=preview), *(row.status(preview=preview) for row, _ in rows)])
        fixed = _SIGN + names + statuses + 4 * len(_GAP)
        full = _widest(branch + row.type for row, branch in rows)
        short = width < _NARROW or width - fixed - full < _LEAST_INFO
        types = _widest(branch + _last_part(row.type) for row, branch in rows) if short else full
        beneath = width - fixed - types < _LEAST_INFO
        room = width - (_SIGN + types + statuses + 3 * len(_GAP))
        return cls(
            short=short,
            beneath=beneath,
            type=types,
            name=min(names, max(_LEAST_NAME, room)) if beneath else names,
            status=statuses,
            info=width - fixed - types,
            width=width,
            preview=preview,
        )

    def header(self) -> Text:
        """Return the titles of the columns."""
        info = "" if self.beneath else "Info"
        cells = ("", "Type", "Name", _title(preview=self.preview), info)
        return _line(Text(self._padded(*cells), style="bold"))

    def lines(self, row: Row, branch: str) -> Iterator[Text]:
        """Yield a resource's lines: one, and more for a long name or an Info that stands beneath."""
        colour, info = COLOURS[row.op], printable(row.info())
        status = row.status(preview=self.preview)
        name, *rest = _folded(printable(row.name), self.name)
        shown = _last_part(row.type) if self.short else row.type
        line = Text(self._padded(f" {SIGNS[row.op]}", branch + printable(shown), name, status, ""))
        line.stylize(colour, 0, _SIGN)
        # What a resource waits for is for whoever looks now: it is shown whole, if need be on lines beneath.
        beneath = self.beneath or (bool(row.goes_on) and cell_len(info) > self.info)
        end = len(line.plain.rstrip())
        line.stylize("bold red" if status.startswith("**") else colour, end - len(status), end)
        yield _line(line if beneath else line.append(info))
        below = branch.replace("├─", "│ ").replace("└─", "  ")
        for part in rest:
            yield _line(Text(self._padded("", below, part, "", "")))
        if beneath and info:
            margin = f"{' ' * _SIGN}{_GAP}{below}{_GAP}"
            folded = wrap(info, max(_LEAST_INFO, self.width - cell_len(margin))) if row.goes_on else [info]
            yield from (_line(Text(margin + part)) for part in folded[:_FOLDS])

    def _padded(self, sign: str, type: str, name: str, status: str, info: str) -> str:  # noqa: A002 - Pulumi's word
        cells = ((sign, _SIGN), (type, self.type), (name, self.name), (status, self.status))
        return "".join(cell + " " * (width - cell_len(cell)) + _GAP for cell, width in cells) + info


def _folded(name: str, width: int) -> list[str]:
    """Return a name in parts of the column's width, divided after a sign where there is one."""
    parts = [""]
    for piece in re.findall(r"[^-.@/]*[-.@/]?", name):
        if cell_len(parts[-1] + piece) <= width:
            parts[-1] += piece
        else:
            parts += chop_cells(piece, width)
    return [part for part in parts if part] or [""]


def _line(text: Text) -> Text:
    """Return text that stays on one line: the terminal's edge cuts it."""
    text.no_wrap, text.overflow = True, "ellipsis"
    text.rstrip()
    return text


def _title(*, preview: bool) -> str:
    return "Plan" if preview else "Status"


def _last_part(type_token: str) -> str:
    return type_token.rpartition(":")[2]


def _widest(cells: Iterable[str]) -> int:
    return max((cell_len(printable(cell)) for cell in cells), default=0)
