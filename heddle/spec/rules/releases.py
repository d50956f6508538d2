"""Check releases that images claim: none that must not run, none below what a channel's capabilities need."""

from collections.abc import Iterator
from typing import get_args

from heddle.releases import DATABASE, image_release, release_refusal, strongest_need
from heddle.settings import DEFAULT_RESOURCES
from heddle.spec.capabilities import Capabilities
from heddle.spec.problems import Problem
from heddle.spec.rules.reading import Data, Place, items, ordering_type, problem, section, text
from heddle.versions import COUCHDB_IMAGE, ORDERER_IMAGE, PEER_IMAGE

_DEFAULT_IMAGES = {"orderer": ORDERER_IMAGE, "peer": PEER_IMAGE, DATABASE: COUCHDB_IMAGE}
_AFTERWARDS = "Channels for earlier releases say so under capabilities; none that a channel has is lowered."


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with images, with nodes that have one of their own, and with capabilities."""
    for place, kind, image in _images(data):
        yield from _image(data, place, kind, image)
    for key, said in _nodes(data):
        if key in DEFAULT_RESOURCES or _kind(key) not in _DEFAULT_IMAGES:
            found = said["image"]
            allowed = "nothing: an image of its own is for one node, as peer0-org1"
            yield problem(
                ("nodes", key, "image"),
                found,
                allowed,
                "Images of a kind are under images, chaincodes' at them.",
            )
        elif data.get("standin") is True and _kind(key) != DATABASE:
            yield problem(("nodes", key, "image"), said["image"], "no image where standin is true")
    yield from _bft(data)


def _images(data: Data) -> Iterator[tuple[Place, str, str]]:
    """Yield each image with its place and its kind of node; those that Heddle pins, too."""
    for kind, default in _DEFAULT_IMAGES.items():
        stands = data.get("standin") is True and kind != DATABASE
        if not stands:
            yield ("images", kind), kind, text(section(data, "images"), kind) or default
    for key, said in _nodes(data):
        if _kind(key) in _DEFAULT_IMAGES and key not in DEFAULT_RESOURCES:
            yield ("nodes", key, "image"), _kind(key), said["image"]


def _nodes(data: Data) -> Iterator[tuple[str, Data]]:
    """Yield the keys of `nodes` that have an image, with what the file says there."""
    for key in section(data, "nodes"):
        said = section(data, "nodes", key)
        if text(said, "image"):
            yield key, said


def _kind(node: str) -> str:
    return node.partition("-")[0].rstrip("0123456789")


def _image(data: Data, place: Place, kind: str, image: str) -> Iterator[Problem]:
    release = image_release(kind, image)
    if release is None:
        return
    if refusal := release_refusal(kind, release):
        yield problem(place, image, refusal)
        return
    for channel, levels in _levels(data) if kind != DATABASE else ():
        need = strongest_need(kind, levels)
        if need is not None and release.is_below(need.release):
            allowed = f"Fabric {need.release} or later: {channel} is to have {need.reason}"
            yield problem(place, image, allowed, _AFTERWARDS)
            return


def _levels(data: Data) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the capabilities of each channel, the defaults filled in."""
    default = section(data, "capabilities")
    for _, channel in items(data, "channels"):
        own = section(channel, "capabilities")
        levels = {
            part: text(own, part) or text(default, part) or field.default
            for part, field in Capabilities.model_fields.items()
        }
        yield text(channel, "name"), levels


def _bft(data: Data) -> Iterator[Problem]:
    if ordering_type(data) != "bft":
        return
    newest = get_args(Capabilities.model_fields["channel"].annotation)[-1]
    places: list[tuple[Place, Data]] = [((), data)]
    places += [(("channels", index), channel) for index, channel in items(data, "channels")]
    for place, owner in places:
        found = section(owner, "capabilities").get("channel")
        if found is not None and found != newest:
            yield problem((*place, "capabilities", "channel"), found, f"{newest} with ordering.type bft")
