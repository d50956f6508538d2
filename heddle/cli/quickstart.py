"""`make up` and `make down`: the commands that a user would type, in order, each shown before it runs.

Nothing here does what another verb does not, so that what one sees is what one can do oneself.
"""

import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from heddle.cli.imagesources import find_fabric_images
from heddle.embedded.kubernetes.images import image_names
from heddle.embedded.kubernetes.layout import layout_of
from heddle.embedded.kubernetes.status import status_of
from heddle.errors import HeddleError
from heddle.network.network import open_network
from heddle.paths import cache_dir, secrets_dir
from heddle.state.stack import open_stack
from heddle.versions import ORDERER_IMAGE, PEER_IMAGE, SAMPLE_CHAINCODE_IMAGE, STANDIN_IMAGE

app = typer.Typer(help="A first network in one go, and its undoing.", no_args_is_help=True)

STACKS = ("dev", "offline")
"""What runs on a local cluster of the same name."""
Context = Annotated[str, typer.Option(help="A context of your kubeconfig instead of a local cluster.")]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which stack is brought up, and why that one."""

    stack: str
    why: str


@app.command()
def up(context: Context = "") -> None:
    """Bring up a cluster, a network, a channel and a chaincode, and commit a first transaction."""
    _ensure_passphrase()
    choice = _for_context(context) if context else _local()
    typer.echo(f"Stack {choice.stack}: {choice.why}.")
    if not context:
        _heddle("cluster", "up", "--name", choice.stack)
        _load_images(choice.stack)
    _heddle("up", choice.stack, "--yes", "--skip-preview", *_config(context))
    with_chaincode = _has_chaincode(choice.stack)
    if with_chaincode:
        _first_transaction(choice.stack)
    _heddle("status", choice.stack)
    _show_next(choice.stack, with_chaincode=with_chaincode)


@app.command()
def down(context: Context = "") -> None:
    """Destroy what `up` made; a local cluster goes with its volumes."""
    stacks = ["internal"] if context else [name for name in STACKS if _has_state(name)]
    for stack in stacks:
        if _has_state(stack):
            if not context and not _is_up(stack):
                # As after a reboot: what is in it can be destroyed only while it runs.
                _heddle("cluster", "up", "--name", stack)
            _heddle("destroy", stack, "--yes")
    if not context:
        for name in STACKS:
            _heddle("cluster", "down", "--name", name, "--purge")


def _for_context(context: str) -> Choice:
    return Choice(stack="internal", why=f"the cluster of context {context}")


def _local() -> Choice:
    """`dev` where Fabric's images can be had, else `offline`; a network that is up stays."""
    for stack in STACKS:
        if _has_state(stack):
            return Choice(stack=stack, why="it is up already (`make down` first to choose anew)")
    found = find_fabric_images("dev")
    if found.available:
        return Choice(stack="dev", why=found.reason)
    return Choice(stack="offline", why=f"stand-ins, because {found.reason}")


def _has_state(stack: str) -> bool:
    """Whether the stack's state holds anything."""
    return bool(open_stack(Path.cwd(), stack).resources)


def _is_up(stack: str) -> bool:
    """Whether the stack's local cluster answers."""
    return status_of(layout_of(stack)).state == "ready"


def _load_images(stack: str) -> None:
    """Put into the local cluster what it has not and no registry gives."""
    there = image_names(stack)
    folder = cache_dir() / "images"
    folder.mkdir(parents=True, exist_ok=True)
    made_here = {SAMPLE_CHAINCODE_IMAGE: "sample-chaincode"}
    if stack == "offline":
        made_here[STANDIN_IMAGE] = "standin"
    for image, verb in made_here.items():
        if image not in there:
            archive = folder / f"{verb}.tar"
            _heddle("image", verb, "--out", str(archive))
            _heddle("cluster", "load", str(archive), "--name", stack)
    if stack == "dev" and not {PEER_IMAGE, ORDERER_IMAGE} <= there:
        for archive in sorted(folder.glob("fabric-*.tar")):
            _heddle("cluster", "load", str(archive), "--name", stack)


def _first_transaction(stack: str) -> None:
    """Commit one, so that the channel is seen to work; once is enough."""
    known = _output("chaincode", "query", stack, "--name", "assets", "list")
    if "car-1" not in known:
        _heddle("chaincode", "invoke", stack, "--name", "assets", "put", "car-1", "alice", "20000")


def _has_chaincode(stack: str) -> bool:
    """Whether the stack has the sample chaincode."""
    return "assets" in open_network(stack, Path()).instance.chaincodes


def _show_next(stack: str, *, with_chaincode: bool) -> None:
    """Three commands to try."""
    lines = ["", "Try:"]
    if with_chaincode:
        lines.append(f"  .venv/bin/heddle chaincode invoke {stack} --name assets put car-2 bob 9000")
        lines.append(f"  .venv/bin/heddle chaincode query {stack} --name assets list")
    else:
        lines.append(f"  .venv/bin/heddle channel list {stack}")
    lines.append(f"  .venv/bin/heddle preview {stack}    # after a change in stacks/Pulumi.{stack}.yaml")
    typer.echo("\n".join(lines))


def _config(context: str) -> tuple[str, ...]:
    return ("--config", f"fabric:kubeContext={context}") if context else ()


def _ensure_passphrase() -> None:
    """Make the passphrase of local stacks once: random, readable by its owner alone, outside the checkout."""
    path = secrets_dir() / "passphrase"
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # In one step: an empty file, left by an interruption, would be taken for an empty passphrase.
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(secrets.token_urlsafe(32) + "\n")
    new.replace(path)


def _argv(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "heddle.cli.app", *arguments]


def _heddle(*arguments: str) -> None:
    """Show a command and run it on this terminal; its failure is ours."""
    typer.secho(f"$ heddle {' '.join(arguments)}", bold=True)
    code = subprocess.run(_argv(*arguments), check=False).returncode
    if code:
        raise typer.Exit(code)


def _output(*arguments: str) -> str:
    """Run a command for what it prints."""
    done = subprocess.run(_argv(*arguments), check=False, capture_output=True, text=True)
    if done.returncode:
        raise HeddleError(f"heddle {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
