"""Declare heddle:kubernetes: whose a namespace is, what a volume stays, nodes that restart one at a time."""

from heddle.schema.model import ListOf, MapOf, Property, ResourceType, Text, connection, fixed
from heddle.schema.shared import CHANNEL_NAME, CLIENT_TLS, IDENTITY, NAME, NODE, PEM
from heddle.settings import Boolean, Integer
from heddle.spec.defaults import DNS_DOMAIN

NAMESPACE_OWNERSHIP = ResourceType(
    type="heddle:kubernetes:NamespaceOwnership",
    description=(
        "A namespace that is this stack's alone. It is made here, and refused if it is another's: "
        "server-side apply would take that over without a word, and deleting it would take all in it along."
    ),
    on_delete="forgets whose the namespace is; the Namespace resource deletes it, unless it is kept",
    inputs={
        "namespace": fixed(
            NAME,
            "The namespace's name.",
            way_out="An instance stays in its namespace. Declare another instance, or put the old name back.",
        ),
        "instance": connection(
            NAME, "The instance's name: a namespace that was made beforehand with this label is taken."
        ),
        "dnsDomain": fixed(
            NAME,
            "What the names of the cluster's Services end with. The cluster's DNS is asked before all else.",
            default=DNS_DOMAIN,
            way_out=(
                "Names of nodes are on the ledger and in certificates, those of chaincodes in packages. "
                "Put the old value back, or declare another instance."
            ),
        ),
        "owner": connection(NAME, "What tells this stack from all others; written on the namespace."),
        "secretKeys": connection(
            MapOf(ListOf(NAME)),
            "Keys by Secret that pods read and somebody made beforehand: without one nothing is done.",
            optional=True,
        ),
        "pullSecrets": connection(
            ListOf(NAME),
            "Secrets that images are pulled with: one that is not there is warned of.",
            optional=True,
        ),
        "customKinds": connection(
            MapOf(ListOf(NAME)),
            "Kinds by API version that the cluster has to know: without one nothing is done.",
            optional=True,
        ),
    },
)

STAYS, LEAVES = "stays", "may leave"

VOLUME_TERMS = ResourceType(
    type="heddle:kubernetes:VolumeTerms",
    description=(
        "What the volumes of nodes stay for as long as there are these nodes. A claim's "
        "class cannot change, so Pulumi would replace it, and with it a ledger; and no peer reads the state "
        "that another kind of database holds. Nodes may come and go, and organizations in two steps."
    ),
    on_delete="forgets what the volumes were; claims are resources of their own",
    inputs={
        "storageClasses": Property(
            MapOf(Text()), "By node: the class of its claim; empty = the cluster's default when it was made."
        ),
        "storageSizes": Property(
            MapOf(NAME),
            "By node: the size of its claim, which only grows, and where its class allows it.",
            default={},
        ),
        "stateDatabases": Property(MapOf(NAME), "By peer: LevelDB or CouchDB.", default={}),
        "namespace": connection(
            NAME,
            "The namespace of the claims: the volume of a new node must not be one that was used before. "
            "Without it nobody looks.",
            optional=True,
        ),
        "claims": connection(
            Text(choices=("retained", "deleted")),
            "What becomes of a leaving node's claim.",
            default="deleted",
        ),
        "members": connection(
            MapOf(Text(choices=(STAYS, LEAVES))),
            "By organization that is managed here: whether it may leave the program. One that stays is "
            "protected, and leaves in two steps.",
            default={},
        ),
    },
)

VOLUMES = ResourceType(
    type="heddle:kubernetes:Volumes",
    description=(
        "The volumes of nodes have the size that their claims ask for. Where a larger one needs its pod to "
        "start anew, the pod counts as outdated: the rollout of its nodes restarts it in its turn."
    ),
    on_delete="forgets the sizes; claims are resources of their own",
    inputs={
        "namespace": fixed(
            NAME, "The namespace of the claims.", way_out="An instance stays in its namespace."
        ),
        "sizes": Property(MapOf(NAME), "By node: the size of its claim, as a quantity."),
    },
)

