"""Describe the two outputs of a stack: `instance`, which is public, and `access`, which is secret as a whole.

Components write them with `written`, `heddle.network.network` reads them for every verb about a running
network; both follow the fields of the classes here. The stack file is never read again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from heddle.errors import EngineError
from heddle.network.ledgermarks import most_blocks, read_marks
from heddle.network.records import Port, read_record
from heddle.plain import Plain, ShapeError

__all__ = [
    "VERSION",
    "AccessOutput",
    "ChaincodeOutput",
    "ChannelOutput",
    "DefinitionOutput",
    "InstanceOutput",
    "NodeOutput",
    "OrganizationOutput",
    "SleepOutput",
    "incomplete_output",
    "read_access",
    "read_instance",
]

Thing = TypeVar("Thing")

VERSION = 1
"""Version of both outputs. Readers refuse a newer one: raise it when a field goes or changes its meaning."""


@dataclass(frozen=True, kw_only=True)
class NodeOutput:
    """Describe a peer or an orderer."""

    name: str
    msp_id: str
    organization: str
    host: str
    port: Port
    namespace: str
    pod: str
    tls_root_certificates: tuple[str, ...]
    operations_port: Port
    admin_port: Port | None
    """The port of an orderer's participation API; None for a peer."""
    public_endpoint: str
    """`address:port` for clients outside; empty = none."""
    state_database: str
    """Name of a peer's CouchDB (its StatefulSet, claim, Secret and Service); empty = LevelDB."""
    tls_certificate: str | None = None
    """The TLS certificate, PEM, that was issued to it last; None in the output of an earlier release."""
    identity_certificate: str | None = None
    """The enrolment certificate, PEM, that was issued to it last."""
    image: str | None = None
    """The image that it is to run; None in the output of an earlier release."""

    @property
    def issued_tls(self) -> tuple[bytes, ...]:
        """Return the TLS certificate that was issued to the node, as far as it is known."""
        return (self.tls_certificate.encode(),) if self.tls_certificate else ()


@dataclass(frozen=True, kw_only=True)
class OrganizationOutput:
    """Describe an organization: its roots and the certificates of its users."""

    name: str
    msp_id: str
    kind: str
    """`peer` or `orderer`: what its nodes are."""
    ca_certificate: str
    tls_ca_certificate: str
    users: Mapping[str, str]
    """Certificates, PEM, of `admin` and a member's `user`; none of an external organization."""


@dataclass(frozen=True, kw_only=True)
class ChannelOutput:
    """Describe a channel: its member organizations, and their peers that are managed here."""

    name: str
    organizations: tuple[str, ...]
    peers: tuple[str, ...]
    genesis_hash: str


@dataclass(frozen=True, kw_only=True)
class DefinitionOutput:
    """Describe a chaincode's definition on a further channel."""

    name: str
    """Name of the channel."""
    sequence: int
    endorsement_policy: str
    init_required: bool
    collections: tuple[str, ...]
    """Names of its private-data collections."""


@dataclass(frozen=True, kw_only=True)
class ChaincodeOutput:
    """Describe a chaincode, with its definition on its channel as the last `up` put it in force."""

    name: str
    channel: str
    version: str
    sequence: int
    endorsement_policy: str
    package_ids: Mapping[str, str]
    """Package of each organization, by its name."""
    init_required: bool
    collections: tuple[str, ...]
    """Names of its private-data collections."""
    further: Mapping[str, DefinitionOutput] | None = None
    """Its definitions on further channels, by their names; None = there are none."""
    server_certificates: Mapping[str, str] | None = None
    """TLS certificate, PEM, of its server for each organization; None in the output of an earlier release."""

    def by_channel(self) -> dict[str, "ChaincodeOutput"]:
        """Return the chaincode as it is on each of its channels, as if that were its only one."""
        found = {self.channel: replace(self, further=None)}
        for name, each in (self.further or {}).items():
            found[name] = replace(
                self,
                channel=name,
                sequence=each.sequence,
                endorsement_policy=each.endorsement_policy,
                init_required=each.init_required,
                collections=each.collections,
                further=None,
            )
        return found


@dataclass(frozen=True, kw_only=True)
class SleepOutput:
    """Describe a hibernated instance."""

    since: str
    """Since when, RFC 3339 in UTC."""
    ledgers: Mapping[str, Mapping[str, str]]
    """By node and channel: number of blocks and the newest one's hash when it went to sleep."""

    def heights(self) -> dict[str, int]:
        """Return by channel the number of blocks that were noted."""
        return most_blocks(map(read_marks, self.ledgers.values()))


