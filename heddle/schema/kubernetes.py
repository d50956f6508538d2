"""heddle:kubernetes:Rollout: nodes restart one at a time (DESIGN, decision 6)."""

from heddle.schema.model import ListOf, MapOf, OnChange, Property, ResourceType, Text
from heddle.schema.shared import CHANNEL_NAME, CLIENT_TLS, IDENTITY, NAME, NODE

__all__ = ["ROLLOUT"]

_OTHER = "A rollout stays with its nodes. Declare another one, and remove this one."

ROLLOUT = ResourceType(
    type="heddle:kubernetes:Rollout",
    description=(
        "Every node of a set runs the pod template that its StatefulSet holds. Outdated pods restart singly, "
        "the leader last, each while the others keep their channels alive, each until it has caught up."
    ),
    on_delete="forgets the rollout: pods stay as they are",
    inputs={
        "kind": Property(
            kind=Text(choices=("orderer", "peer")),
            description="What the nodes are.",
            on_change=OnChange.REFUSE,
            way_out=_OTHER,
        ),
        "namespace": Property(
            kind=NAME, description="The namespace of the pods.", on_change=OnChange.REFUSE, way_out=_OTHER
        ),
        "nodes": Property(
            kind=ListOf(item=NODE, minimum_items=1, key="name"),
            description="The nodes; each is the one pod of the StatefulSet of its name.",
        ),
        "revisions": Property(
            kind=MapOf(value=NAME),
            description="By node: a checksum of its pod template. A new one starts a rollout.",
        ),
        "channels": Property(
            kind=ListOf(item=CHANNEL_NAME),
            default=[],
            description="Channels whose health gates each restart.",
            on_change=OnChange.NOTHING,
        ),
        "adminTls": Property(
            kind=CLIENT_TLS,
            optional=True,
            description="For orderers: client certificate for the channel participation API.",
            on_change=OnChange.NOTHING,
        ),
        "signers": Property(
            kind=ListOf(item=IDENTITY),
            default=[],
            description="For peers: one identity of each organization, to ask for heights.",
            on_change=OnChange.NOTHING,
        ),
    },
)
