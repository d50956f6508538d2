"""Write and sign configuration updates: `heddle channel request STACK CHANNEL`, `heddle channel sign FILE`.

Only what the update does to the channel's own configuration is shown as a fact; what the file says of itself
is the sender's word.
"""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from fabric_protos.common.common_pb2 import Block
from fabric_protos.common.configtx_pb2 import Config

from heddle.cli.consent import ask_consent
from heddle.cli.options import HERE, Folder, Stack, Yes
from heddle.cli.printing import print_line
from heddle.configtx import values
from heddle.configtx.blocks import config_of
from heddle.configtx.request import Request, request_envelope, request_to_bytes, sign_request
from heddle.configtx.requestfiles import read_copy
from heddle.configtx.review import review, still_missing
from heddle.errors import EngineError
from heddle.identity.signer import Signer
from heddle.network.network import Network, open_network
from heddle.network.requests import kept_request
from heddle.network.updates import read_config

__all__ = ["File", "InStack", "member", "request", "show_request", "sign"]

File = Annotated[Path, typer.Argument(metavar="FILE", help="The request.", exists=True, dir_okay=False)]
InStack = Annotated[
    str, typer.Option("--stack", "-s", help="The stack whose administrator acts, and whose channel it is.")
]


def request(
    stack: Stack,
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="The channel.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.", dir_okay=False)],
    envelope: Annotated[
        bool, typer.Option("--envelope", help="Write what `peer channel signconfigtx` takes instead.")
    ] = False,
    folder: Folder = HERE,
) -> None:
    """Write the update for which an `up` lacked signatures, so that others can sign it."""
    found = kept_request(folder, stack, channel)
    content = request_to_bytes(found)
    if envelope:
        signer = member(open_network(stack, folder), channel, "")
        content = request_envelope(found, signer).SerializeToString()
    out.write_bytes(content)
    print_line(f"{out}: channel {found.channel}, configuration {found.sequence}, digest {found.digest[:16]}")
    for line in found.summary:
        print_line(f"  {line}")
    print_line("Have it signed (`heddle channel sign`), then hand it in (`heddle channel submit`).")


def sign(
    file: File,
    stack: InStack = "",
    organization: Annotated[
        str, typer.Option("--org", help="The stack's organization; may be left out if there is one.")
    ] = "",
    msp_id: Annotated[str, typer.Option(help="Without a stack: the MSP id of who signs.")] = "",
    certificate: Annotated[
        Path | None, typer.Option(help="Without a stack: the administrator's certificate, PEM.", exists=True)
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="Without a stack: its private key, PEM.", exists=True)
    ] = None,
    config_block: Annotated[
        Path | None,
        typer.Option(help="Without a stack: what `peer channel fetch config` wrote, to review.", exists=True),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where to write it; else FILE itself.")
    ] = None,
    yes: Yes = False,
    folder: Folder = HERE,
) -> None:
    """Show what a request does to the channel, and sign it as an administrator."""
    found = read_copy(str(file), file.read_bytes())
    if stack:
        network = open_network(stack, folder)
        signer = member(network, found.channel, organization)
        config: Config | None = asyncio.run(read_config(network, found.channel))
    else:
        signer = _given(msp_id, certificate, key)
        config = None
        if config_block:
            block = values.parse(Block(), config_block.read_bytes(), f"{config_block}: a block")
            config = config_of(block).config
    show_request(found, config)
    ask_consent(f"Sign it for {signer.msp_id}?", yes=yes)
    signed = sign_request(found, signer)
    target = out or file
    target.write_bytes(request_to_bytes(signed))
    print_line(f"{target}: signed for {signer.msp_id}")
    if config is None:
        return
    missing = still_missing(signed, config)
    for policy, need in missing.items():
        print_line(f"still missing for {policy}: {need}")
    if not missing:
        print_line("no signature is missing: hand it in with `heddle channel submit`")


def show_request(request: Request, config: Config | None) -> None:
    """Print what the update does to a configuration, or its sender's words where none is at hand."""
    print_line(
        f"channel {request.channel}, configuration {request.sequence}, digest {request.digest[:16]}, "
        f"{len(request.signatures)} signatures"
    )
    if config is None:
        print_line("not reviewed: the channel's configuration is not at hand; its sender says:")
        lines, elements = request.summary, {}
    else:
        found = review(request, config)
        lines, elements = found.lines, dict(found.elements)
    for line in lines:
        print_line(f"  {line}")
    for policy, places in elements.items():
        print_line(f"  {policy}: {', '.join(places)}")


def member(network: Network, channel: str, organization: str) -> Signer:
    """Return the administrator who acts: of that organization, else of the first one that has keys here.

    Raises EngineError when there is none.
    """
    try:
        return network.signer_for(channel, organization)
    except EngineError as error:
        raise EngineError(
            error.message, hint=f"{error.hint} Or sign with --msp-id, --certificate and --key."
        ) from error


def _given(msp_id: str, certificate: Path | None, key: Path | None) -> Signer:
    if not msp_id or certificate is None or key is None:
        raise typer.BadParameter("who signs? Give --stack, or --msp-id with --certificate and --key")
    return Signer(msp_id=msp_id, certificate=certificate.read_bytes(), private_key=key.read_bytes())
