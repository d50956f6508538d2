"""Say which images are named by a tag alone, which their registry can move, and whether that has happened."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from heddle.doctor.findings import Finding
from heddle.errors import HeddleError
from heddle.kube.client import KubeClient
from heddle.topology import Topology

__all__ = ["image_findings"]

_BUILT_HERE = "localhost/"
"""The registry of images that no registry has: they are loaded, never pulled."""


def image_findings(topology: Topology, kubeconfig: str) -> Iterator[Finding]:
    """Look at every image that comes from a registry, and at what the instance's pods run under its name."""
    by_tag = {name: image for name, image in _images(topology).items() if "@sha256:" not in image}
    if not by_tag:
        yield Finding(what="images", found="each is named by its digest, or built here")
        return
    try:
        running = asyncio.run(_running(topology.namespace, kubeconfig))
    except HeddleError:
        running = {}  # who may not list pods learns what the stack file says
    for setting, image in by_tag.items():
        yield _finding(setting, image, running.get(image, set()))


def _images(topology: Topology) -> dict[str, str]:
    """Return the images from registries, by their place in the stack file."""
    images = topology.images
    named = {"images.peer": images.peer, "images.orderer": images.orderer}
    if topology.databases:
        named["images.couchdb"] = images.couchdb
    named |= {f"image of chaincode {each.name}": each.image for each in topology.chaincodes}
    return {name: image for name, image in named.items() if not image.startswith(_BUILT_HERE)}


def _finding(setting: str, image: str, running: set[str]) -> Finding:
    found = f"{setting} is {image}, by a tag, which its registry can move"
    if len(running) > 1:
        step = "Name the right one by its digest, as NAME:TAG@sha256:…, and run `heddle up`."
        return Finding(what="images", found=f"{found}: pods run {', '.join(sorted(running))}", step=step)
    digests = [each.partition("@")[2] for each in running if "@" in each]
    holds = f"{image}@{digests[0]}, which its pods run, stays" if digests else "a digest behind it stays"
    return Finding(what="images", found=f"{found}; {holds}")


async def _running(namespace: str, kubeconfig: str) -> dict[str, set[str]]:
    """Return what the containers of a namespace run, by the image that their pods name."""
    async with await KubeClient.open(kubeconfig) as client:
        pods = await client.items(f"/api/v1/namespaces/{namespace}/pods")
    running: dict[str, set[str]] = {}
    for pod in pods:
        named = {each["name"]: str(each["image"]) for each in pod["spec"]["containers"]}
        for name, image_id in _image_ids(pod):
            running.setdefault(named.get(name, ""), set()).add(image_id)
    return running


def _image_ids(pod: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return each container's image as the runtime tells it: `NAME@sha256:…`; of a loaded one `sha256:…`."""
    for status in pod.get("status", {}).get("containerStatuses") or ():
        if status.get("imageID"):
            yield status["name"], str(status["imageID"])
