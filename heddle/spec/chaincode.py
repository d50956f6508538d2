"""Describe chaincodes that run as a service beside the peers, and their private data."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from heddle.settings import CollectionTerms
from heddle.spec.entries import name_or_mapping
from heddle.spec.fields import with_settings
from heddle.spec.kinds import between
from heddle.spec.metadata import Metadata
from heddle.spec.model import Section
from heddle.spec.names import (
    CHANNEL,
    ChaincodeName,
    ChaincodeVersion,
    ChannelName,
    CollectionName,
    OrganizationName,
    Variable,
)
from heddle.spec.nodes import SecretKey
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


Sequence = Annotated[int, *between(1)]
EndorsementRule = Annotated[str, BeforeValidator(check_endorsement)]


class FurtherChannel(Section):
    """A further channel of a chaincode, and what its definition there has of its own."""

    name: ChannelName
    """Name of the channel, as under `channels`."""
    sequence: Sequence | None = None
    """Sequence of the definition there; a channel's first one has 1. Default: that of the chaincode."""
    endorsement: EndorsementRule | None = None
    """The peers of this channel that must endorse. Default: that of the chaincode."""
    init_required: bool | None = None
    """True: no invocation there before the initialization. Default: that of the chaincode."""
    collections: tuple[Collection, ...] | None = None
    """Collections of private data there, all of them. Default: those of the chaincode."""


class Chaincode(Section):
    """A chaincode on one channel or several: every member of its channels runs it."""

    name: ChaincodeName
    """Name of the chaincode."""
    version: ChaincodeVersion
    """Version, as text in quotes; part of the package's label."""
    sequence: Sequence = 1
    """Sequence of the definition: raise it by one with every change of version, endorsement or collections;
    with endorsement any or all also when the channel's members change."""
    channel: ChannelName | None = None
    """Name of its channel, as under `channels`. Either this or `channels`, or both."""
    channels: tuple[
        Annotated[
            FurtherChannel,
            *name_or_mapping(
                FurtherChannel,
                CHANNEL,
                "the name of a channel, or a mapping with name and what differs there",
            ),
        ],
        ...,
    ] = ()
    """Further channels: one package and one server serve all, each has a definition of its own. Their names,
    or mappings where a definition differs from what is said here."""
    image: Image
    """Image of the chaincode server, best by digest."""
    language: Literal["python", "go", "node", "java"] = "python"
    """Which environment the image expects: the variables and the form of the key differ."""
    endorsement: EndorsementRule = Endorsement.MAJORITY.value
    """The peers that must endorse: any, all or majority of a channel's members; an expression, as
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
    metadata: Metadata = Field(default_factory=dict)
    """Folder whose `META-INF` travels in the package: indexes of CouchDB. Raise version and sequence with
    every change of it."""
    collections: tuple[Collection, ...] = ()
    """Collections of private data."""

    def on(self, further: FurtherChannel) -> "Chaincode":
        """Return the chaincode as it is on a further channel, as if that were its only one."""
        said = further.model_dump(exclude_unset=True, exclude_none=True, exclude={"name", "collections"})
        if further.collections is not None:
            said["collections"] = further.collections
        return self.model_copy(update={"channel": further.name, "channels": (), **said})
