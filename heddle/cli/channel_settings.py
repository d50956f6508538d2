"""Show what new channels get beside what each channel has: `heddle channel settings STACK`."""

import asyncio
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from heddle.cli.options import HERE, Folder, Json, Stack
from heddle.cli.printing import cell, listing, print_json, print_lies, print_listing
from heddle.configtx.blocks import config_of
from heddle.configtx.read import settings_of
from heddle.network.blocks import read_config_block
from heddle.network.network import Network, open_network

__all__ = ["settings", "settings_table"]

_NONE = "–"


def settings(
    stack: Stack,
    channel: Annotated[
        str, typer.Argument(metavar="CHANNEL", help="One channel alone; all of them if left out.")
    ] = "",
    json_: Json = False,
    folder: Folder = HERE,
) -> None:
    """Show the stack file's settings for new channels beside those in force on each channel."""
    network = open_network(stack, folder)
    names = [network.instance.channel(channel).name] if channel else list(network.instance.channels)
    in_force = asyncio.run(_in_force(network, names))
    new = network.instance.new_channels
    if json_:
        print_json({"newChannels": new, "channels": in_force})
        return
    print_listing(Console(), settings_table(new, in_force))


async def _in_force(network: Network, channels: list[str]) -> dict[str, dict[str, str]]:
    """Return the settings that each channel has on its ledger, proved."""
    found = {}
    async with network.connections() as connections:
        for name in channels:
            history = network.history(name)
            block = await read_config_block(network, connections, history)
            found[name] = settings_of(config_of(block).config, channel=name).written()
            print_lies(history.refused)
    return found


def settings_table(
    new: Mapping[str, str] | None, in_force: Mapping[str, Mapping[str, str]], title: str = ""
) -> Table:
    """Return a row for every setting: what new channels get, then each channel; what differs stands out.

    `new`: None where an earlier release deployed the stack. `title`: of the column, where it is the only one.
    """
    titles = [title] if title else [name.upper() for name in in_force]
    table = listing("SETTING", "NEW CHANNELS", *titles)
    for option in dict.fromkeys([*(new or {}), *(each for found in in_force.values() for each in found)]):
        wanted = (new or {}).get(option)
        row = [cell(wanted or _NONE)]
        for found in in_force.values():
            differs = wanted is not None and found.get(option) != wanted
            row.append(cell(found.get(option, _NONE), "yellow" if differs else ""))
        table.add_row(cell(option), *row)
    return table
