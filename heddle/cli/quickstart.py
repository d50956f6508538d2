"""Run `make up` and `make down`: the commands that a user would type, in order, each shown before it runs.

Every step is another subcommand of `heddle`, so that a user can do each of them alone.
"""

import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from heddle.embedded.kubernetes.images import image_names
from heddle.embedded.kubernetes.layout import layout_of
from heddle.embedded.kubernetes.status import status_of
from heddle.errors import HeddleError
from heddle.images.sources import find_fabric_images
from heddle.network.network import open_network
from heddle.paths import cache_dir
from heddle.quickstart import (
    STACKS,
    Choice,
    ensure_passphrase,
    images_to_build,
    lacks_packed_images,
    local_stack,
)
from heddle.state.stack import open_stack

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)

Context = Annotated[str, typer.Option(help="A context of your kubeconfig instead of a local cluster.")]
_ON_A_CLUSTER_OF_ONES_OWN = "internal"


@app.command()
def up(context: Context = "") -> None:
    """Bring up a cluster, a network, a channel and a chaincode, and commit a first transaction."""
    ensure_passphrase()
    if context:
        choice = Choice(stack=_ON_A_CLUSTER_OF_ONES_OWN, why=f"the cluster of context {context}")
    else:
        deployed = [stack for stack in STACKS if _has_state(stack)]
        choice = local_stack(deployed, lambda: find_fabric_images(_loaded("dev")))
    typer.echo(f"Stack {choice.stack}: {choice.why}.")
    if not context:
        _heddle("cluster", "up", "--name", choice.stack)
        _load_images(choice.stack)
    config = ("--config", f"fabric:kubeContext={context}") if context else ()
    _heddle("up", choice.stack, "--yes", "--skip-preview", *config)
    with_chaincode = "assets" in open_network(choice.stack, Path()).instance.chaincodes
    if with_chaincode:
        _first_transaction(choice.stack)
    _heddle("status", choice.stack)
    _show_next(choice.stack, with_chaincode=with_chaincode)


@app.command()
def down(context: Context = "") -> None:
    """Destroy what `up` made; a local cluster goes with its volumes."""
    for stack in [_ON_A_CLUSTER_OF_ONES_OWN] if context else STACKS:
        if _has_state(stack):
            if not context and not _is_up(stack):
                # As after a reboot: what is in it can be destroyed only while it runs.
                _heddle("cluster", "up", "--name", stack)
            _heddle("destroy", stack, "--yes")
    if not context:
        for name in STACKS:
            _heddle("cluster", "down", "--name", name, "--purge")


def _has_state(stack: str) -> bool:
    return bool(open_stack(Path.cwd(), stack).resources)


def _is_up(stack: str) -> bool:
    return status_of(layout_of(stack)).state == "ready"


def _loaded(cluster: str) -> Collection[str]:
    """Return the images that the local cluster has; none while it is down."""
    return image_names(cluster) if layout_of(cluster).containerd_socket.exists() else ()


def _load_images(stack: str) -> None:
    """Put into the local cluster the images that it lacks and no registry has."""
    loaded = _loaded(stack)
    folder = cache_dir() / "images"
    folder.mkdir(parents=True, exist_ok=True)
    for verb in images_to_build(stack, loaded):
        archive = folder / f"{verb}.tar"
        _heddle("image", verb, "--out", str(archive))
        _heddle("cluster", "load", str(archive), "--name", stack)
    if lacks_packed_images(stack, loaded):
        for archive in sorted(folder.glob("fabric-*.tar")):
            _heddle("cluster", "load", str(archive), "--name", stack)


def _first_transaction(stack: str) -> None:
    """Commit a transaction once, so that a user sees the channel work."""
    argv = _argv("chaincode", "query", stack, "--name", "assets", "list")
    query = subprocess.run(argv, check=False, capture_output=True, text=True)
    if query.returncode:
        raise HeddleError(f"heddle {' '.join(argv[3:])} failed:\n{query.stdout}{query.stderr}")
    if "car-1" not in query.stdout:
        _heddle("chaincode", "invoke", stack, "--name", "assets", "put", "car-1", "alice", "20000")


def _show_next(stack: str, *, with_chaincode: bool) -> None:
    """Print commands to try."""
    commands = [f"channel list {stack}"]
    if with_chaincode:
        call = f"{stack} --name assets"
        commands = [f"chaincode invoke {call} put car-2 bob 9000", f"chaincode query {call} list"]
    commands.append(f"preview {stack}    # after a change in stacks/Pulumi.{stack}.yaml")
    typer.echo("\nTry:")
    for command in commands:
        typer.echo(f"  .venv/bin/heddle {command}")


def _argv(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "heddle.cli.app", *arguments]


def _heddle(*arguments: str) -> None:
    """Show a command and run it on this terminal; leave with its exit code if it fails."""
    typer.secho(f"$ heddle {' '.join(arguments)}", bold=True)
    code = subprocess.run(_argv(*arguments), check=False).returncode
    if code:
        raise typer.Exit(code)
