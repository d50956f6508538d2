"""Chaincodes that run as a service beside the peers, and their private data."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from heddle.settings import CollectionTerms
from heddle.spec.fields import with_settings
from heddle.spec.kinds import between
from heddle.spec.model import Section
from heddle.spec.names import (
    ChaincodeName,
    ChaincodeVersion,
    ChannelName,
    CollectionName,
    OrganizationName,
    SecretKeyName,
    SecretName,
    Variable,
)
from heddle.spec.policies import Endorsement, check_endorsement, check_members, check_policy
from heddle.spec.references import Image


@with_settings(CollectionTerms)
class Collection(Section):
    """Private data of some members of the channel: their peers hold it, the others its hashes."""

    name: CollectionName
    """Name of the collection, as the chaincode says it. Once committed it stays."""
    organizations: Annotated[tuple[OrganizationName, ...], Field(min_length=1)] | None = None
    """The organizations whose peers hold the data. Either this or `policy`."""
    policy: Annotated[str, BeforeValidator(check_members)] | None = None
    """The same as an expression, as OR('Org1MSP.member', 'Org2MSP.member')."""
    endorsement_policy: Annotated[str, BeforeValidator(check_policy)] | None = None
    """The peers that must endorse a write: an expression or the path of a channel policy. Default: the
    chaincode's rule."""


class SecretKey(Section):
    """The place of a value: a key of a Secret in the instance's namespace, which is made beforehand."""

    secret: SecretName
    """Name of the Secret."""
    key: SecretKeyName
    """Key within it."""


class Chaincode(Section):
    """A chaincode on one channel: every member of the channel runs it."""

    name: ChaincodeName
    """Name of the chaincode."""
    version: ChaincodeVersion
    """Version, as text in quotes; part of the package's label."""
    sequence: Annotated[int, *between(1)] = 1
    """Sequence of the definition: raise it by one with every change of version, endorsement or collections;
    with endorsement any or all also when the channel's members change."""
    channel: ChannelName
    """Name of its channel, as under `channels`."""
    image: Image
    """Image of the chaincode server, best by digest."""
    language: Literal["python", "go", "node", "java"] = "python"
    """Which environment the image expects: the variables and the form of the key differ."""
    endorsement: Annotated[str, BeforeValidator(check_endorsement)] = Endorsement.MAJORITY.value
    """The peers that must endorse: any, all or majority of the members; an expression, as
    OutOf(2, 'Org1MSP.peer', 'Org2MSP.peer', 'Org3MSP.peer'); or the path of a channel policy."""
    init_required: bool = False
    """True: no invocation before one that is marked as initialization."""
    environment: dict[Variable, str] = Field(default_factory=dict)
    """Variables of the server. No secrets: they are plain in the pod."""
    secret_environment: dict[Variable, SecretKey] = Field(default_factory=dict)
    """Variables of the server whose values are in Secrets of the namespace."""
    egress: Literal["closed", "open"] = "closed"
    """Connections that the server itself makes: closed but for its organization's peers and DNS, or open.
    It needs a cluster whose network enforces NetworkPolicies."""
    replicas: Annotated[int, *between(1, 20)] = 1
    """Number of servers that each organization runs."""
    collections: tuple[Collection, ...] = ()
    """Collections of private data."""
