"""Apply a configuration update exactly as an orderer does, or refuse it in the orderer's words.

Source: common/configtx/{update,validator}.go, orderer/common/msgprocessor/standardchannel.go,
orderer/common/multichannel/chainsupport.go (Fabric 3.1.5).
"""

from collections.abc import Iterable, Mapping, Sequence

from fabric_protos.common import common_pb2, configtx_pb2

from heddle.configtx import values
from heddle.configtx.bundle import check_bundle, check_succession
from heddle.configtx.elements import Element, element_map, group_of
from heddle.configtx.members import Signatory
from heddle.configtx.names import check_config_id
from heddle.configtx.policies import MissingSignatures, SignedData, missing, refusal, valid_identities
from heddle.errors import ConfigtxError, IdentityError
from heddle.protobuf import enum_name

__all__ = [
    "apply_update",
    "authorized_group",
    "changed_elements",
    "missing_signatures",
    "required_policies",
    "signed_data",
    "written_elements",
]


def apply_update(config: configtx_pb2.Config, envelope: common_pb2.Envelope) -> configtx_pb2.Config:
    """Return the configuration after an update, sequence counted up.

    What it leaves to others: who may submit (`filters`), and consensus rules (`consensus`).

    Args:
        config: the channel's configuration now.
        envelope: of type CONFIG_UPDATE, for the channel that its header names.

    Raises:
        ConfigtxError: refused; the words are those of Fabric's BroadcastResponse.
    """
    channel, content = _open(envelope)
    try:
        elements = _authorize(config, channel, content)
        new = configtx_pb2.Config(sequence=config.sequence + 1, channel_group=group_of(elements))
        check_bundle(new)
        check_succession(config, new)
    except (ConfigtxError, IdentityError) as error:
        words = f"error applying config update to existing channel '{channel}': {error.message}"
        raise ConfigtxError(words) from error
    return new


def authorized_group(
    config: configtx_pb2.Config, envelope: common_pb2.Envelope, channel: str
) -> configtx_pb2.ConfigGroup:
    """Return the tree that a signed update makes of a configuration, by what a peer checks.

    Those are signatures and versions. What only orderers check is left out, so that old updates hold which
    newer orderers would not take.

    Raises:
        ConfigtxError: not an update of this channel, or not allowed; in Fabric's words.
    """
    named, content = _open(envelope)
    if named != channel:
        raise ConfigtxError(f"the update is for channel '{named}', not for '{channel}'")
    return group_of(_authorize(config, channel, content))


def changed_elements(config: configtx_pb2.Config, update: configtx_pb2.ConfigUpdate) -> dict[str, Element]:
    """Return the elements that an update writes, by their keys in the tree.

    Raises:
        ConfigtxError: the update does not fit the configuration; in Fabric's words.
    """
    return _delta(element_map(config.channel_group), update)


def required_policies(config: configtx_pb2.Config, update: configtx_pb2.ConfigUpdate) -> dict[str, list[str]]:
    """Return the changed elements by the absolute path of the policy that governs them and must consent.

    Raises:
        ConfigtxError: the update does not fit the configuration; in Fabric's words.
    """
    existing = element_map(config.channel_group)
    required: dict[str, list[str]] = {}
    for key in _delta(existing, update):
        if key in existing:
            required.setdefault(existing[key].policy_path, []).append(key)
    return {path: sorted(required[path]) for path in sorted(required)}


def missing_signatures(
    config: configtx_pb2.Config, update: configtx_pb2.ConfigUpdate, identities: Sequence[Signatory]
) -> dict[str, MissingSignatures]:
    """Return what each policy still lacks beside these signers, by the policy's path; empty if nothing.

    Raises:
        ConfigtxError: as `required_policies`.
    """
    root = config.channel_group
    needs = {path: missing(root, path, identities) for path in required_policies(config, update)}
    return {path: need for path, need in needs.items() if need is not None}


def _open(envelope: common_pb2.Envelope) -> tuple[str, configtx_pb2.ConfigUpdateEnvelope]:
    payload = values.parse(common_pb2.Payload(), envelope.payload, "the envelope's payload")
    header = values.parse(common_pb2.ChannelHeader(), payload.header.channel_header, "the channel header")
    if header.type != common_pb2.CONFIG_UPDATE:
        raise ConfigtxError(
            "error converting envelope to config update: invalid type "
            f"{enum_name(common_pb2.HeaderType.DESCRIPTOR, header.type)}, expected CONFIG_UPDATE"
        )
    content = values.parse(configtx_pb2.ConfigUpdateEnvelope(), payload.data, "the configuration update")
    return header.channel_id, content