@dataclass(frozen=True, kw_only=True)
class InstanceOutput:
    """Describe an instance: names, endpoints, certificates, channels and chaincodes, none of it secret."""

    version: int
    name: str
    namespace: str
    standin: bool
    domain: str
    public_address: str
    orderers: tuple[NodeOutput, ...]
    peers: tuple[NodeOutput, ...]
    organizations: Mapping[str, OrganizationOutput]
    channels: Mapping[str, ChannelOutput]
    chaincodes: Mapping[str, ChaincodeOutput]
    admin_tls_certificate: str
    """Client certificate, PEM, that the orderers' admin endpoints accept."""
    consensus: str
    """Fabric's name of the consensus: etcdraft or BFT."""
    operations_tls_certificate: str | None = None
    """Client certificate, PEM, that all operations endpoints accept; None where they speak plain HTTP."""
    operations_ca_certificate: str | None = None
    """The root, PEM, of the clients of operations endpoints; None in the output of an earlier release."""
    new_channels: Mapping[str, str] | None = None
    """What a new channel gets, as the stack file says it: `batch.messages`: `500`; None as above."""
    sleep: SleepOutput | None = None
    """How it sleeps; None while it runs."""

    def organization(self, name: str) -> OrganizationOutput:
        """Return an organization by name. Raises EngineError with the names there are."""
        return _pick(self.organizations, name, "organization", self.name)

    def channel(self, name: str) -> ChannelOutput:
        """Return a channel by name. Raises EngineError with the names there are."""
        return _pick(self.channels, name, "channel", self.name)

    def chaincode(self, name: str) -> ChaincodeOutput:
        """Return a chaincode by name. Raises EngineError with the names there are."""
        return _pick(self.chaincodes, name, "chaincode", self.name)

    def chaincodes_on(self, channel: str) -> tuple[ChaincodeOutput, ...]:
        """Return the chaincodes of a channel, each as it is there."""
        found = (each.by_channel().get(channel) for each in self.chaincodes.values())
        return tuple(each for each in found if each is not None)

    def peers_of(self, organization: str, on: ChannelOutput | None = None) -> tuple[NodeOutput, ...]:
        """Return the peers of an organization: all, or those on a channel."""
        return tuple(
            peer
            for peer in self.peers
            if peer.organization == organization and (on is None or peer.name in on.peers)
        )

    def channels_of(self, peer: str) -> tuple[ChannelOutput, ...]:
        """Return the channels that the stack puts a peer on."""
        return tuple(channel for channel in self.channels.values() if peer in channel.peers)


@dataclass(frozen=True, kw_only=True)
class AccessOutput:
    """Hold the credentials of an instance: of its cluster and users, of admin and operations endpoints."""

    version: int
    kubeconfig: str = field(repr=False)
    user_keys: Mapping[str, Mapping[str, str]] = field(repr=False)
    """Private keys, PEM, by organization and user."""
    admin_tls_key: str = field(repr=False)
    """Private key, PEM, of the instance's `admin_tls_certificate`."""
    operations_tls_key: str | None = field(default=None, repr=False)
    """Private key, PEM, of the instance's `operations_tls_certificate`."""


def read_instance(data: object) -> InstanceOutput:
    """Return the instance that a stack's output `instance` describes.

    Raises EngineError when an `up` has not written all of it, or another version of Heddle wrote it.
    """
    return _read(InstanceOutput, "instance", data)


def read_access(data: object) -> AccessOutput:
    """Return the credentials in a stack's output `access`. Raises EngineError as `read_instance` does."""
    return _read(AccessOutput, "access", data)


def _read(kind: type[Thing], output: str, data: object) -> Thing:
    try:
        plain = Plain(value=data, path=output)
        version = plain.get("version")
        if version is None:
            raise EngineError(
                f"the stack's output `{output}` has no version",
                hint="An `up` did not finish, or another program wrote it; run `heddle up` once more.",
            )
        if version.integer() != VERSION:
            raise EngineError(
                f"the stack's output `{output}` has version {version.integer()}; this Heddle reads {VERSION}",
                hint="Use the Heddle that wrote it, or run `heddle up` with this one.",
            )
        return read_record(kind, plain)
    except ShapeError as error:
        raise incomplete_output(output, error) from error


def incomplete_output(output: str, error: ShapeError) -> EngineError:
    """Return the error to raise for an output that lacks something."""
    return EngineError(
        f"the stack's output `{output}` is not complete: {error}",
        hint="An `up` did not finish, or another program wrote it; run `heddle up` once more.",
    )


def _pick(things: Mapping[str, Thing], name: str, what: str, instance: str) -> Thing:
    if name not in things:
        known = ", ".join(sorted(things)) or "none"
        raise EngineError(f"instance {instance} has no {what} {name!r}", hint=f"There is: {known}.")
    return things[name]