POWER = ResourceType(
    type="heddle:kubernetes:Power",
    description=(
        "Whether the instance runs. `off` scales it down in order: chaincode servers, peers, databases, then "
        "orderers, leaders last; volumes, Secrets, Services and addresses stay. `on` wakes it: orderers, "
        "then, once every channel has a leader, databases, peers and chaincode servers; all ledgers must "
        "have the blocks that were noted when it went to sleep."
    ),
    on_delete="forgets whether the instance sleeps; workloads are resources of their own",
    inputs={
        "namespace": fixed(NAME, "The namespace of the pods.", way_out="An instance stays in its namespace."),
        "power": Property(Text(choices=("on", "off")), "Whether the instance runs."),
        "orderers": connection(ListOf(NODE, minimum_items=1, key="name"), "The orderers of the instance."),
        "peers": connection(ListOf(NODE, key="name"), "The peers of the instance.", default=[]),
        "databases": connection(
            MapOf(NAME), "By peer: the StatefulSet of its state database.", optional=True
        ),
        "servers": connection(
            MapOf(Integer(minimum=0)), "By chaincode server: the pods that its Deployment has.", default={}
        ),
        "channels": connection(MapOf(ListOf(NAME)), "By channel: the peers that are on it.", default={}),
        "certificates": connection(
            MapOf(PEM), "By node: the TLS certificate that was issued to it.", default={}
        ),
        "adminTls": connection(CLIENT_TLS, "Client certificate for the channel participation API."),
        "operationsTls": connection(
            CLIENT_TLS, "Client certificate for the operations endpoints, which tell leaders.", optional=True
        ),
        "signers": connection(
            ListOf(IDENTITY), "One identity of each organization: reads its nodes' ledgers.", default=[]
        ),
    },
    outputs={
        "since": Property(Text(), "Since when it sleeps, RFC 3339 in UTC; empty while it runs."),
        "ledgers": Property(
            MapOf(MapOf(NAME)),
            "By node and channel: the number of its blocks and the newest one's hash when it went to sleep.",
        ),
    },
)

_OTHER = "A rollout stays with its nodes. Declare another one, and remove this one."

ROLLOUT = ResourceType(
    type="heddle:kubernetes:Rollout",
    description=(
        "Every node of a set runs the pod template that its StatefulSet holds: all orderers, or all peers of "
        "all organizations. Outdated pods restart singly, a leader last, each while the others keep their "
        "channels alive, each until it has caught up."
    ),
    on_delete="forgets the rollout: pods stay as they are",
    inputs={
        "kind": fixed(Text(choices=("orderer", "peer")), "What the nodes are.", way_out=_OTHER),
        "namespace": fixed(NAME, "The namespace of the pods.", way_out=_OTHER),
        "nodes": Property(
            ListOf(NODE, minimum_items=1, key="name"),
            "The nodes; each is the one pod of the StatefulSet of its name.",
        ),
        "revisions": Property(
            MapOf(NAME), "By node: a checksum of its pod template. A new one starts a rollout."
        ),
        "certificates": connection(
            MapOf(PEM),
            "By node: the TLS certificate that was issued to it, by whose key it is known once it expired.",
            optional=True,
        ),
        "databases": connection(
            MapOf(NAME),
            "By peer: the StatefulSet of its state database, which restarts with it.",
            optional=True,
        ),
        "channels": connection(ListOf(CHANNEL_NAME), "Channels whose health gates each restart.", default=[]),
        "memberships": connection(
            MapOf(ListOf(NAME)),
            "By channel: the peers on it. While one restarts, the others of its channels serve.",
            default={},
        ),
        "gateways": connection(
            ListOf(NODE),
            "For orderers: the peers, whose gateways must have reached a restarted orderer again.",
            default=[],
        ),
        "adminTls": connection(
            CLIENT_TLS, "For orderers: client certificate for the channel participation API.", optional=True
        ),
        "operationsTls": connection(
            CLIENT_TLS,
            "Client certificate for the operations endpoints, which tell releases and, by metrics, leaders.",
            optional=True,
        ),
        "images": connection(
            MapOf(Text()),
            "By node: its image. One whose tag claims a release that lacks what a channel has in force is "
            "refused.",
            optional=True,
        ),
        "tlsIdentities": connection(
            MapOf(CLIENT_TLS),
            "By orderer: its TLS certificate and key, by which a leader knows who takes over. Without them a "
            "channel whose leader restarts waits for an election.",
            optional=True,
        ),
        "consenterIdentities": connection(
            MapOf(IDENTITY),
            "By orderer of BFT channels: its enrolment certificate and key, by which the others know who "
            "asks for another leader. Without them a channel whose leader restarts waits until it is missed.",
            optional=True,
        ),
        "tlsKeys": connection(
            MapOf(Integer(minimum=0)),
            "By orderer: how often the key by which channels know it was made anew. It follows until they "
            "have taken its new certificate, so one at a time gets one, and restarts after the others.",
            optional=True,
        ),
        "signers": connection(
            ListOf(IDENTITY),
            "One identity of each organization: asks its peers, and reads from its orderers.",
            default=[],
        ),
        "again": connection(
            Boolean(),
            "Whether another Rollout of the same nodes comes before: then only those restart that had to "
            "wait for a channel to change, or were marked while it did; the channel's preview names them.",
            default=False,
        ),
    },
)
