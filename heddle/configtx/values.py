"""Write and read single values of a channel configuration as protobuf (common/channelconfig, Fabric 3.1.5).

Bytes are deterministic: map-bearing values (Capabilities) would otherwise differ from run to run.
"""

from collections.abc import Collection, Iterable
from typing import Any, Final, TypeVar

from fabric_protos.common import configtx_pb2, configuration_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2
from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_pb2
from fabric_protos.peer import configuration_pb2 as peer_pb2
from google.protobuf.message import DecodeError, Message

from heddle.configtx.settings import ETCDRAFT, Consenter
from heddle.errors import ConfigtxError
from heddle.releases import CAPABILITY_RELEASES
from heddle.settings import RaftOptions, settings_of

__all__ = [
    "ADMINS",
    "BATCH",
    "CAPABILITIES",
    "HASH_WIDTH",
    "addresses",
    "anchor_peers",
    "capabilities",
    "consensus_type",
    "consenter_of",
    "fill",
    "group_at",
    "held",
    "host_port",
    "parse",
    "place",
    "put",
    "read",
]

ADMINS: Final = "Admins"
"""mod_policy of everything that Heddle writes: the Admins of the group that holds it."""
HASH_WIDTH: Final = 2**32 - 1
"""The width of a flat hash over a block's data: the only width that Fabric accepts."""
CAPABILITIES: Final = {part: tuple(names) for part, names in CAPABILITY_RELEASES.items()}
"""All that 3.1.5 knows, ascending (common/capabilities). Peers crash for ever on any other."""

BATCH: Final = (orderer_pb2.BatchSize, orderer_pb2.BatchTimeout)
"""The messages that hold the settings of batches; each is the value of its own name in /Channel/Orderer."""
MAX_BYTES: Final = 100 * 1024 * 1024
"""Bytes of a message at most: no node takes or sends a larger one (comm/config.go MaxRecvMsgSize)."""
MessageT = TypeVar("MessageT", bound=Message)


def put(group: configtx_pb2.ConfigGroup, key: str, message: Message) -> None:
    """Set a value's content. A new value gets Admins as mod_policy; an old one keeps what it has."""
    if key not in group.values:
        group.values[key].mod_policy = ADMINS
    group.values[key].value = message.SerializeToString(deterministic=True)


def read(group: configtx_pb2.ConfigGroup, key: str, message: MessageT) -> MessageT:
    """Parse a value into `message`, which stays empty if there is no such value.

    Raises:
        ConfigtxError: the bytes are no such message.
    """
    return (
        parse(message, group.values[key].value, f"configuration value {key}")
        if key in group.values
        else message
    )


def group_at(root: configtx_pb2.ConfigGroup, *path: str) -> configtx_pb2.ConfigGroup:
    """Return the group at a path below `root`; an empty one if there is none (protobuf would add it)."""
    for step in path:
        if step not in root.groups:
            return configtx_pb2.ConfigGroup()
        root = root.groups[step]
    return root


def parse(message: MessageT, data: bytes, what: str) -> MessageT:
    """Parse bytes into `message`. Raises ConfigtxError that says `what` could not be read."""
    if len(data) > MAX_BYTES:
        raise ConfigtxError(f"{what} has {len(data)} bytes, expected at most {MAX_BYTES}")
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise ConfigtxError(f"{what} cannot be read: {error}") from error
    return message


def fill(message: MessageT, group: object, names: Collection[str] | None = None) -> MessageT:
    """Write the settings of a group into Fabric's message that holds them, all or those of these names."""
    for each in settings_of(type(group)):
        if each.message == message.DESCRIPTOR.name and (names is None or each.name in names):
            setattr(message, each.field, getattr(group, each.name))
    return message


def held(message: Message, group: type[Any]) -> dict[str, Any]:
    """Return the settings of a group that a message holds, by their names."""
    kept = (each for each in settings_of(group) if each.message == message.DESCRIPTOR.name)
    return {each.name: getattr(message, each.field) for each in kept}


def capabilities(name: str) -> configuration_pb2.Capabilities:
    """Return `common.Capabilities` with one name: a capability includes those before it."""
    message = configuration_pb2.Capabilities()
    message.capabilities[name].SetInParent()
    return message


def addresses(endpoints: Iterable[str]) -> configuration_pb2.OrdererAddresses:
    """Return `common.OrdererAddresses`, the message of an orderer organization's Endpoints value."""
    return configuration_pb2.OrdererAddresses(addresses=endpoints)


def anchor_peers(peers: Iterable[str]) -> peer_pb2.AnchorPeers:
    """Return `protos.AnchorPeers` of "host:port" texts. Raises ConfigtxError."""
    pairs = (host_port(peer) for peer in peers)
    return peer_pb2.AnchorPeers(
        anchor_peers=[peer_pb2.AnchorPeer(host=host, port=port) for host, port in pairs]
    )


def place(node: Consenter) -> dict[str, Any]:
    """Return the fields that both messages of a consenter, Raft's and BFT's, have alike."""
    return {
        "host": node.host,
        "port": node.port,
        "client_tls_cert": node.client_tls_certificate,
        "server_tls_cert": node.server_tls_certificate,
    }


def consenter_of(message: etcdraft_pb2.Consenter | configuration_pb2.Consenter) -> Consenter:
    """Return the consenter of a message, as far as both messages say it."""
    return Consenter(
        host=message.host,
        port=message.port,
        client_tls_certificate=message.client_tls_cert,
        server_tls_certificate=message.server_tls_cert,
    )


def consensus_type(consenters: Iterable[Consenter], raft: RaftOptions) -> orderer_pb2.ConsensusType:
    """Return `orderer.ConsensusType` for Raft, in normal state."""
    metadata = etcdraft_pb2.ConfigMetadata(
        consenters=[etcdraft_pb2.Consenter(**place(node)) for node in consenters],
        options=fill(etcdraft_pb2.Options(), raft),
    )
    return orderer_pb2.ConsensusType(type=ETCDRAFT, metadata=metadata.SerializeToString(deterministic=True))


def host_port(address: str) -> tuple[str, int]:
    """Split "host:port". Raises ConfigtxError for anything else."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigtxError(f"address {address!r}: expected host:port with a port from 1 to 65535")
    return host, int(port)
