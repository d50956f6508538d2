"""Print the state of a network as its nodes tell it: `heddle status STACK`."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from heddle.backup.due import ask_backup_age
from heddle.cli.options import HERE, Folder, Json, Stack, Timeout
from heddle.cli.printing import cell, listing, marked, print_json, print_listing
from heddle.cli.watching import watch
from heddle.network.overview import Overview, ask_overview
from heddle.network.status import InstanceStatus
from heddle.planner.instance import State
from heddle.text import counted

__all__ = ["status"]

SECONDS = 15.0
"""Seconds for all answers, if left out; nodes are asked side by side."""
_COLOURS = {State.NORMAL: "green", State.ABNORMAL: "red", State.UNKNOWN: "red"}


def status(
    stack: Stack,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show everything that is wrong, in the nodes' own words.")
    ] = False,
    timeout: Timeout = SECONDS,
    json_: Json = False,
    watch_: Annotated[
        bool, typer.Option("--watch", "-w", help="Ask again and again, until Ctrl-C; shown in place.")
    ] = False,
    folder: Folder = HERE,
) -> None:
    """Ask all nodes, and print the state, versions, heights, chaincodes and what is wrong."""
    if watch_ and json_:
        raise typer.BadParameter("--watch prints for people, --json once for programs: give one of them")
    ask = partial(_ask, stack, folder, timeout)
    if watch_:
        watch(ask, partial(_show, verbose=verbose))
        return
    found = ask()
    if json_:
        print_json(found.plain())
    else:
        _show(Console(highlight=False), found, verbose=verbose)
    if not found.healthy:
        raise typer.Exit(1)


def _ask(stack: str, folder: Path, timeout: float) -> Overview:
    """Ask the nodes, and then for the newest backup."""
    return replace(
        ask_overview(stack, folder, deadline=timeout), backups=ask_backup_age(stack, folder, deadline=timeout)
    )


def _show(console: Console, found: Overview, *, verbose: bool) -> None:
    _show_state(console, found)
    if found.state.state == State.UNKNOWN and not verbose:
        # Every node would say the same of the way to it.
        console.print(
            "The way to the nodes leads through the API server. Is the cluster asleep, or gone? Does "
            "`kubectl get nodes` answer? What each node's way said: heddle status --verbose",
            soft_wrap=True,
        )
        return
    if found.surroundings.is_empty and not verbose:
        # Of every node the same would be said.
        _show_backups(console, found)
        return
    _show_workloads(console, found)
    _show_backups(console, found)
    if found.status is not None:
        for margin in found.status.margins:
            console.print(cell(str(margin)), soft_wrap=True)
        for line in found.surroundings.growing:
            console.print(Text.assemble(("volume", "yellow"), " ", cell(line)), soft_wrap=True)
        console.print()
        _show_nodes(console, found.status, verbose=verbose)


def _show_state(console: Console, found: Overview) -> None:
    """Print the state with its reason, and another run that goes on."""
    name, reason = str(found.state.state), cell(found.state.reason)
    console.print(
        Text.assemble(
            cell(found.name, "bold"), ": ", (name, _COLOURS.get(found.state.state, "yellow")), ": ", reason
        ),
        soft_wrap=True,
    )
    if found.busy and found.busy not in found.state.reason:
        console.print(Text.assemble("under way: ", cell(found.busy)), soft_wrap=True)


def _show_workloads(console: Console, found: Overview) -> None:
    """Print how many pods are ready, workloads that are missing, and what ledgers had before a sleep."""
    if found.pods:
        console.print(Text.assemble("pods ready: ", cell(found.pods)), soft_wrap=True)
    for name in found.missing:
        console.print(Text.assemble(("missing", "red"), ": ", cell(name)), soft_wrap=True)
    sleep = found.instance.sleep if found.instance else None
    for channel, height in sleep.heights().items() if sleep else ():
        console.print(
            Text.assemble(
                "channel ", cell(channel), f": {counted(height, 'block')} when the instance went to sleep"
            ),
            soft_wrap=True,
        )


def _show_backups(console: Console, found: Overview) -> None:
    if found.backups:
        colour = "yellow" if found.backups.overdue else ""
        console.print(Text.assemble(("backups", colour), ": ", cell(found.backups.words)), soft_wrap=True)


def _show_nodes(console: Console, found: InstanceStatus, *, verbose: bool) -> None:
    kind = "stand-ins" if found.standin else "Fabric"
    console.print(Text.assemble("namespace ", cell(found.namespace), f", on {kind}"))
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
            cell(node.release or "—"),
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
