"""Print what a subcommand has found, so that no text of others acts as markup or controls the terminal."""

import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from heddle.doctor.findings import Finding
from heddle.text import folded, printable, without_controls

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
        for each in folded(whole, width) if width else [whole]:
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
    """Print a table whose cells are folded between words; in a file each row is one line.

    Where a terminal is too narrow for that, the last columns stand beneath their rows.
    """
    columns = table.columns
    texts = [[str(each) for each in (column.header, *column.cells)] for column in columns]
    whole = [max(map(cell_len, each)) for each in texts]
    least = [
        full if column.no_wrap else max((cell_len(word) for text in each for word in text.split()), default=0)
        for column, each, full in zip(columns, texts, whole, strict=True)
    ]
    if not console.is_terminal:
        _print_beside(Console(file=console.file, width=sum(whole) + _BETWEEN * len(whole)), table, whole)
        return
    beside = len(columns)
    while beside > 1 and sum(least[:beside]) + _BETWEEN * beside > console.width:
        beside -= 1
    widths = _shared(least[:beside], whole[:beside], console.width - _BETWEEN * beside)
    if beside == len(columns):
        _print_beside(console, table, widths)
        return
    for row, cells in enumerate(zip(*(column.cells for column in columns), strict=True)):
        line = listing(*(str(column.header) for column in columns[:beside]))
        line.show_header = row == 0
        line.add_row(*cells[:beside])
        _print_beside(console, line, widths)
        for column, value in zip(columns[beside:], cells[beside:], strict=True):
            for part in folded(f"    {column.header}  {value}", console.width):
                console.print(Text(part), soft_wrap=True)


def _print_beside(console: Console, table: Table, widths: Sequence[int]) -> None:
    """Print a table with columns of these widths."""
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    console.print(table, highlight=False)


def _shared(least: Sequence[int], whole: Sequence[int], room: int) -> list[int]:
    """Return the widths of columns: of each at least its longest word, and what room is left for more.

    Rich shares a lack of room without regard to words: it would fold within them, or cut a column off.
    """
    widths, spare = list(least), room - sum(least)
    missing = [full - width for full, width in zip(whole, least, strict=True)]
    for place in sorted(range(len(widths)), key=missing.__getitem__):
        more = max(0, min(missing[place], spare))
        widths[place], spare = widths[place] + more, spare - more
    return widths


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
