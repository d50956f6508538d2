"""`heddle image …`: container images made on this machine."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Container images made on this machine.")


@app.callback()
def _group() -> None:
    """Container images made on this machine."""


@app.command()
def pack(
    release: Annotated[
        Path, typer.Option("--from", help="A Fabric release: bin, config, builders/ccaas/bin.", exists=True)
    ],
    out: Annotated[Path | None, typer.Option("--out", help="Where to; else Heddle's cache.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Pack Fabric's programs into images under upstream's names, for clusters that cannot pull them."""
    from heddle.cli.imagepack import pack_release
    from heddle.paths import cache_dir

    packed = pack_release(release, out or cache_dir() / "images")
    if as_json:
        rows = [{"image": p.image, "archive": str(p.archive), "id": p.identifier} for p in packed]
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return
    for image in packed:
        typer.echo(f"{image.image}  {image.archive}")
    typer.echo("next: heddle cluster load " + " ".join(str(image.archive) for image in packed))
