"""Check every block of a channel on every node: `heddle channel verify STACK CHANNEL`."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from heddle.cli.options import HERE, Folder, Json, Stack, only
from heddle.cli.printing import cell, listing, marked, print_json, print_listing, print_paragraphs
from heddle.network.ledgers import CheckedLedger, LedgersReport, verify_ledgers
from heddle.network.network import Network, open_network
from heddle.text import counted

__all__ = ["verify"]


def verify(
    stack: Stack,
    channel: Annotated[
        str, typer.Argument(metavar="CHANNEL", help="The channel; may be left out if there is one.")
    ] = "",
    node: Annotated[
        list[str] | None, typer.Option("--node", help="Only this node's ledger; may be repeated.")
    ] = None,
    json_: Json = False,
    folder: Folder = HERE,
) -> None:
    """Read every block from every node and check it; exit code 1 unless all of them hold and agree."""
    network = open_network(stack, folder)
    chosen = network.instance.channel(channel or only(network.instance.channels)).name
    wanted = _known_nodes(network, node or [])

    async def check(progress: Callable[[int, int], None]) -> LedgersReport:
        async with network.connections() as connections:
            return await verify_ledgers(network, connections, chosen, nodes=wanted, progress=progress)

    with _progress(chosen) as progress:
        report = asyncio.run(check(progress))
    if json_:
        print_json(asdict(report) | {"sound": report.sound})
    else:
        _show(report)
    if not report.sound:
        raise typer.Exit(1)


def _known_nodes(network: Network, names: list[str]) -> list[str]:
    known = [each.name for each in (*network.instance.orderers, *network.instance.peers)]
    for name in names:
        if name not in known:
            raise typer.BadParameter(f"--node {name}: name one of: {', '.join(known)}")
    return names


@contextmanager
def _progress(channel: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far the check is, on a terminal alone."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"blocks of {channel}", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _show(report: LedgersReport) -> None:
    head = (
        f"channel {report.channel}: {counted(report.blocks, 'block')}, "
        f"{counted(report.configurations, 'configuration')}, from genesis {report.genesis_hash}"
    )
    print_paragraphs([head])
    table = listing("NODE", "ROLE", "HEIGHT", "SOUND", "RESULT")
    for ledger in report.ledgers:
        counts = (str(ledger.height), str(ledger.checked))
        table.add_row(
            cell(ledger.node), cell(ledger.role), *counts, marked(_result(ledger), good=ledger.sound)
        )
    console = Console(soft_wrap=True, highlight=False)
    print_listing(console, table)
    for ledger in report.ledgers:
        if ledger.unread:
            console.print(Text.assemble((ledger.node, "red"), ": ", cell(ledger.unread)))
        for damage in ledger.damages:
            console.print(cell(str(damage)))
        if hidden := ledger.damaged - sum(each.last - each.first + 1 for each in ledger.damages):
            verb = "does" if hidden == 1 else "do"
            console.print(cell(f"{ledger.node}: {counted(hidden, 'more block')} {verb} not hold"))


def _result(ledger: CheckedLedger) -> str:
    if ledger.damaged:
        return f"{ledger.damaged} damaged"
    return "not all was read" if ledger.unread else "sound"
