"""Decide what `make up` does: which stack it brings up and why, and which images the local cluster lacks."""

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass

from heddle.images.sources import Availability
from heddle.paths import secrets_dir
from heddle.versions import ORDERER_IMAGE, PEER_IMAGE, SAMPLE_CHAINCODE_IMAGE, STANDIN_IMAGE

__all__ = ["STACKS", "Choice", "ensure_passphrase", "images_to_build", "lacks_packed_images", "local_stack"]

STACKS = ("dev", "offline")
"""The stacks for a local cluster, which has the stack's name: on Fabric's images, and on stand-ins."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The stack to bring up, and the reason."""

    stack: str
    why: str


def local_stack(deployed: Collection[str], fabric_images: Callable[[], Availability]) -> Choice:
    """Choose the stack for a local cluster: a deployed one stays; stand-ins serve where no image is had."""
    for stack in STACKS:
        if stack in deployed:
            return Choice(stack=stack, why="it is up already (`make down` first to choose anew)")
    found = fabric_images()
    if found.available:
        return Choice(stack="dev", why=found.reason)
    return Choice(stack="offline", why=f"stand-ins, because {found.reason}")


def images_to_build(stack: str, loaded: Collection[str]) -> tuple[str, ...]:
    """Return the verbs of `heddle image` that build what the local cluster lacks and no registry has."""
    built = {SAMPLE_CHAINCODE_IMAGE: "sample-chaincode"}
    if stack == "offline":
        built[STANDIN_IMAGE] = "standin"
    return tuple(verb for image, verb in built.items() if image not in loaded)


def lacks_packed_images(stack: str, loaded: Collection[str]) -> bool:
    """Say whether packed images of Fabric (`heddle image pack`) should be loaded, where there are any."""
    return stack == "dev" and not {PEER_IMAGE, ORDERER_IMAGE} <= set(loaded)


def ensure_passphrase() -> None:
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
