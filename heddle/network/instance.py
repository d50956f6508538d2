"""The stack's output `instance`, typed: what every verb about a running network knows of it.

components/summary.py writes it; the two change together. The stack file is never read again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from heddle.errors import EngineError
from heddle.plain import Plain, ShapeError

if TYPE_CHECKING:
    from heddle.fabric.connection import Connections
    from heddle.fabric.node import ClientTls, Node
    from heddle.identity.signer import Signer

__all__ = [
    "ChaincodeOutput",
    "ChannelOutput",
    "IdentityOutput",
    "InstanceOutput",
    "NodeOutput",
    "OrganizationOutput",
    "instance_of",
    "load_instance",
]

Thing = TypeVar("Thing")


@dataclass(frozen=True, kw_only=True)
class NodeOutput:
    """A peer or an orderer."""

    name: str
    msp_id: str
    organization: str
    host: str
    port: int
    namespace: str
    pod: str
    tls_root_certificates: tuple[str, ...]
    operations_port: int
    admin_port: int | None
    public_endpoint: str
    """`address:port` for clients outside; empty = none."""
    state_database: str = ""
    """Name of a peer's CouchDB (its StatefulSet, claim, Secret and Service); empty = LevelDB."""

    def node(self) -> "Node":
        """As the clients in heddle.fabric take it."""
        from heddle.fabric.node import Node

        return Node(
            name=self.name,
            msp_id=self.msp_id,
            host=self.host,
            port=self.port,
            namespace=self.namespace,
            pod=self.pod,
            tls_root_certificates=tuple(root.encode() for root in self.tls_root_certificates),
            admin_port=self.admin_port,
            operations_port=self.operations_port,
        )


@dataclass(frozen=True, kw_only=True)
class IdentityOutput:
    """A certificate with its key, both PEM."""

    certificate: str
    private_key: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class OrganizationOutput:
    """An organization: its roots and the identities that Heddle made."""

    name: str
    msp_id: str
    kind: str
    """`peer` or `orderer`: what its nodes are."""
    ca_certificate: str
    tls_ca_certificate: str
    users: Mapping[str, IdentityOutput]
    """`admin` and `user`; none of an external organization."""

    def user(self, name: str) -> IdentityOutput:
        """One of the users. Raises EngineError with the names there are."""
        if name not in self.users:
            there = ", ".join(sorted(self.users))
            raise EngineError(f"organization {self.name} has no user {name!r}", hint=f"It has: {there}.")
        return self.users[name]

    def signer(self, name: str = "admin") -> "Signer":
        """A user that signs. Raises EngineError with the names there are."""
        from heddle.identity.signer import Signer

        user = self.user(name)
        return Signer(
            msp_id=self.msp_id, certificate=user.certificate.encode(), private_key=user.private_key.encode()
        )


@dataclass(frozen=True, kw_only=True)
class ChannelOutput:
    """A channel and who is on it."""

    name: str
    organizations: tuple[str, ...]
    peers: tuple[str, ...]
    genesis_hash: str


@dataclass(frozen=True, kw_only=True)
class ChaincodeOutput:
    """A chaincode's definition."""

    name: str
    channel: str
    version: str
    sequence: int
    endorsement_policy: str
    package_ids: Mapping[str, str]
    """Package of each organization, by its name."""
    init_required: bool = False
    collections: tuple[str, ...] = ()
    """Names of its private-data collections."""


@dataclass(frozen=True, kw_only=True)
class InstanceOutput:
    """A whole instance."""

    name: str
    namespace: str
    standin: bool
    domain: str
    public_address: str
    kubeconfig: str = field(repr=False)
    orderers: tuple[NodeOutput, ...]
    peers: tuple[NodeOutput, ...]
    organizations: Mapping[str, OrganizationOutput]
    channels: Mapping[str, ChannelOutput]
    chaincodes: Mapping[str, ChaincodeOutput]
    admin_tls: IdentityOutput
    consensus: str = "etcdraft"
    """etcdraft or BFT."""

    def organization(self, name: str) -> OrganizationOutput:
        """An organization by name. Raises EngineError with the names there are."""
        return _pick(self.organizations, name, "organization", self.name)

    def channel(self, name: str) -> ChannelOutput:
        """A channel by name. Raises EngineError with the names there are."""
        return _pick(self.channels, name, "channel", self.name)

    def chaincode(self, name: str) -> ChaincodeOutput:
        """A chaincode by name. Raises EngineError with the names there are."""
        return _pick(self.chaincodes, name, "chaincode", self.name)

    def peers_of(self, organization: str) -> tuple[NodeOutput, ...]:
        """The peers of an organization."""
        return tuple(peer for peer in self.peers if peer.organization == organization)

    def client_tls(self) -> "ClientTls":
        """What the orderers' admin endpoints accept."""
        from heddle.fabric.node import ClientTls

        return ClientTls(
            certificate=self.admin_tls.certificate.encode(), private_key=self.admin_tls.private_key.encode()
        )

    def connections(self) -> "Connections":
        """Clients that dial through the API server, for `async with`."""
        from heddle.fabric.connection import Connections
        from heddle.fabric.dial import ClusterDialer

        return Connections(ClusterDialer(self.kubeconfig))


