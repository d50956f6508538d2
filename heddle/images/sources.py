"""Find where Fabric's images can be had: the local cluster, packed archives, or their registry."""

from collections.abc import Collection
from dataclasses import dataclass

import httpx

from heddle.images.release import ARCHIVES
from heddle.paths import cache_dir
from heddle.versions import PEER_IMAGE

__all__ = ["Availability", "find_fabric_images"]

_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Availability:
    """The answer to whether Fabric's images can be had; `reason` says where, or why not."""

    available: bool
    reason: str


def find_fabric_images(loaded: Collection[str]) -> Availability:
    """Look among the images that the local cluster has, then for packed archives, then ask the registry."""
    if set(ARCHIVES) <= set(loaded):
        return Availability(available=True, reason="Fabric's images are in the local cluster")
    folder = cache_dir() / "images"
    if all((folder / archive).exists() for archive in ARCHIVES.values()):
        return Availability(available=True, reason=f"Fabric's images are packed in {folder}")
    return _ask_registry(PEER_IMAGE)


def _ask_registry(image: str) -> Availability:
    """Say whether the image's registry answers at all: 401 is its usual answer before a pull, too."""
    host = image.partition("/")[0]
    address = "registry-1.docker.io" if host == "docker.io" else host
    try:
        httpx.get(f"https://{address}/v2/", timeout=_SECONDS)
    except httpx.HTTPError as error:
        words = str(error) or type(error).__name__
        reason = f"{host} does not answer ({words}) and no Fabric image is on this machine"
        return Availability(available=False, reason=reason)
    return Availability(available=True, reason=f"{host} answers, so Fabric's images can be pulled")
