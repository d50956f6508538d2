"""Print what a subcommand has found, so that no text of others acts as markup or controls the terminal."""

import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from textwrap import wrap

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from heddle.doctor.findings import Finding
from heddle.text import printable, without_controls

__all__ = [
    "cell",
    "listing",
    "marked",
    "print_findings",
    "print_json",
    "print_lies",
    "print_line",
    "print_listing",
    "print_pairs",
    "print_paragraphs",
    "print_text",
]

_FOLD = partial(wrap, break_long_words=False, break_on_hyphens=False, replace_whitespace=False)
"""Hashes and paths stay whole, so that they can be searched for and copied."""
_NAME = 15
"""Columns for a name, so that a pair stands below another one's."""
_BETWEEN = 2
"""Blanks between the columns of a table."""


def cell(words: str, style: str = "") -> Text:
    """Return text for a table or line of rich: on one line, without markup and without control signs."""
    return Text(printable(" ".join(words.split())), style=style)


def marked(words: str, *, good: bool) -> Text:
    """Return text after a green tick or a red cross."""
    return Text.assemble(("✓", "green") if good else ("✗", "red"), " ", cell(words))


def print_line(line: str) -> None:
    """Print a line that may hold text of others, whole, without control signs."""
    typer.echo(without_controls(line))


def print_paragraphs(lines: Iterable[str], *, indent: int = 0, warn: bool = False, err: bool = False) -> None:
    """Print lines that may hold text of others, whole; in a terminal folded at its width, between words.

    What a line continues on stands further right than the line itself. `warn` is for what must be seen;
    `err` prints on standard error.
    """
    width = shutil.get_terminal_size().columns if (sys.stderr if err else sys.stdout).isatty() else 0
    for line in lines:
        whole = " " * indent + without_controls(line)
        margin = " " * (len(whole) - len(whole.lstrip()))
        folded = (
            _FOLD(whole.lstrip(), width, initial_indent=margin, subsequent_indent=f"{margin}    ")
            if width
            else [whole]
        )
        for each in folded or [""]:
            typer.echo(typer.style(each, fg="red", bold=True) if warn else each, err=err)


def print_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """Print names with their values; in a terminal a value is folded between words, beneath itself."""
    console, known = Console(highlight=False), list(pairs)
    width = max([_NAME, *(len(name) for name, _ in known)])
    if not console.is_terminal:
        for name, value in known:
            console.print(Text.assemble((f"{name:<{width}} ", "bold"), cell(value)), soft_wrap=True)
        return
    table = Table.grid(padding=(0, 1))
    table.add_column(style="bold", min_width=width)
    table.add_column(overflow="fold")
    for name, value in known:
        table.add_row(name, cell(value))
    console.print(table)


def print_lies(refused: Mapping[str, str]) -> None:
    """Name on standard error the nodes whose configuration was not believed, while others' was used."""
    for name, reason in refused.items():
        words = f"warning: {name}: its configuration is not believed, others' is used: {reason}"
        typer.echo(without_controls(words), err=True)


def listing(*titles: str) -> Table:
    """Return an empty table with these titles; a long cell is folded, never cut."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, _BETWEEN, 0, 0))
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def print_listing(console: Console, table: Table) -> None:
    """Print a table whose cells are folded between words: it is as wide as that takes.

    Beyond a terminal's width the terminal folds the lines itself.
    """
    texts = [[str(each) for each in (column.header, *column.cells)] for column in table.columns]
    widths = [max((cell_len(word) for text in each for word in text.split()), default=0) for each in texts]
    spare = console.width - sum(widths) - _BETWEEN * len(widths)
    # Rich shares a lack of room without regard to words: it would fold within them, or cut a column off.
    missing = [max(map(cell_len, each)) - width for each, width in zip(texts, widths, strict=True)]
    for place in sorted(range(len(widths)), key=missing.__getitem__):
        more = max(0, min(missing[place], spare))
        widths[place], spare = widths[place] + more, spare - more
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    needed = sum(widths) + _BETWEEN * len(widths)
    Console(file=console.file, width=max(console.width, needed), highlight=False).print(table)


def print_json(data: object) -> None:
    """Print data as JSON; every sign beyond ASCII is escaped."""
    typer.echo(json.dumps(data, indent=2))


def print_text(text: str, *, newline: bool = True) -> None:
    """Print a text of others as it is; to a terminal, without control signs."""
    typer.echo(without_controls(text) if sys.stdout.isatty() else text.encode(), nl=newline)


def print_findings(findings: Sequence[Finding]) -> None:
    """Print each finding, marked good or bad, and beneath it what to do."""
    for finding in findings:
        mark = typer.style("✗", fg="red") if finding.step else typer.style("✓", fg="green")
        typer.echo(f"{mark} {without_controls(f'{finding.what}: {finding.found}')}")
        if finding.step:
            print_paragraphs([finding.step], indent=4)
