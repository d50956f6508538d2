"""Check the collections of a definition, and refuse them in Fabric's words.

Source: core/chaincode/lifecycle/scc.go validateInput, common/cauthdsl/cauthdsl.go (Fabric 3.1.5).
"""

import re
from collections.abc import Sequence

from fabric_protos.common import policies_pb2
from fabric_protos.msp import identities_pb2, msp_principal_pb2
from fabric_protos.peer import collection_pb2

from heddle.embedded.fabric.channelconfig import ChannelConfig
from heddle.embedded.fabric.malformed import MALFORMED
from heddle.embedded.fabric.peer.collections import Collection
from heddle.protobuf import enum_name

__all__ = ["collections_refusal"]

_NAME = re.compile(r"[A-Za-z0-9-]+([A-Za-z0-9_-]+)*")
_KIND = msp_principal_pb2.MSPPrincipal


class _Refused(Exception):  # noqa: N818 - an answer, not a mistake
    pass


def collections_refusal(
    config: ChannelConfig,
    wanted: collection_pb2.CollectionConfigPackage,
    committed: collection_pb2.CollectionConfigPackage | None,
) -> str:
    """Return why a definition cannot have these collections; empty if it can.

    Args:
        config: the channel's.
        wanted: proposed.
        committed: of the definition in force, if there is one.
    """
    try:
        collections = _static(wanted)
        seen: set[str] = set()
        for collection in collections:
            _check(config, collection, seen)
            seen.add(collection.name)
        if committed is not None and committed.config:
            _check_change(collections, _static(committed))
    except _Refused as refused:
        return str(refused)
    return ""


def _static(package: collection_pb2.CollectionConfigPackage) -> list[Collection]:
    for one in package.config:
        if one.WhichOneof("payload") is None:
            raise _Refused("collection config contains unexpected payload type: <nil>")
    return [one.static_collection_config for one in package.config]


def _check(config: ChannelConfig, collection: Collection, seen: set[str]) -> None:
    name = collection.name
    required, maximum = collection.required_peer_count, collection.maximum_peer_count
    if not _NAME.fullmatch(name):
        raise _Refused(
            f"invalid collection name '{name}'. Names can only consist of alphanumerics, '_', and '-' "
            "and cannot begin with '_'"
        )
    if name in seen:
        raise _Refused(f"collection-name: {name} -- found duplicate in collection configuration")
    if maximum < required:
        raise _Refused(
            f"collection-name: {name} -- maximum peer count ({maximum}) cannot be less than "
            f"the required peer count ({required})"
        )
    if required < 0:
        raise _Refused(f"collection-name: {name} -- requiredPeerCount ({required}) cannot be less than zero")
    _check_policy(config, collection)


def _check_policy(config: ChannelConfig, collection: Collection) -> None:
    name = collection.name
    if not collection.HasField("member_orgs_policy"):
        raise _Refused(f"collection member policy is not set for collection '{name}'")
    if collection.member_orgs_policy.WhichOneof("payload") is None:
        raise _Refused(f"collection member org policy is empty for collection '{name}'")
    policy = collection.member_orgs_policy.signature_policy
    words = _policy_refusal(policy, policy.rule)
    if words:
        raise _Refused(f"invalid member org policy for collection '{name}': {words}")
    needed = _not_or(policy.rule)
    if needed is not None:
        raise _Refused(
            f"collection-name: {name} -- error in member org policy: "
            f"signature policy is not an OR concatenation, NOutOf {needed}"
        )
    for principal in policy.identities:
        _check_principal(config, name, principal)


def _policy_refusal(policy: policies_pb2.SignaturePolicyEnvelope, rule: policies_pb2.SignaturePolicy) -> str:
    """Return why a policy cannot be compiled (cauthdsl.go compile)."""
    match rule.WhichOneof("Type"):
        case "n_out_of":
            return next(filter(None, (_policy_refusal(policy, one) for one in rule.n_out_of.rules)), "")
        case "signed_by":
            if 0 <= rule.signed_by < len(policy.identities):
                return ""
            count = len(policy.identities)
            return (
                f"identity index out of range, requested {rule.signed_by}, but identities length is {count}"
            )
    return "Unknown type: <nil>:<nil>"


def _not_or(rule: policies_pb2.SignaturePolicy) -> int | None:
    """Return the number in the first part of a rule that is more than a choice of one."""
    if rule.WhichOneof("Type") != "n_out_of":
        return None
    if rule.n_out_of.n != 1:
        return int(rule.n_out_of.n)
    return next((found for one in rule.n_out_of.rules if (found := _not_or(one)) is not None), None)


def _check_principal(config: ChannelConfig, name: str, principal: msp_principal_pb2.MSPPrincipal) -> None:
    kind = principal.principal_classification
    try:
        if kind == _KIND.ROLE:
            msp_id = msp_principal_pb2.MSPRole.FromString(principal.principal).msp_identifier
        elif kind == _KIND.ORGANIZATION_UNIT:
            msp_id = msp_principal_pb2.OrganizationUnit.FromString(principal.principal).msp_identifier
        elif kind == _KIND.IDENTITY:
            msp_id = identities_pb2.SerializedIdentity.FromString(principal.principal).mspid
        else:
            words = f"principal type {enum_name(_KIND.Classification.DESCRIPTOR, kind)} is not supported"
            raise _Refused(f"collection-name: {name} -- {words}")
    except MALFORMED as error:
        words = f"cannot unmarshal identity bytes: {error}"
        raise _Refused(f"collection-name: {name} -- {words}") from error
    if msp_id in _members(config):
        return
    if kind == _KIND.IDENTITY:
        raise _Refused(f"collection-name: {name} -- contains an identity that is not part of the channel")
    raise _Refused(f"collection-name: {name} -- collection member '{msp_id}' is not part of the channel")


def _members(config: ChannelConfig) -> set[str]:
    """Return all MSPs of the channel, of orderers as well."""
    settings = config.settings
    return {
        *(organization.msp.msp_id for organization in settings.peer_organizations),
        *(organization.msp.msp_id for organization in settings.orderer_organizations),
    }


def _check_change(wanted: Sequence[Collection], committed: Sequence[Collection]) -> None:
    if not wanted:
        raise _Refused("the proposed collection config does not contain previously defined collections")
    by_name = {collection.name: collection for collection in wanted}
    for before in committed:
        after = by_name.get(before.name)
        if after is None:
            raise _Refused(
                f"existing collection [{before.name}] missing in the proposed collection configuration"
            )
        if after.block_to_live != before.block_to_live:
            raise _Refused(
                f"the BlockToLive in an existing collection [{before.name}] modified. "
                f"Existing value [{before.block_to_live}]"
            )
