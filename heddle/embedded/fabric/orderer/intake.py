"""Check a message before it is ordered, and refuse it in Fabric's words.

Source: orderer/common/msgprocessor, orderer/common/broadcast (Fabric 3.1.5).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from fabric_protos.common import common_pb2, configtx_pb2

from heddle.configtx.consensus import check_consensus
from heddle.configtx.consensus_bft import check_configure
from heddle.configtx.envelope import signed_envelope
from heddle.configtx.filters import PERMISSION_DENIED, message_refusal
from heddle.configtx.validate import apply_update
from heddle.embedded.fabric.access import channel_header_of
from heddle.embedded.fabric.channelconfig import ChannelConfig
from heddle.embedded.fabric.orderer.maintenance import maintenance_refusal
from heddle.embedded.fabric.orderer.node import OrdererNode
from heddle.embedded.fabric.release import missing_capability, running_release
from heddle.errors import HeddleError
from heddle.releases import read_release

__all__ = ["Checked", "Rejected", "checked"]

_STATUS = common_pb2.Status
_NEVER = datetime.min.replace(tzinfo=UTC)
"""A clock by which no certificate has run out: General.Authentication.NoExpirationChecks."""


class Rejected(Exception):  # noqa: N818 - an answer, not a mistake
    """A refusal: the `common.Status` and Fabric's words."""

    def __init__(self, status: common_pb2.Status.ValueType, words: str) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A message that passed the checks under configuration `sequence`; `config` for an update."""

    envelope: common_pb2.Envelope
    config: common_pb2.Envelope | None
    sequence: int


def checked(
    envelope: common_pb2.Envelope, config: ChannelConfig, node: OrdererNode, *, active: Collection[str]
) -> Checked:
    """Check a client's message under a channel's configuration. Raises Rejected.

    Args:
        envelope: the client's.
        config: of the channel, now.
        node: this orderer, which signs the configuration that an update leads to.
        active: addresses of the consenters that the leader hears from.
    """
    proposed = None
    if _check_message(envelope, config, check_expiry=node.check_expiry):
        proposed = _proposed_config(envelope, config, active, node)
    return Checked(envelope=envelope, config=proposed, sequence=config.sequence)


def _check_message(envelope: common_pb2.Envelope, config: ChannelConfig, *, check_expiry: bool) -> bool:
    """Check a client's message; true for a configuration update. Raises Rejected."""
    kind = channel_header_of(envelope).type
    if kind == common_pb2.CONFIG:
        raise Rejected(_STATUS.BAD_REQUEST, "message is of type that cannot be processed directly")
    if kind == common_pb2.ORDERER_TRANSACTION:
        raise Rejected(_STATUS.BAD_REQUEST, "message is of type that is no longer supported")
    update = kind == common_pb2.CONFIG_UPDATE
    if config.maintenance and not update:
        raise Rejected(_STATUS.SERVICE_UNAVAILABLE, "normal transactions are rejected: maintenance mode")
    refusal = message_refusal(config.config, envelope, now=None if check_expiry else _NEVER)
    if refusal:
        forbidden = refusal.endswith(PERMISSION_DENIED)
        prefix = "config update for existing channel did not pass initial checks: " if update else ""
        raise Rejected(_STATUS.FORBIDDEN if forbidden else _STATUS.BAD_REQUEST, prefix + refusal)
    return bool(update)


def _proposed_config(
    envelope: common_pb2.Envelope, config: ChannelConfig, active: Collection[str], node: OrdererNode
) -> common_pb2.Envelope:
    """Return the CONFIG message that a CONFIG_UPDATE leads to, signed by this orderer. Raises Rejected."""
    try:
        proposed = apply_update(config.config, envelope)
    except HeddleError as error:
        raise Rejected(_STATUS.BAD_REQUEST, error.message) from error
    after = ChannelConfig(channel=config.channel, config=proposed)
    if refusal := missing_capability("orderer", after, read_release(running_release())):
        words = f"error applying config update to existing channel '{config.channel}': {refusal}"
        raise Rejected(_STATUS.BAD_REQUEST, words)
    payload = common_pb2.Payload.FromString(envelope.payload)
    update = configtx_pb2.ConfigUpdateEnvelope.FromString(payload.data).config_update
    content = configtx_pb2.ConfigEnvelope(config=proposed, last_update=envelope).SerializeToString()
    message = signed_envelope(common_pb2.CONFIG, config.channel, content, node.signer)
    for stage, refusal in (
        ("final", message_refusal(config.config, message, now=None if node.check_expiry else _NEVER)),
        ("maintenance", _inspected(config.config, proposed, configtx_pb2.ConfigUpdate.FromString(update))),
    ):
        if refusal:
            words = f"config update for existing channel did not pass {stage} checks: {refusal}"
            raise Rejected(_STATUS.BAD_REQUEST, words)
    _check_consenters(proposed, config, active)
    return message


def _inspected(old: configtx_pb2.Config, new: configtx_pb2.Config, update: configtx_pb2.ConfigUpdate) -> str:
    refusal = maintenance_refusal(old, new, update)
    return f"config transaction inspection failed: {refusal}" if refusal else ""


def _check_consenters(proposed: configtx_pb2.Config, config: ChannelConfig, active: Collection[str]) -> None:
    """Check what this kind of consensus asks of a configuration before it is ordered."""
    alive = frozenset(
        consenter.client_tls_certificate
        for consenter in config.settings.consenters
        if consenter.address in active
    )
    try:
        check_consensus(config.config, proposed, active=alive)
    except HeddleError as error:
        words = f"error applying config update to existing channel '{config.channel}': {error.message}"
        raise Rejected(_STATUS.BAD_REQUEST, words) from error
    if config.bft:
        try:
            check_configure(proposed)
        except HeddleError as error:
            raise Rejected(_STATUS.SERVICE_UNAVAILABLE, error.message) from error
