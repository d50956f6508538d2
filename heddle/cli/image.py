"""Make container images on this machine: `heddle image pack|standin|sample-chaincode`."""

from pathlib import Path
from typing import Annotated

import typer

from heddle.cli.options import Json
from heddle.cli.printing import print_json
from heddle.embedded.fabric.images import build_sample_chaincode, build_standin
from heddle.images.couchdb import pack_couchdb
from heddle.images.prometheus import pack_prometheus
from heddle.images.release import pack_release
from heddle.paths import cache_dir
from heddle.versions import FABRIC, SAMPLE_CHAINCODE_IMAGE, STANDIN_IMAGE

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)

Out = Annotated[Path, typer.Option("--out", help="The archive to write, for `heddle cluster load`.")]


@app.command()
def pack(
    release: Annotated[
        Path | None,
        typer.Option("--from", help="A Fabric release: bin, config, builders/ccaas/bin.", exists=True),
    ] = None,
    version: Annotated[
        str, typer.Option("--version", help="Its version, which the images' tags name.")
    ] = FABRIC,
    couchdb: Annotated[
        Path | None, typer.Option("--couchdb", help="A CouchDB release: its folder rel/couchdb.", exists=True)
    ] = None,
    monitoring: Annotated[
        bool,
        typer.Option(
            "--monitoring", help="Prometheus and Alertmanager, from PATH or else from Debian's packages."
        ),
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Where to; else Heddle's cache.")] = None,
    json_: Json = False,
) -> None:
    """Pack programs of others under upstream's names, for clusters that cannot pull them."""
    if release is None and couchdb is None and not monitoring:
        words = "give --from FOLDER, --couchdb FOLDER, --monitoring or some of them: nothing to pack"
        raise typer.BadParameter(words)
    # Where `make up` looks there are images of the pinned version alone.
    folder = out or cache_dir() / "images" / ("" if version == FABRIC else version)
    packed = pack_release(release, folder, version) if release else ()
    if couchdb:
        packed = (*packed, pack_couchdb(couchdb, folder))
    if monitoring:
        packed = (*packed, *pack_prometheus(folder))
    if json_:
        print_json([{"image": p.image, "archive": str(p.archive), "id": p.identifier} for p in packed])
        return
    for image in packed:
        typer.echo(f"{image.image}  {image.archive}")
    typer.echo("next: heddle cluster load " + " ".join(str(image.archive) for image in packed))


@app.command()
def standin(out: Out) -> None:
    """Build the stand-in peer and orderer as a docker-archive."""
    _print_archive(out, STANDIN_IMAGE, build_standin(out))


@app.command()
def sample_chaincode(out: Out) -> None:
    """Build the sample chaincode, for real peers and stand-ins, as a docker-archive."""
    _print_archive(out, SAMPLE_CHAINCODE_IMAGE, build_sample_chaincode(out))


def _print_archive(out: Path, name: str, identifier: str) -> None:
    size = out.stat().st_size / 1e6
    typer.echo(f"{name}: {out} ({size:.0f} MB, {identifier})")
