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
from heddle.cli.printing import print_lies, print_line, print_paragraphs
from heddle.configtx import values
from heddle.configtx.blocks import config_of_channel
from heddle.configtx.request import Request, request_envelope, request_to_bytes, sign_request
from heddle.configtx.requestfiles import read_copy
from heddle.configtx.review import review, still_missing
from heddle.errors import ConfigtxError, EngineError, FabricError, KubeError
from heddle.identity.signer import Signer
from heddle.network.network import Network, open_network
from heddle.network.requests import kept_request
from heddle.network.updates import read_config
from heddle.text import counted

__all__ = ["File", "InStack", "member", "request", "show_request", "sign"]

File = Annotated[Path, typer.Argument(metavar="FILE", help="The request.", exists=True, dir_okay=False)]
_UNREVIEWED = (
    "Give --stack of a network that can be reached, or --config-block with what `peer channel fetch config` "
    "wrote. To sign what nobody has reviewed: --unreviewed."
)
InStack = Annotated[
    str, typer.Option("--stack", "-s", help="The stack whose administrator acts, and whose channel it is.")
]

Organization = Annotated[
    str, typer.Option("--org", help="The stack's organization; may be left out if there is one.")
]
MspId = Annotated[str, typer.Option(help="Without a stack: the MSP id of who signs.")]
Certificate = Annotated[
    Path | None, typer.Option(help="Without a stack: the administrator's certificate, PEM.", exists=True)
]
Key = Annotated[Path | None, typer.Option(help="Without a stack: its private key, PEM.", exists=True)]
ConfigBlock = Annotated[
    Path | None,
    typer.Option(help="Without a stack: what `peer channel fetch config` wrote, to review.", exists=True),
]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Where to write it; else FILE itself.")]
Unreviewed = Annotated[
    bool, typer.Option("--unreviewed", help="Sign also when the channel's configuration is not at hand.")
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
    network = open_network(stack, folder)
    content = request_to_bytes(found)
    if envelope:
        content = request_envelope(found, member(network, channel, "")).SerializeToString()
    out.write_bytes(content)
    print_line(f"{out}:")
    history = network.history(channel)
    try:
        config = asyncio.run(read_config(network, history))
    except (FabricError, KubeError) as error:
        show_unreviewed(found, f"{error.message}; what `up` has written of it:")
    else:
        print_lies(history.refused)
        show_request(found, config)
    print_line("Have it signed (`heddle channel sign`), then hand it in (`heddle channel submit`).")


def sign(
    file: File,
    stack: InStack = "",
    organization: Organization = "",
    msp_id: MspId = "",
    certificate: Certificate = None,
    key: Key = None,
    config_block: ConfigBlock = None,
    out: Out = None,
    unreviewed: Unreviewed = False,
    yes: Yes = False,
    folder: Folder = HERE,
) -> None:
    """Show what a request does to the channel, and sign it as an administrator."""
    found = read_copy(str(file), file.read_bytes())
    network = open_network(stack, folder) if stack else None
    signer = member(network, found.channel, organization) if network else _given(msp_id, certificate, key)
    config = _configuration(found.channel, network, config_block, unreviewed=unreviewed)
    if config is None:
        show_unreviewed(found, "the channel's configuration is not at hand; its sender says:")
    else:
        show_request(found, config)
    ask_consent(f"Sign it for {signer.msp_id}?", yes=yes)
    signed = sign_request(found, signer)
    target = out or file
    target.write_bytes(request_to_bytes(signed))
    print_line(f"{target}: signed for {signer.msp_id}")
    if config is not None:
        _show_missing(signed, config)


def _show_missing(signed: Request, config: Config) -> None:
    """Print whose signatures the update still needs."""
    missing = still_missing(signed, config)
    for policy, need in missing.items():
        print_line(f"still missing for {policy}: {need}")
    if not missing:
        print_line("no signature is missing: hand it in with `heddle channel submit`")


def _configuration(
    channel: str, network: Network | None, config_block: Path | None, *, unreviewed: bool
) -> Config | None:
    """Return the channel's configuration, from the stack's orderers or else from the block that was given.

    None if there is none and it may be signed so. Raises HeddleError if it may not.
    """
    why = ""
    if network is not None:
        history = network.history(channel)
        try:
            config = asyncio.run(read_config(network, history))
        except (FabricError, KubeError) as error:
            why = f": {error.message}"
        else:
            print_lies(history.refused)
            return config
    if config_block is not None:
        block = values.parse(Block(), config_block.read_bytes(), f"{config_block}: a block")
        return config_of_channel(block, channel)
    if unreviewed:
        return None
    raise ConfigtxError(
        f"channel {channel}: there is no configuration to review the request with{why}", hint=_UNREVIEWED
    )


def show_request(request: Request, config: Config) -> None:
    """Print what the update does to a configuration: what gets weaker, then everything that changes."""
    found = review(request, config)
    _show_head(request)
    if request.sequence != config.sequence:
        print_line(f"reviewed with configuration {config.sequence}: it fits that one, too")
    print_paragraphs(found.weaker, indent=2, warn=True)
    print_paragraphs(found.text()[len(found.weaker) :], indent=2)


def show_unreviewed(request: Request, why: str) -> None:
    """Print what a request says of itself, and that nobody has checked it."""
    _show_head(request)
    print_paragraphs([f"NOT REVIEWED: {why}"], warn=True)
    print_paragraphs(request.summary, indent=2)


def _show_head(request: Request) -> None:
    print_line(
        f"channel {request.channel}, configuration {request.sequence}, "
        f"{counted(len(request.signatures), 'signature')}"
    )
    print_line(f"digest {request.digest}")


def member(network: Network, channel: str, organization: str) -> Signer:
    """Return the administrator who acts: of that organization, else of the first one that has keys here.

    Raises EngineError when there is none.
    """
    try:
        return network.administrator(channel, organization)
    except EngineError as error:
        raise EngineError(
            error.message, hint=f"{error.hint} Or sign with --msp-id, --certificate and --key."
        ) from error


def _given(msp_id: str, certificate: Path | None, key: Path | None) -> Signer:
    if not msp_id or certificate is None or key is None:
        raise typer.BadParameter("who signs? Give --stack, or --msp-id with --certificate and --key")
    return Signer(msp_id=msp_id, certificate=certificate.read_bytes(), private_key=key.read_bytes())
