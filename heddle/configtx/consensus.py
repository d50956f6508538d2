"""Check what Raft orderers demand of a change of their own metadata. Of BFT's see `consensus_bft`.

Source: orderer/consensus/etcdraft/{util,membership,chain}.go (Fabric 3.1.5).
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from fabric_protos.common import configtx_pb2
from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_pb2

from heddle.configtx import values
from heddle.configtx.read import consensus_kind, consensus_metadata
from heddle.configtx.settings import BFT
from heddle.durations import nanoseconds, timestamp
from heddle.errors import ConfigtxError, IdentityError
from heddle.identity.chain import TrustStore
from heddle.identity.expiry import not_after
from heddle.quorum import quorum

__all__ = ["MembershipChange", "check_consensus", "membership_change"]


@dataclass(frozen=True, kw_only=True)
class MembershipChange:
    """Which consenters come and go, by client TLS certificate; both at once is a rotation."""

    added: tuple[etcdraft_pb2.Consenter, ...]
    removed: tuple[etcdraft_pb2.Consenter, ...]


def membership_change(old: configtx_pb2.Config, new: configtx_pb2.Config) -> MembershipChange:
    """Return the change of consenters, at most one.

    Raises:
        ConfigtxError: "update of more than one consenter at a time is not supported", as Fabric says it.
    """
    before, after = _metadata(old).consenters, _metadata(new).consenters
    known = {node.client_tls_cert for node in before}
    kept = {node.client_tls_cert for node in after}
    change = MembershipChange(
        added=tuple(node for node in after if node.client_tls_cert not in known),
        removed=tuple(node for node in before if node.client_tls_cert not in kept),
    )
    if len(change.added) > 1 or len(change.removed) > 1:
        raise ConfigtxError(
            "update of more than one consenter at a time is not supported, requested changes: "
            f"add {len(change.added)} node(s), remove {len(change.removed)} node(s)"
        )
    return change


def check_consensus(
    old: configtx_pb2.Config,
    new: configtx_pb2.Config,
    *,
    active: frozenset[bytes] | None = None,
    now: datetime | None = None,
) -> None:
    """Check an update's consensus metadata as the chain of a channel does before it orders it.

    BFT makes none at this point (orderer/consensus/consensus.go NoOpMetadataValidator): see
    `consensus_bft.check_configure`.

    Args:
        old: the configuration now.
        new: what the update makes of it.
        active: client TLS certificates of the nodes that run; None leaves the loss of quorum unchecked.
        now: the clock, for tests.

    Raises:
        ConfigtxError: in the words of Fabric's BroadcastResponse.
    """
    kinds = [consensus_kind(values.group_at(one.channel_group, "Orderer")).type for one in (old, new)]
    if kinds[0] != kinds[1]:
        raise ConfigtxError(
            f"attempted to change consensus type from {kinds[0]} to {kinds[1]}, "
            "but current config ConsensusType.State is not in maintenance mode"
        )
    if kinds[0] == BFT:
        return
    try:
        _check_raft(old, new, active, now or datetime.now(UTC))
    except ConfigtxError as error:
        raise ConfigtxError(
            f"consensus metadata update for channel config update is invalid: {error.message}"
        ) from error


def _check_raft(
    old: configtx_pb2.Config, new: configtx_pb2.Config, active: frozenset[bytes] | None, now: datetime
) -> None:
    groups = values.group_at(new.channel_group, "Orderer").groups.values()
    metadata, store = _metadata(new), TrustStore.of_msps(group.values["MSP"].value for group in groups)
    try:
        _check_metadata(metadata, store)
    except ConfigtxError as error:
        raise ConfigtxError(f"invalid new config metadata: {error.message}") from error
    change = membership_change(old, new)
    for node in change.added:
        _check_expiry(node, store, now)
    if active is not None:
        _check_quorum(change, len(_metadata(old).consenters), len(metadata.consenters), active)


def _metadata(config: configtx_pb2.Config) -> etcdraft_pb2.ConfigMetadata:
    return consensus_metadata(values.group_at(config.channel_group, "Orderer"))[1]


def _check_metadata(metadata: etcdraft_pb2.ConfigMetadata, store: TrustStore) -> None:
    if not metadata.HasField("options"):
        raise ConfigtxError("nil Raft config metadata options")
    _check_options(metadata.options)
    if not metadata.consenters:
        raise ConfigtxError("empty consenter set")
    seen: set[bytes] = set()
    for node in metadata.consenters:
        for role, pem in (("client", node.client_tls_cert), ("server", node.server_tls_cert)):
            _check_certificate(store, role, pem, f"{node.host}:{node.port}")
        pair = {node.client_tls_cert, node.server_tls_cert}
        if pair & seen:
            raise ConfigtxError(
                f"duplicate consenter: server cert: {node.server_tls_cert.decode(errors='replace')}, "
                f"client cert: {node.client_tls_cert.decode(errors='replace')}"
            )
        seen |= pair


def _check_options(options: etcdraft_pb2.Options) -> None:
    if not (options.heartbeat_tick and options.election_tick and options.max_inflight_blocks):
        raise ConfigtxError(
            f"none of HeartbeatTick ({options.heartbeat_tick}), ElectionTick ({options.election_tick}) "
            f"and MaxInflightBlocks ({options.max_inflight_blocks}) can be zero"
        )
    if options.election_tick <= options.heartbeat_tick:
        raise ConfigtxError(
            f"ElectionTick ({options.election_tick}) must be greater than "
            f"HeartbeatTick ({options.heartbeat_tick})"
        )
    try:
        length = nanoseconds(options.tick_interval)
    except ValueError as error:
        raise ConfigtxError(
            f"failed to parse TickInterval ({options.tick_interval}) to time duration: "
            f'time: invalid duration "{options.tick_interval}"'
        ) from error
    if length == 0:
        raise ConfigtxError("TickInterval cannot be zero")


def _check_certificate(store: TrustStore, role: str, pem: bytes, where: str) -> None:
    prefix = f"consenter {where} has invalid certificate: "
    if b"-----BEGIN " not in pem:
        raise ConfigtxError(
            f"{prefix}parsing tls {role} cert of {where}: no PEM data found in cert[{pem.hex(' ')}]"
        )
    try:
        trusted = store.trusts(pem)
    except IdentityError as error:
        raise ConfigtxError(f"{prefix}parsing tls {role} cert of {where}: {error.message}") from error
    if not trusted:
        raise ConfigtxError(
            f"{prefix}verifying tls {role} cert with serial number {store.serial_number(pem)}: "
            "x509: certificate signed by unknown authority"
        )


def _check_expiry(node: etcdraft_pb2.Consenter, store: TrustStore, now: datetime) -> None:
    for role, pem in (("client", node.client_tls_cert), ("server", node.server_tls_cert)):
        if not_after(pem) < now:
            raise ConfigtxError(
                f"consenter {node.host}:{node.port} has invalid certificates: verifying tls {role} cert "
                f"with serial number {store.serial_number(pem)}: x509: certificate has expired or is not yet "
                f"valid: current time {timestamp(now)} is after {timestamp(not_after(pem))}"
            )


def _check_quorum(change: MembershipChange, before: int, after: int, active: frozenset[bytes]) -> None:
    alive = len(active - {node.client_tls_cert for node in change.removed})
    tolerant = after > 2  # a smaller cluster cannot avoid it, so Fabric lets it pass when it adds or rotates
    lost = bool(change.added or change.removed) and alive < quorum(after, bft=False)
    if lost and (tolerant or not change.added):
        raise ConfigtxError(
            f"{len(active)} out of {before} nodes are alive, configuration will result in quorum loss"
        )
