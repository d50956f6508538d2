"""Print a block as configtxlator does: `heddle channel block STACK CHANNEL`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from fabric_protos.common.common_pb2 import Block

from heddle.cli.options import HERE, Folder, Stack
from heddle.cli.printing import print_lies, print_text
from heddle.configtx.decode import json_text, message_json
from heddle.fabric.deliver import Position
from heddle.network.blocks import read_block, read_config_block
from heddle.network.network import open_network
from heddle.text import counted

__all__ = ["block"]


def block(
    stack: Stack,
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="The channel.")],
    which: Annotated[
        str, typer.Option("--block", "-b", help="config (the latest with one), newest, oldest or a number.")
    ] = "config",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Write its bytes here instead, as `peer channel fetch` does.", dir_okay=False
        ),
    ] = None,
    folder: Folder = HERE,
) -> None:
    """Print a block with everything in it decoded, as JSON."""
    position = _position(which)
    network = open_network(stack, folder)
    history = network.history(channel)

    async def fetch() -> Block:
        async with network.connections() as connections:
            if position is None:
                return await read_config_block(network, connections, history)
            return await read_block(network, connections, channel, position)

    fetched = asyncio.run(fetch())
    print_lies(history.refused)
    if out is None:
        print_text(json_text(message_json(fetched)), newline=False)
        return
    content = fetched.SerializeToString()
    out.write_bytes(content)
    typer.echo(f"{out}: {counted(len(content), 'byte')}")


def _position(which: str) -> Position | None:
    words: dict[str, Position | None] = {"config": None, "newest": "newest", "oldest": 0}
    if which in words:
        return words[which]
    if which.isascii() and which.isdigit():
        return int(which)
    raise typer.BadParameter(f"{which!r} is none of {', '.join(words)} and no number")
