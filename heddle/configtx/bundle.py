"""Check that a node can run with a configuration, and that it may follow the one before it.

Source: common/channelconfig/*.go, orderer/common/multichannel/ledger_resources.go (Fabric 3.1.5).
"""

from typing import Any, Final

from fabric_protos.common import configtx_pb2, configuration_pb2, policies_pb2
from fabric_protos.msp import msp_config_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2

from heddle.configtx import values
from heddle.configtx.opaque import VALUES
from heddle.durations import nanoseconds
from heddle.errors import ConfigtxError, IdentityError
from heddle.identity.membership import membership

__all__ = ["check_bundle", "check_succession"]

_CHANNEL: Final = {**VALUES["Channel"], "Orderers": configuration_pb2.Orderers}
_ORDERER: Final = {name: kind for name, kind in VALUES["Orderer"].items() if name != "KafkaBrokers"}
"""Fabric 3 knows no Kafka any more, but configtxlator still reads what it left behind."""


def check_bundle(config: configtx_pb2.Config) -> None:
    """Make every check that a node makes when it loads a configuration.

    Raises:
        ConfigtxError: in Fabric's words.
    """
    root = config.channel_group
    if "Orderer" not in root.groups:
        raise ConfigtxError("config update is not compatible: config does not contain orderer config")
    _check_capability_order(root)
    try:
        _check_values(root, _CHANNEL)
        _check_channel(root)
        msps: dict[str, bytes] = {}
        for name, group in sorted(root.groups.items()):
            # Of system channels, before Fabric 3; `check_succession` forbids a new one.
            if name != "Consortiums":
                _check_section(name, group, _v3(root), msps)
    except (ConfigtxError, IdentityError) as error:
        raise ConfigtxError(f"initializing channelconfig failed: {error.message}") from error
    _check_policies(root, "Channel")
    _check_supported(root)


def check_succession(old: configtx_pb2.Config, new: configtx_pb2.Config) -> None:
    """Check what may not change between two configurations. Raises ConfigtxError in Fabric's words."""
    before, after = old.channel_group, new.channel_group
    for section, kind in (("Orderer", "orderer"), ("Application", "application")):
        if section not in before.groups:
            continue
        if section not in after.groups:
            raise ConfigtxError(f"current config has {kind} section, but new config does not")
        groups = after.groups[section].groups
        for name, group in sorted(before.groups[section].groups.items()):
            if name in groups and _msp_id(group) != _msp_id(groups[name]):
                raise ConfigtxError(
                    f"{kind} org {name} attempted to change MSP ID "
                    f"from {_msp_id(group)} to {_msp_id(groups[name])}"
                )
    if "Consortiums" in after.groups and "Consortiums" not in before.groups:
        raise ConfigtxError("current config has no consortiums section, but new config does")


def _check_capability_order(root: configtx_pb2.ConfigGroup) -> None:
    if "Capabilities" in root.groups["Orderer"].values:
        return
    if "Capabilities" in root.values:
        raise ConfigtxError("cannot enable channel capabilities without orderer support first")
    if "Capabilities" in values.group_at(root, "Application").values:
        raise ConfigtxError("cannot enable application capabilities without orderer support first")


def _check_values(group: configtx_pb2.ConfigGroup, known: dict[str, Any]) -> None:
    for name in sorted(group.values):
        if name not in known:
            raise ConfigtxError(f"failed to deserialize values: Unexpected key {name}")
        try:
            values.read(group, name, known[name]())
        except ConfigtxError as error:
            words = "failed to deserialize values: proto: cannot parse invalid wire-format data"
            raise ConfigtxError(words) from error


def _check_channel(root: configtx_pb2.ConfigGroup) -> None:
    hashing = values.read(root, "HashingAlgorithm", configuration_pb2.HashingAlgorithm())
    if hashing.name not in {"SHA256", "SHA3_256"}:
        raise ConfigtxError(f"Unknown hashing algorithm type: {hashing.name}")
    structure = values.read(root, "BlockDataHashingStructure", configuration_pb2.BlockDataHashingStructure())
    if structure.width != values.HASH_WIDTH:
        raise ConfigtxError("BlockDataHashStructure width only supported at MaxUint32 in this version")
    addresses = values.read(root, "OrdererAddresses", configuration_pb2.OrdererAddresses())
    # Below V1_4_2 the channel itself had to say where its orderers are.
    if not _capabilities(root) & {"V1_4_2", "V1_4_3", "V2_0", "V3_0"} and not addresses.addresses:
        raise ConfigtxError("Must set some OrdererAddresses")
    if _v3(root) and addresses.addresses:
        raise ConfigtxError(
            "global OrdererAddresses are not allowed with V3_0 capability, use org specific addresses only"
        )


def _check_section(name: str, group: configtx_pb2.ConfigGroup, v3: bool, msps: dict[str, bytes]) -> None:
    if name not in {"Orderer", "Application"}:
        raise ConfigtxError(f"Disallowed channel group: {name}")
    orderer = name == "Orderer"
    try:
        _check_values(group, _ORDERER if orderer else VALUES["Application"])
        if orderer:
            _check_batch(group)
        for below in sorted(group.groups):
            _check_organization(group.groups[below], orderer, msps)
        if orderer and v3:
            _check_endpoints(group)
    except (ConfigtxError, IdentityError) as error:
        raise ConfigtxError(f"could not create channel {name} sub-group config: {error.message}") from error


