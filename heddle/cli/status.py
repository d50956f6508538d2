"""`heddle status STACK`: what the nodes of a network say of themselves."""

from typing import TYPE_CHECKING

import typer

from heddle.cli.options import HERE, Folder, Json, StackFile

if TYPE_CHECKING:
    from rich.table import Table

    from heddle.network.statusfacts import ChaincodeStatus, InstanceStatus, NodeStatus

__all__ = ["status"]

SECONDS = 15.0
"""Time for all answers; nodes are asked side by side."""


def status(
    stack: StackFile,
    json_: Json = False,
    folder: Folder = HERE,
) -> None:
    """Show nodes, heights and chaincodes; exit code 1 unless all of it is well."""
    import asyncio
    import json

    from heddle.network.network import open_network
    from heddle.network.statusfacts import gather

    found = asyncio.run(gather(open_network(stack, folder), deadline=SECONDS))
    if json_:
        typer.echo(json.dumps(found.plain(), indent=2))
    else:
        _show(found)
    if not found.healthy:
        raise typer.Exit(1)


def _show(found: "InstanceStatus") -> None:
    from rich.console import Console

    console = Console()
    kind = "stand-ins" if found.standin else "Fabric"
    console.print(f"[bold]{found.name}[/] in namespace {found.namespace}, on {kind}")
    console.print(_node_table(found.nodes))
    if found.chaincodes:
        console.print(_chaincode_table(found.chaincodes))
    for node in found.nodes:
        for problem in node.problems:
            console.print(f"[red]{node.name}[/]: {problem}", highlight=False)
    for one in found.chaincodes:
        if one.problem:
            console.print(f"[red]{one.name}[/]: {one.problem}", highlight=False)


def _node_table(nodes: "tuple[NodeStatus, ...]") -> "Table":
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("node", "organization", "version", "blocks", "outside"):
        table.add_column(title, overflow="fold")
    for node in nodes:
        mark = "[red]✗[/]" if node.problems else "[green]✓[/]"
        blocks = ", ".join(f"{channel} {height}" for channel, height in node.heights.items())
        table.add_row(
            f"{mark} {node.name}",
            node.organization,
            node.version or "—",
            blocks or "—",
            node.public_endpoint or "—",
        )
    return table


def _chaincode_table(chaincodes: "tuple[ChaincodeStatus, ...]") -> "Table":
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("chaincode", "channel", "version", "sequence"):
        table.add_column(title)
    for one in chaincodes:
        mark = "[red]✗[/]" if one.problem else "[green]✓[/]"
        table.add_row(f"{mark} {one.name}", one.channel, one.version, str(one.sequence))
    return table
