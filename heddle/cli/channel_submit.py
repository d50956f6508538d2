"""`heddle channel submit FILE… --stack STACK`: a request that has its signatures goes to the orderers."""

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heddle.cli.channel_request import InStack, member, read_request, show_request
from heddle.cli.options import HERE, Folder

if TYPE_CHECKING:
    from fabric_protos.common.common_pb2 import Envelope
    from fabric_protos.common.configtx_pb2 import Config

    from heddle.configtx.request import Request
    from heddle.fabric.connection import Connections
    from heddle.identity.signer import Signer
    from heddle.network.network import Network

__all__ = ["configuration", "submit"]

_ONE_ORDERER = 20.0
_READING = 10.0
_EFFECT = 60.0
_PAUSE = 0.2
_STALE = "be at version"
"""Of an update that is in force already, or that another one overtook (common/configtx/update.go)."""


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
    from heddle.configtx.review import still_missing
    from heddle.errors import ConfigtxError
    from heddle.network.network import open_network

    request = _merged(files)
    network = open_network(stack, folder)
    signer = member(network, request.channel, organization)
    config = configuration(network, request.channel)
    show_request(request, config)
    missing = still_missing(request, config)
    if missing:
        lines = "\n  ".join(f"{policy}: MISSING {need}" for policy, need in missing.items())
        raise ConfigtxError(
            f"channel {request.channel}: signatures are missing\n  {lines}", hint="Nothing was sent."
        )
    if not yes and not typer.confirm(f"Hand it in as {signer.msp_id}?", default=False):
        raise typer.Exit(1)
    sequence = asyncio.run(_submit(network, request, signer, int(config.sequence)))
    typer.echo(f"channel {request.channel}: configuration {sequence} is in force; run `up` again")


def configuration(network: "Network", channel: str) -> "Config":
    """The channel's configuration now, from the first orderer that answers."""

    async def read() -> "Config":
        async with network.connections() as connections:
            return await _configuration(connections, network, channel)

    return asyncio.run(read())


def _merged(files: list[Path]) -> "Request":
    """One request from all copies of it."""
    from fabric_protos.common.common_pb2 import Envelope

    from heddle.configtx import values
    from heddle.configtx.request import merge_requests, with_envelope

    copies = [file for file in files if file.read_bytes()[:1] == b"{"]
    if not copies:
        raise typer.BadParameter("none of the files is a request that `heddle channel request` has written")
    request = merge_requests(*(read_request(file) for file in copies))
    for file in files:
        if file not in copies:
            envelope = values.parse(Envelope(), file.read_bytes(), f"{file}: an envelope")
            request = with_envelope(request, envelope)
    return request


async def _configuration(connections: "Connections", network: "Network", channel: str) -> "Config":
    from heddle.configtx.blocks import config_of
    from heddle.network.channelfacts import first_config_block

    block = await first_config_block(connections, network, network.instance.channel(channel))
    return config_of(block).config


async def _submit(network: "Network", request: "Request", signer: "Signer", before: int) -> int:
    """Send it to one orderer after the other, and wait for its effect; the sequence in force then.

    `before` is the channel's own sequence: the file's is the sender's word, and may be an older one.
    """
    from heddle.configtx.request import request_envelope
    from heddle.errors import FabricError
    from heddle.waiting import Deadline

    async with network.connections() as connections:
        await _send(connections, network, request_envelope(request, signer))
        clock = Deadline(_EFFECT)
        while not clock.passed():
            # While the lead changes hands nothing is handed out: look again.
            with contextlib.suppress(FabricError):
                config = await _configuration(connections, network, request.channel)
                if config.sequence > before:
                    return int(config.sequence)
            await asyncio.sleep(_PAUSE)
    raise FabricError(
        f"channel {request.channel}: accepted, but not in force after {_EFFECT:.0f} s",
        hint="Look at the channel (`heddle channel show`) and at the leader's log.",
    )


async def _send(connections: "Connections", network: "Network", envelope: "Envelope") -> None:
    """To the first orderer that takes it. A refusal is an answer, unless it says that it cannot order now."""
    from fabric_protos.common.common_pb2 import SERVICE_UNAVAILABLE

    from heddle.errors import FabricError, Refused, Unreachable
    from heddle.fabric.orderer import broadcast

    last: FabricError = Unreachable(f"instance {network.instance.name} has no orderers")
    lost = False
    for node in network.orderers:
        try:
            await broadcast(connections, node, envelope, deadline=_ONE_ORDERER)
        except Unreachable as error:
            last, lost = error, True
        except Refused as error:
            if lost and _STALE in error.words:
                return  # an orderer that gave no answer had taken it: what is in force will say so
            if error.status != SERVICE_UNAVAILABLE:
                raise
            last = error
        else:
            return
    raise last
