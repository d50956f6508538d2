"""Check what BFT orderers demand of a configuration: little before they order it, most when it is too late.

An orderer with SmartBFT takes an update into consensus only if `check_configure` passes (otherwise its
Broadcast answers SERVICE_UNAVAILABLE). What `check_runtime` says is asked when a chain starts, and after a
new configuration has been committed: then the chain halts on every node. `checks.check_settings` says the
same to users beforehand. Source: orderer/consensus/smartbft/{configverifier,util}.go,
orderer/consensus/smartbft/util/util.go, SmartBFT pkg/types/config.go (Fabric 3.1.5).
"""

import re
from collections.abc import Sequence

from fabric_protos.common import configtx_pb2, configuration_pb2, policies_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2
from fabric_protos.orderer.smartbft import configuration_pb2 as smartbft_pb2

from heddle.configtx import bft, values
from heddle.configtx.members import Members
from heddle.durations import nanoseconds
from heddle.errors import ConfigtxError, IdentityError
from heddle.identity.keys import load_certificate
from heddle.protobuf import enum_name
from heddle.settings import NOT_LONGER, BftOptions, Duration, settings_of

__all__ = ["check_configure", "check_runtime"]

_DURATIONS = [each.name for each in settings_of(BftOptions) if isinstance(each.kind, Duration)]


def check_configure(config: configtx_pb2.Config) -> None:
    """Check that a BFT channel's orderers take a configuration into consensus.

    Raises:
        ConfigtxError: in Fabric's words, up to where Go would print whole messages.
    """
    root = config.channel_group
    if not root.groups:
        raise ConfigtxError("no groups in channel group")
    if "Orderer" not in root.groups:
        raise ConfigtxError("no 'Orderer' group in channel groups")
    orderer = root.groups["Orderer"]
    if "Orderers" not in orderer.values:  # the same words whether this one is missing or all are
        raise ConfigtxError("no values in 'Orderer' group")
    expected = bft.block_validation(bft.mapping_of(orderer))
    if not orderer.policies:
        raise ConfigtxError("empty policies in 'Orderer' group")
    if "BlockValidation" not in orderer.policies:
        raise ConfigtxError("block validation policy is not found in the policies of 'Orderer' group")
    actual = orderer.policies["BlockValidation"].policy
    if actual != expected:
        raise ConfigtxError(
            f"block validation policy should be a signature policy: {_policy(expected)} "
            f"but it is {_policy(actual)} instead"
        )
    if "ConsensusType" not in orderer.values:
        raise ConfigtxError("missing consensus type property in config")
    if _options(orderer).leader_rotation == smartbft_pb2.Options.ROTATION_ON:
        raise ConfigtxError("leader rotation must be turned off for this version or be unspecified")


def check_runtime(config: configtx_pb2.Config) -> None:
    """Check that a BFT chain can start with a configuration, and go on after it.

    Raises:
        ConfigtxError: in Fabric's words.
    """
    orderer = values.group_at(config.channel_group, "Orderer")
    consenters = bft.mapping_of(orderer)
    members = Members.of(config.channel_group)
    for node in consenters:
        _check_certificates(node)
        if node.msp_id not in members.by_id:
            raise ConfigtxError(f"no MSP found for MSP with ID of {node.msp_id}")
    _check_options(_options(orderer), values.read(orderer, "BatchSize", orderer_pb2.BatchSize()))
    _check_ids(consenters)


def _options(orderer: configtx_pb2.ConfigGroup) -> smartbft_pb2.Options:
    kind = values.read(orderer, "ConsensusType", orderer_pb2.ConsensusType())
    return values.parse(
        smartbft_pb2.Options(), kind.metadata, "invalid options encoded in consensus metadata"
    )


def _policy(policy: policies_pb2.Policy) -> str:
    # Go prints the message whole, with its space between fields chosen at random.
    kind = enum_name(policies_pb2.Policy.PolicyType.DESCRIPTOR, policy.type)
    return f"a policy of type {kind} and {len(policy.value)} bytes"


def _check_certificates(node: configuration_pb2.Consenter) -> None:
    tls, signing = "invalid PEM block", "could not decode the PEM structure"
    for pem, words in ((node.server_tls_cert, tls), (node.client_tls_cert, tls), (node.identity, signing)):
        try:
            load_certificate(pem)
        except IdentityError as error:
            raise ConfigtxError(words) from error


def _check_options(options: smartbft_pb2.Options, batch: orderer_pb2.BatchSize) -> None:
    lengths = {}
    for name in _DURATIONS:
        try:
            lengths[name] = nanoseconds(getattr(options, name))
        except ValueError as error:
            raise ConfigtxError(
                f"bad config metadata option {_go_name(name)}: time: invalid duration "
                f'"{getattr(options, name)[:80]}"'
            ) from error
    problem = _zero_option(options, lengths) or _too_large_option(lengths, batch)
    if problem:
        raise ConfigtxError(f"config validation failed: {problem}")


def _zero_option(options: smartbft_pb2.Options, lengths: dict[str, int]) -> str:
    """Name the first option that must not be zero but is, in SmartBFT's order; empty if there is none."""
    order = [
        "request_batch_max_interval",
        "incoming_message_buffer_size",
        "request_pool_size",
        "request_forward_timeout",
        "request_complain_timeout",
        "request_auto_remove_timeout",
        "view_change_resend_interval",
        "view_change_timeout",
        "leader_heartbeat_timeout",
        "leader_heartbeat_count",
        "collect_timeout",
    ]
    wrong = (name for name in order if lengths.get(name, 1) <= 0 or getattr(options, name) == 0)
    return next((f"{_go_name(name)} should be greater than zero" for name in wrong), "")


def _too_large_option(lengths: dict[str, int], batch: orderer_pb2.BatchSize) -> str:
    if batch.max_message_count > batch.absolute_max_bytes:
        return "RequestBatchMaxCount is bigger than RequestBatchMaxBytes"
    if batch.absolute_max_bytes < bft.REQUEST_MAX_BYTES:
        return "RequestMaxBytes is bigger than RequestBatchMaxBytes"
    wrong = (pair for pair in NOT_LONGER if lengths[pair[0]] > lengths[pair[1]])
    return next((f"{_go_name(low)} is bigger than {_go_name(high)}" for low, high in wrong), "")


def _check_ids(consenters: Sequence[configuration_pb2.Consenter]) -> None:
    ids = sorted(node.id for node in consenters)
    shown = f"[{' '.join(map(str, ids))}]"
    if 0 in ids:
        raise ConfigtxError(f"nodes contains node id 0 which is not permitted, nodes: {shown}")
    if len(set(ids)) != len(ids):
        raise ConfigtxError(f"nodes contains duplicate IDs, nodes: {shown}")


def _go_name(name: str) -> str:
    return re.sub(r"(?:^|_)([a-z])", lambda match: match[1].upper(), name)