def _authorize(
    config: configtx_pb2.Config, channel: str, content: configtx_pb2.ConfigUpdateEnvelope
) -> dict[str, Element]:
    update = values.parse(configtx_pb2.ConfigUpdate(), content.config_update, "the configuration update")
    if update.channel_id != channel:
        raise ConfigtxError(
            f"error authorizing update: ConfigUpdate for channel '{update.channel_id}' "
            f"but envelope for channel '{channel}'"
        )
    existing = element_map(config.channel_group)
    try:
        delta = _delta(existing, update)
        try:
            _check_delta(
                config.channel_group, existing, delta, signed_data(content.config_update, content.signatures)
            )
        except ConfigtxError as error:
            raise ConfigtxError(f"error validating DeltaSet: {error.message}") from error
        proposed = {**existing, **delta}
        for key in element_map(update.write_set):
            if key not in proposed:
                raise ConfigtxError(
                    f"full config did not verify: writeset contained key {key} "
                    "which did not appear in proposed config"
                )
    except ConfigtxError as error:
        raise ConfigtxError(f"error authorizing update: {error.message}") from error
    return proposed


def _delta(existing: Mapping[str, Element], update: configtx_pb2.ConfigUpdate) -> dict[str, Element]:
    """Return the elements whose version in the write set is not the one in the read set."""
    read = _mapped(update.read_set, "ReadSet")
    for key, element in read.items():
        problem = ""
        if key not in existing:
            problem = f"existing config does not contain element for {key} but was in the read set"
        elif existing[key].version != element.version:
            problem = (
                f"proposed update requires that key {key} be at version {element.version}, "
                f"but it is currently at version {existing[key].version}"
            )
        if problem:
            raise ConfigtxError(f"error validating ReadSet: {problem}")
    return written_elements(read, _mapped(update.write_set, "WriteSet"))


def written_elements(read: Mapping[str, Element], write: Mapping[str, Element]) -> dict[str, Element]:
    """Return the elements of a write set that are not merely named: their version is not the one read."""
    return {
        key: element
        for key, element in write.items()
        if key not in read or read[key].version != element.version
    }


def _mapped(root: configtx_pb2.ConfigGroup, name: str) -> dict[str, Element]:
    try:
        return element_map(root)
    except ConfigtxError as error:
        raise ConfigtxError(f"error mapping {name}: {error.message}") from error


def _check_delta(
    root: configtx_pb2.ConfigGroup,
    existing: Mapping[str, Element],
    delta: Mapping[str, Element],
    signed: Sequence[SignedData],
) -> None:
    if not delta:
        raise ConfigtxError("delta set was empty -- update would have no effect")
    # Fabric verifies signatures anew for each element; the answer is the same for all of them.
    identities = valid_identities(root, signed)
    for key in sorted(delta):
        _check_mod_policy(key, delta[key].mod_policy)
        version = delta[key].version
        if key not in existing:
            if version != 0:
                raise ConfigtxError(
                    f"attempted to set key {key} to version {version}, but key does not exist"
                )
            continue
        current = existing[key]
        if version != current.version + 1:
            raise ConfigtxError(
                f"attempt to set key {key} to version {version}, but key is at version {current.version}"
            )
        reason = refusal(root, current.policy_path, identities)
        if reason.startswith("no such policy"):
            raise ConfigtxError(f"unexpected missing policy {current.mod_policy} for item {key}")
        if reason:
            raise ConfigtxError(f"policy for {key} not satisfied: {reason}")


def _check_mod_policy(key: str, mod_policy: str) -> None:
    try:
        if not mod_policy:
            raise ConfigtxError("mod_policy not set")
        for index, step in enumerate(mod_policy.removeprefix("/").split("/")):
            try:
                check_config_id(step)
            except ConfigtxError as error:
                raise ConfigtxError(f"path element at {index} is invalid: {error.message}") from error
    except ConfigtxError as error:
        raise ConfigtxError(f"invalid mod_policy for element {key}: {error.message}") from error


def signed_data(update: bytes, signatures: Iterable[configtx_pb2.ConfigSignature]) -> list[SignedData]:
    """Return an update's signatures, each with its creator and the bytes signed. Raises ConfigtxError."""
    signed = []
    for signature in signatures:
        about = signature.signature_header
        header = values.parse(common_pb2.SignatureHeader(), about, "a signature's header")
        signed.append(SignedData(about + update, header.creator, signature.signature))
    return signed
