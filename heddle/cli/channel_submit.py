"""Hand a signed configuration update in to the orderers: `heddle channel submit FILE… --stack STACK`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from heddle.cli.channel_request import InStack, member, show_request
from heddle.cli.consent import ask_consent
from heddle.cli.options import HERE, Folder, Yes
from heddle.cli.printing import print_lies, print_line
from heddle.configtx.requestfiles import merge_copies
from heddle.configtx.review import expect_signed
from heddle.network.network import open_network
from heddle.network.updates import read_config, submit_request
from heddle.planner.operations import Operation
from heddle.state.log import acting

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
    yes: Yes = False,
    folder: Folder = HERE,
) -> None:
    """Hand a signed request in, and wait until it is in force. The next `up` then has nothing left to do."""
    request = merge_copies({str(file): file.read_bytes() for file in files})
    network = open_network(stack, folder)
    network.expect(Operation.SUBMIT)
    signer = member(network, request.channel, organization)
    history = network.history(request.channel)
    config = asyncio.run(read_config(network, history))
    print_lies(history.refused)
    show_request(request, config)
    expect_signed(request, config)
    ask_consent(f"Hand it in as {signer.msp_id}?", yes=yes)
    with acting(folder, stack, "channel submit", request.channel):
        sequence = asyncio.run(submit_request(network, request, signer))
    print_line(f"channel {request.channel}: configuration {sequence} is in force; run `up` again")
