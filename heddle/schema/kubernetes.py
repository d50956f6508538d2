"""heddle:kubernetes: whose a namespace is, and nodes that restart one at a time (DESIGN, decision 6)."""

from heddle.schema.model import ListOf, MapOf, OnChange, Property, ResourceType, Text
from heddle.schema.shared import CHANNEL_NAME, CLIENT_TLS, IDENTITY, NAME, NODE

__all__ = ["NAMESPACE_OWNERSHIP", "ROLLOUT"]

NAMESPACE_OWNERSHIP = ResourceType(
    type="heddle:kubernetes:NamespaceOwnership",
    description=(
        "A namespace that is this stack's alone. It is made here, and refused if it is another's: "
        "server-side apply would take that over without a word, and deleting it would take all in it along."
    ),
    on_delete="forgets whose the namespace is; the Namespace resource deletes it",
    inputs={
        "namespace": Property(
            kind=NAME,
            description="The namespace's name.",
            on_change=OnChange.REFUSE,
            way_out="An instance stays in its namespace. Declare another instance, or put the old name back.",
        ),
        "instance": Property(
            kind=NAME,
            description="The instance's name: a namespace that was made beforehand with this label is taken.",
            on_change=OnChange.NOTHING,
        ),
        "owner": Property(
            kind=NAME,
            description="What tells this stack from all others; written on the namespace.",
            on_change=OnChange.NOTHING,
        ),
    },
)

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
        "databases": Property(
            kind=MapOf(value=NAME),
            optional=True,
            description="By peer: the StatefulSet of its state database, which restarts with it.",
            on_change=OnChange.NOTHING,
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