def _check_batch(orderer: configtx_pb2.ConfigGroup) -> None:
    size = values.read(orderer, "BatchSize", orderer_pb2.BatchSize())
    for field in ("max_message_count", "absolute_max_bytes", "preferred_max_bytes"):
        if getattr(size, field) == 0:
            words = field.replace("_", " ")
            raise ConfigtxError(f"Attempted to set the batch size {words} to an invalid value: 0")
    if size.preferred_max_bytes > size.absolute_max_bytes:
        raise ConfigtxError(
            f"Attempted to set the batch size preferred max bytes ({size.preferred_max_bytes}) "
            f"greater than the absolute max bytes ({size.absolute_max_bytes})."
        )
    timeout = values.read(orderer, "BatchTimeout", orderer_pb2.BatchTimeout()).timeout
    try:
        length = nanoseconds(timeout)
    except ValueError as error:
        raise ConfigtxError(
            f'Attempted to set the batch timeout to a invalid value: time: invalid duration "{timeout}"'
        ) from error
    if length <= 0:
        raise ConfigtxError(f"Attempted to set the batch timeout to a non-positive value: {timeout}")


def _check_organization(group: configtx_pb2.ConfigGroup, orderer: bool, msps: dict[str, bytes]) -> None:
    if group.groups:
        raise ConfigtxError(
            f"{'OrdererOrg' if orderer else 'ApplicationOrg'} config does not allow sub-groups"
        )
    _check_values(group, VALUES["Orderer Org" if orderer else "Application Org"])
    content = group.values["MSP"].value if "MSP" in group.values else b""
    try:
        msp_id = membership(content).msp_id
    except IdentityError as error:
        raise ConfigtxError(f"setting up the MSP manager failed: {error.message}") from error
    if not msp_id:
        raise ConfigtxError("MSP for org has empty MSP ID")
    config = msp_config_pb2.MSPConfig.FromString(content)
    if msp_id in msps and config != msp_config_pb2.MSPConfig.FromString(msps[msp_id]):
        raise ConfigtxError(f"Attempted to define two different versions of MSP: {msp_id}")
    msps[msp_id] = content


def _check_endpoints(orderer: configtx_pb2.ConfigGroup) -> None:
    empty = [
        name
        for name in sorted(orderer.groups)
        if not values.read(orderer.groups[name], "Endpoints", configuration_pb2.OrdererAddresses()).addresses
    ]
    if empty:
        raise ConfigtxError(f"some orderer organizations endpoints are empty: [{' '.join(empty)}]")


def _check_policies(group: configtx_pb2.ConfigGroup, path: str) -> None:
    for name, below in sorted(group.groups.items()):
        _check_policies(below, f"{path}/{name}")
    for name, item in sorted(group.policies.items()):
        try:
            _check_policy(item)
        except ConfigtxError as error:
            raise ConfigtxError(
                f"initializing policymanager failed: policy {name} at path {path} {error.message}"
            ) from error


def _check_policy(item: configtx_pb2.ConfigPolicy) -> None:
    if not item.HasField("policy"):
        raise ConfigtxError("was nil")
    kind, data = item.policy.type, item.policy.value
    if kind == policies_pb2.Policy.IMPLICIT_META:
        values.parse(policies_pb2.ImplicitMetaPolicy(), data, "did not compile: the policy")
    elif kind == policies_pb2.Policy.SIGNATURE:
        envelope = values.parse(policies_pb2.SignaturePolicyEnvelope(), data, "did not compile: the policy")
        _check_rule(envelope.rule, len(envelope.identities))
    else:
        raise ConfigtxError(f"has unknown policy type: {kind}")


def _check_rule(rule: policies_pb2.SignaturePolicy, identities: int) -> None:
    kind = rule.WhichOneof("Type")
    if kind is None:
        raise ConfigtxError("did not compile: Empty policy element")
    for below in rule.n_out_of.rules:
        _check_rule(below, identities)
    if kind == "signed_by" and not 0 <= rule.signed_by < identities:
        raise ConfigtxError(
            f"did not compile: identity index out of range, requested {rule.signed_by}, "
            f"but identities length is {identities}"
        )


def _check_supported(root: configtx_pb2.ConfigGroup) -> None:
    # Application capabilities are not the orderer's affair: it lets unknown ones pass, and peers crash.
    for part, name, group in (("orderer", "Orderer", root.groups["Orderer"]), ("channel", "Channel", root)):
        for capability in sorted(_capabilities(group)):
            if capability not in values.CAPABILITIES[part]:
                words = f"{name} capability {capability} is required but not supported"
                raise ConfigtxError(
                    # Twice, as Fabric says it.
                    f"config update is not compatible: config requires unsupported {part} capabilities: "
                    f"{words}: {words}"
                )


def _capabilities(group: configtx_pb2.ConfigGroup) -> set[str]:
    return set(values.read(group, "Capabilities", configuration_pb2.Capabilities()).capabilities)


def _v3(root: configtx_pb2.ConfigGroup) -> bool:
    return "V3_0" in _capabilities(root)


def _msp_id(group: configtx_pb2.ConfigGroup) -> str:
    return membership(group.values["MSP"].value).msp_id
