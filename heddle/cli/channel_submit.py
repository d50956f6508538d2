"""`heddle channel submit FILE… --stack STACK`: a request that has its signatures goes to the orderers."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from heddle.cli.channel_request import InStack, member, show_request
from heddle.cli.options import HERE, Folder

__all__ = ["submit"]


def submit(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="The request; more copies of it with others' signatures, or what `peer channel "
            "signconfigtx` made of it.",
            exists=True,
            dir_okay=False,
        ),
    ],
    stack: InStack,
    organization: Annotated[str, typer.Option("--org", help="The organization that hands it in.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before sending.")] = False,
    folder: Folder = HERE,
) -> None:
    """Hand a signed request in, and wait until it is in force. The next `up` then has nothing left to do."""
    from heddle.configtx.requestfiles import merge_copies
    from heddle.configtx.review import expect_signed
    from heddle.network.network import open_network
    from heddle.network.updates import read_config, submit_request

    request = merge_copies({str(file): file.read_bytes() for file in files})
    network = open_network(stack, folder)
    signer = member(network, request.channel, organization)
    config = asyncio.run(read_config(network, request.channel))
    show_request(request, config)
    expect_signed(request, config)
    if not yes and not typer.confirm(f"Hand it in as {signer.msp_id}?", default=False):
        raise typer.Exit(1)
    sequence = asyncio.run(submit_request(network, request, signer))
    typer.echo(f"channel {request.channel}: configuration {sequence} is in force; run `up` again")
