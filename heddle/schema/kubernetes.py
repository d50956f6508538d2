"""heddle:kubernetes: whose a namespace is, what a volume stays, and nodes that restart one at a time."""

from heddle.schema.model import ListOf, MapOf, OnChange, Property, ResourceType, Text
from heddle.schema.shared import CHANNEL_NAME, CLIENT_TLS, IDENTITY, NAME, NODE

__all__ = ["NAMESPACE_OWNERSHIP", "ROLLOUT", "VOLUME_TERMS"]

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

VOLUME_TERMS = ResourceType(
    type="heddle:kubernetes:VolumeTerms",
    description=(
        "What the volumes of nodes stay for as long as there are these nodes. A claim's "
        "class cannot change, so Pulumi would replace it, and with it a ledger; and no peer reads the state "
        "that another kind of database holds. Nodes may come and go."
    ),
    on_delete="forgets what the volumes were; claims are resources of their own",
    inputs={
        "storageClasses": Property(
            kind=MapOf(value=Text()),
            description="By node: the class of its claim; empty = the cluster's default when it was made.",
        ),
        "stateDatabases": Property(
            kind=MapOf(value=NAME),
            default={},
            description="By peer: LevelDB or CouchDB.",
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
