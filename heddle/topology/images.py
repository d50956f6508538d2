"""Choose the image that each kind of node runs."""

from heddle.spec import Instance
from heddle.topology.plans.instance import ImagesPlan
from heddle.versions import (
    ALERTMANAGER_IMAGE,
    COUCHDB_IMAGE,
    ORDERER_IMAGE,
    PEER_IMAGE,
    PROMETHEUS_IMAGE,
    STANDIN_IMAGE,
)

_UPSTREAM = "docker.io"


def images_plan(instance: Instance) -> ImagesPlan:
    """Return the images of an instance.

    Stand-ins have one image for both kinds of node, and never another's name.
    """
    wanted = instance.images
    return ImagesPlan(
        peer=STANDIN_IMAGE if instance.standin else wanted.peer or _mirrored(PEER_IMAGE, wanted.registry),
        orderer=STANDIN_IMAGE
        if instance.standin
        else wanted.orderer or _mirrored(ORDERER_IMAGE, wanted.registry),
        couchdb=wanted.couchdb or _mirrored(COUCHDB_IMAGE, wanted.registry),
        prometheus=wanted.prometheus or _mirrored(PROMETHEUS_IMAGE, wanted.registry),
        alertmanager=wanted.alertmanager or _mirrored(ALERTMANAGER_IMAGE, wanted.registry),
        pull_secrets=wanted.pull_secrets,
    )


def node_image(instance: Instance, kind: str, name: str) -> str:
    """Return the image of a node: its own, else that of its kind."""
    own = instance.nodes.get(name)
    if own is not None and own.image:
        return own.image
    return str(getattr(images_plan(instance), kind))


def _mirrored(image: str, registry: str | None) -> str:
    """Return the image at the mirror: its registry is replaced, its path and tag stay."""
    return image.replace(_UPSTREAM, registry, 1) if registry else image
