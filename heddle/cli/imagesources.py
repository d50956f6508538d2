"""Where Fabric's images can come from on this machine: the local cluster, packed archives, a registry."""

from dataclasses import dataclass

import httpx

from heddle.cli.imagepack import ARCHIVES
from heddle.embedded.kubernetes.images import image_names
from heddle.embedded.kubernetes.layout import layout_of
from heddle.paths import cache_dir
from heddle.versions import PEER_IMAGE

_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Found:
    """Whether Fabric's images can be had, and how we know."""

    available: bool
    reason: str


def find_fabric_images(cluster: str) -> Found:
    """Look in the local cluster, then for archives of `heddle image pack`, then ask the registry."""
    if set(ARCHIVES) <= _loaded(cluster):
        return Found(available=True, reason="Fabric's images are in the local cluster")
    folder = cache_dir() / "images"
    if all((folder / archive).exists() for archive in ARCHIVES.values()):
        return Found(available=True, reason=f"Fabric's images are packed in {folder}")
    return _registry(PEER_IMAGE)


def _loaded(cluster: str) -> set[str]:
    """Images that the cluster has; one that is not up has none to offer now."""
    return image_names(cluster) if layout_of(cluster).containerd_socket.exists() else set()


def _registry(image: str) -> Found:
    """Whether the image's registry answers at all; 401 is its usual word to a stranger who may still pull."""
    host = image.partition("/")[0]
    address = "registry-1.docker.io" if host == "docker.io" else host
    try:
        httpx.get(f"https://{address}/v2/", timeout=_SECONDS)
    except httpx.HTTPError as error:
        words = str(error) or type(error).__name__
        reason = f"{host} does not answer ({words}) and no Fabric image is on this machine"
        return Found(available=False, reason=reason)
    return Found(available=True, reason=f"{host} answers, so Fabric's images can be pulled")