def load_instance(stack: str, folder: Path) -> InstanceOutput:
    """The instance of a stack, from its state.

    Args:
        stack: the stack's name.
        folder: the folder with Pulumi.yaml.

    Raises:
        EngineError: no such stack, or nothing has been deployed yet.
    """
    from heddle.plugin.values import strip_secrets
    from heddle.state.outputs import read_outputs

    outputs = read_outputs(folder, stack)
    if "instance" not in outputs:
        raise EngineError(
            f"stack {stack!r} has no network yet",
            hint=f"Make it: heddle up {stack} (or pulumi up -s {stack}).",
        )
    return instance_of(strip_secrets(outputs["instance"]))


def instance_of(data: Any) -> InstanceOutput:  # noqa: ANN401 — plain JSON
    """The instance from the output's plain value. Raises EngineError if an `up` has not written all of it."""
    try:
        return _instance(Plain(value=data, path="instance"))
    except ShapeError as error:
        raise EngineError(
            f"the stack's output `instance` is not complete: {error}",
            hint="An `up` did not finish, or another version of Heddle wrote it; run `up` once more.",
        ) from error


def _instance(data: Plain) -> InstanceOutput:
    return InstanceOutput(
        name=data["name"].text(),
        namespace=data["namespace"].text(),
        standin=data["standin"].flag(),
        domain=data["domain"].text(),
        public_address=data["publicAddress"].text(),
        kubeconfig=data["kubeconfig"].text(),
        orderers=tuple(_node(node) for node in data["orderers"].items()),
        peers=tuple(_node(node) for node in data["peers"].items()),
        organizations={name: _organization(name, each) for name, each in data["organizations"].entries()},
        channels={name: _channel(name, each) for name, each in data["channels"].entries()},
        chaincodes={name: _chaincode(name, each) for name, each in data["chaincodes"].entries()},
        admin_tls=_identity(data["adminTls"]),
        consensus=_text_or(data, "consensus", "etcdraft"),
    )


def _channel(name: str, data: Plain) -> ChannelOutput:
    return ChannelOutput(
        name=name,
        organizations=data["organizations"].texts(),
        peers=data["peers"].texts(),
        genesis_hash=data["genesisHash"].text(),
    )


def _chaincode(name: str, data: Plain) -> ChaincodeOutput:
    init_required, collections = data.get("initRequired"), data.get("collections")
    return ChaincodeOutput(
        name=name,
        channel=data["channel"].text(),
        version=data["version"].text(),
        sequence=data["sequence"].integer(),
        endorsement_policy=data["endorsementPolicy"].text(),
        package_ids={organization: each.text() for organization, each in data["packageIds"].entries()},
        init_required=init_required.flag() if init_required else False,
        collections=collections.texts() if collections else (),
    )


def _node(data: Plain) -> NodeOutput:
    admin_port = data.get("adminPort")
    return NodeOutput(
        name=data["name"].text(),
        msp_id=data["mspId"].text(),
        organization=data["organization"].text(),
        host=data["host"].text(),
        port=data["port"].port(),
        namespace=data["namespace"].text(),
        pod=data["pod"].text(),
        tls_root_certificates=data["tlsRootCertificates"].texts(),
        operations_port=data["operationsPort"].port(),
        admin_port=admin_port.port() if admin_port else None,
        public_endpoint=data["publicEndpoint"].text(),
        state_database=_text_or(data, "stateDatabase", ""),
    )


def _organization(name: str, data: Plain) -> OrganizationOutput:
    return OrganizationOutput(
        name=name,
        msp_id=data["mspId"].text(),
        kind=data["kind"].text(),
        ca_certificate=data["caCertificate"].text(),
        tls_ca_certificate=data["tlsCaCertificate"].text(),
        users={user: _identity(data[user]) for user in ("admin", "user") if user in data},
    )


def _identity(data: Plain) -> IdentityOutput:
    return IdentityOutput(certificate=data["certificate"].text(), private_key=data["privateKey"].text())


def _text_or(data: Plain, key: str, otherwise: str) -> str:
    """What older versions did not write."""
    found = data.get(key)
    return found.text() if found else otherwise


def _pick(things: Mapping[str, Thing], name: str, what: str, instance: str) -> Thing:
    if name not in things:
        there = ", ".join(sorted(things)) or "none"
        raise EngineError(f"instance {instance} has no {what} {name!r}", hint=f"There is: {there}.")
    return things[name]
