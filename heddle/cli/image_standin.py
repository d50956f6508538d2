"""`heddle image standin` and `heddle image sample-chaincode`: images from the Python that runs this."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["sample_chaincode", "standin"]

_Out = Annotated[Path, typer.Option("--out", help="The archive to write, for `heddle cluster load`.")]


def standin(out: _Out) -> None:
    """Build the stand-in peer and orderer as a docker-archive."""
    from heddle.embedded.fabric.images import build_standin
    from heddle.versions import STANDIN_IMAGE

    _say(out, STANDIN_IMAGE, build_standin(out))


def sample_chaincode(out: _Out) -> None:
    """Build the sample chaincode, for real peers and stand-ins, as a docker-archive."""
    from heddle.embedded.fabric.images import build_sample_chaincode
    from heddle.versions import SAMPLE_CHAINCODE_IMAGE

    _say(out, SAMPLE_CHAINCODE_IMAGE, build_sample_chaincode(out))


def _say(out: Path, name: str, identifier: str) -> None:
    size = out.stat().st_size / 1e6
    typer.echo(f"{name}: {out} ({size:.0f} MB, {identifier})")
