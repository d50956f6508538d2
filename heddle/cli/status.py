"""Print the state of a network as its nodes tell it: `heddle status STACK`."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from heddle.cli.options import HERE, Folder, Json, Stack, Timeout
from heddle.cli.printing import cell, listing, marked, print_json, print_listing
from heddle.network.network import open_network
from heddle.network.status import InstanceStatus, ask_status

__all__ = ["status"]

SECONDS = 15.0
"""Seconds for all answers, if left out; nodes are asked side by side."""


def status(
    stack: Stack,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show everything that is wrong, in the nodes' own words.")
    ] = False,
    timeout: Timeout = SECONDS,
    json_: Json = False,
    folder: Folder = HERE,
) -> None:
    """Ask all nodes, and print versions, heights, chaincodes and what is wrong."""
    found = asyncio.run(ask_status(open_network(stack, folder), deadline=timeout))
    if json_:
        print_json(found.plain())
    else:
        _show(Console(highlight=False), found, verbose=verbose)
    if not found.healthy:
        raise typer.Exit(1)


def _show(console: Console, found: InstanceStatus, *, verbose: bool) -> None:
    kind = "stand-ins" if found.standin else "Fabric"
    console.print(
        Text.assemble(cell(found.name, "bold"), " in namespace ", cell(found.namespace), f", on {kind}")
    )
    print_listing(console, _node_table(found))
    if found.chaincodes:
        console.print()
        print_listing(console, _chaincode_table(found))
    wrong = [(each.name, each.summary, each.problems) for each in found.nodes if each.problems]
    wrong += [(each.name, each.summary, (each.problem,)) for each in found.chaincodes if each.problem]
    if wrong or found.expired or found.ending:
        console.print()
    if found.ending:
        words = f"{found.ending}; `heddle certificates list` shows all"
        console.print(Text.assemble(("certificates", "yellow"), ": ", cell(words)), soft_wrap=True)
    for line in found.expired:
        console.print(Text.assemble(("expired", "red"), ": ", cell(line)), soft_wrap=True)
    for name, summary, problems in wrong:
        console.print(Text.assemble((name, "red"), ": ", cell(summary)), soft_wrap=True)
        for problem in problems if verbose else ():
            console.print(Text.assemble("    ", cell(problem, "dim")), soft_wrap=True)
    if wrong and not verbose:
        console.print(Text("The nodes' own words: heddle status --verbose", "dim"))


def _node_table(found: InstanceStatus) -> Table:
    table = listing("node", "organization", "version", "blocks", "outside")
    for node in found.nodes:
        blocks = ", ".join(f"{channel} {height}" for channel, height in node.heights.items())
        table.add_row(
            marked(node.name, good=not node.problems),
            cell(node.organization),
            cell(node.version or "—"),
            cell(blocks or "—"),
            cell(node.public_endpoint or "—"),
        )
    return table


def _chaincode_table(found: InstanceStatus) -> Table:
    table = listing("chaincode", "channel", "version", "sequence")
    for chaincode in found.chaincodes:
        table.add_row(
            marked(chaincode.name, good=not chaincode.problem),
            cell(chaincode.channel),
            cell(chaincode.version),
            str(chaincode.sequence),
        )
    return table
