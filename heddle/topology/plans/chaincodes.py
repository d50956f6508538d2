"""Hold the plan of a chaincode: its servers, its private data, and its definition on each of its channels."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from heddle.settings import CollectionTerms
from heddle.topology.plans.members import MemberPlan
from heddle.topology.plans.nodes import NodePlan, PodSettings

CHAINCODE_PORT = 9999


@dataclass(frozen=True, kw_only=True)
class ServerPlan(PodSettings):
    """The server of one version of a chaincode, for one organization: where its peers find it.

    Versions do not share a name: the old server goes on under its own until the new definition is committed,
    and is still there if it never is.
    """

    name: str
    """Name of its Deployment and Service: `<chaincode>-<organization>-<hash of the version>`."""
    organization: str
    host: str
    peers: tuple[NodePlan, ...]
    """The organization's peers that are on any of the chaincode's channels."""
    replicas: int
    open_egress: bool
    """True: its own connections go anywhere; else to its organization's peers and DNS alone."""

    @property
    def address(self) -> str:
        """Return `host:port`, as the package says it."""
        return f"{self.host}:{CHAINCODE_PORT}"


@dataclass(frozen=True, kw_only=True)
class CollectionPlan:
    """Private data of a chaincode."""

    name: str
    policy: str
    """The organizations whose peers hold the data, as an expression."""
    terms: CollectionTerms
    endorsement_policy: str | None
    """An expression, or the path of a channel policy; None = the chaincode's rule."""


@dataclass(frozen=True, kw_only=True)
class DefinitionPlan:
    """The definition of a chaincode that is wanted on a channel."""

    channel: str
    further: bool
    """True: the stack file has the channel under `channels`, so its resources are named by it, too."""
    sequence: int
    endorsement_policy: str | None
    """A rule of `peer lifecycle --signature-policy`, or the path of a channel policy (begins with `/`);
    None = the channel's own Endorsement policy."""
    init_required: bool
    collections: tuple[CollectionPlan, ...]
    members: tuple[MemberPlan, ...]
    """The members of the channel that are managed here: they approve it."""


@dataclass(frozen=True, kw_only=True)
class ChaincodePlan:
    """A chaincode: its servers, and its definition on each of its channels."""

    name: str
    version: str
    label: str
    image: str
    language: str
    """python, go, node or java: which environment the image expects."""
    environment: Mapping[str, str] = field(hash=False)
    """Variables of the server, beside those that the language needs."""
    secret_environment: Mapping[str, tuple[str, str]] = field(hash=False)
    """Variables whose values are in Secrets: name of the Secret, and key."""
    metadata: Mapping[str, str] = field(hash=False)
    """Files of the package beside its own, by their paths: indexes of CouchDB."""
    definitions: tuple[DefinitionPlan, ...]
    """The definitions, one for each channel."""
    servers: tuple[ServerPlan, ...]
    """The servers, one for each organization that is managed here and on one of the channels."""
