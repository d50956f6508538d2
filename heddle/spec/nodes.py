"""Describe what nodes get from Kubernetes: processors, memory, volumes and a place to run."""

from typing import Annotated, Literal

from pydantic import Field

from heddle.spec.kinds import Processors, Quantity, between
from heddle.spec.model import Section
from heddle.spec.names import Label, LabelValue, SecretKeyName, SecretName, StorageClass, Variable
from heddle.spec.references import Image


class Amounts(Section):
    """Amounts of processors and memory."""

    cpu: Processors | None = None
    """Processors, as 2 or 500m."""
    memory: Quantity | None = None
    """Amount of memory, as 2Gi."""


class Resources(Section):
    """The processors and the memory that a container asks for, and may take."""

    requests: Amounts = Amounts()
    """The amounts that the scheduler sets aside. Default: those that an idle node takes."""
    limits: Amounts = Amounts()
    """The amounts that it may take. Default: some memory, all processors: throttling causes elections."""


class Toleration(Section):
    """A taint of machines that the pod may run on all the same."""

    key: Label | None = None
    """Key of the taint. Default: every taint."""
    operator: Literal["Exists", "Equal"] = "Equal"
    """Whether the value counts."""
    value: LabelValue | None = None
    """Value of the taint, with Equal."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    """Effect of the taint. Default: every effect."""
    toleration_seconds: Annotated[int, *between(0)] | None = None
    """How long a running pod stays, with NoExecute. Default: for ever."""


class Placement(Section):
    """Which machines a pod may run on."""

    node_selector: dict[Label, LabelValue] | None = None
    """Labels that the machine must have."""
    tolerations: tuple[Toleration, ...] | None = None
    """Taints that the machine may have."""
    zone: LabelValue | None = None
    """Zone of the machine (its label topology.kubernetes.io/zone)."""


class Claim(Section):
    """The volume claim of a node."""

    class_name: Annotated[StorageClass | None, Field(alias="class")] = None
    """Storage class. Default: that of `storage`."""
    size: Quantity | None = None
    """Size of the claim. Default: that of `storage`."""


class Storage(Section):
    """Volumes of the nodes: one claim per node."""

    class_name: Annotated[StorageClass | None, Field(alias="class")] = None
    """Storage class. Default: the cluster's default class."""
    size: Quantity = "10Gi"
    """Size of each node's claim. Growing it needs a class that can; it never shrinks."""
    couchdb: Claim = Claim()
    """Claims of the state databases, where they are CouchDB."""


class SecretKey(Section):
    """The place of a value: a key of a Secret in the instance's namespace, which is made beforehand.

    Previews refuse one that is not there. Pods take a new value when they restart.
    """

    secret: SecretName
    """Name of the Secret."""
    key: SecretKeyName
    """Key within it."""


class NodeSettings(Section):
    """Settings of one kind of node or of one node; what is said of the node wins, field by field."""

    resources: Resources = Resources()
    """Processors and memory of each container."""
    placement: Placement = Placement()
    """Machines to run on."""
    labels: dict[Label, LabelValue] = Field(default_factory=dict)
    """Labels of the pods, beside Heddle's own."""
    annotations: dict[Label, str] = Field(default_factory=dict)
    """Annotations of the pods, as a service mesh or a log collector reads them."""
    service_annotations: dict[Label, str] = Field(default_factory=dict)
    """Annotations of the Services, as a cloud's load balancer reads them."""
    environment: dict[Variable, str] = Field(default_factory=dict)
    """Variables of peers and orderers: CORE_… and ORDERER_… set what no other key does, as in Fabric's own
    documentation; FABRIC_LOGGING_SPEC and GOGC are of this kind too."""
    secret_environment: dict[Variable, SecretKey] = Field(default_factory=dict)
    """Variables of peers and orderers whose values are in Secrets of the namespace."""
    storage: Claim = Claim()
    """Claim of the ledger, the database or the samples; chaincodes have none."""
    image: Image | None = None
    """Image of this one node, as peer0-org1, to try another release before the others have it. Default: that
    of its kind, under `images`."""
