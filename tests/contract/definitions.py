"""Collections and lifecycle messages as cases write them."""

import io
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any

from fabric_protos.msp import msp_principal_pb2
from fabric_protos.peer import collection_pb2, policy_pb2
from fabric_protos.peer.lifecycle import lifecycle_pb2
from google.protobuf import json_format

from heddle.configtx.expression import parse_expression

_NAMES = {
    "required": "required_peer_count",
    "maximum": "maximum_peer_count",
    "blocks": "block_to_live",
    "only_read": "member_only_read",
    "only_write": "member_only_write",
}


def application_policy(text: str) -> policy_pb2.ApplicationPolicy:
    """An expression, or the path of a channel policy."""
    if text.startswith("/"):
        return policy_pb2.ApplicationPolicy(channel_config_policy_reference=text)
    return policy_pb2.ApplicationPolicy(signature_policy=parse_expression(text))


def collection_package(collections: Sequence[Mapping[str, Any]]) -> collection_pb2.CollectionConfigPackage:
    """Each `{name, policy, required, maximum, blocks, only_read, only_write, endorsement}`, right or wrong.

    A policy `none` is not set, `empty` has no content, `anonymous` and `out of range` cannot be members.
    """
    package = collection_pb2.CollectionConfigPackage()
    for wanted in collections:
        config = package.config.add()
        if wanted == {}:
            continue
        one = config.static_collection_config
        one.name = wanted["name"]
        for short, name in _NAMES.items():
            setattr(one, name, wanted.get(short, 0))
        _set_policy(one, wanted.get("policy", "OR('AlphaMSP.member', 'BetaMSP.member')"))
        if "endorsement" in wanted:
            one.endorsement_policy.CopyFrom(application_policy(wanted["endorsement"]))
    return package


def _set_policy(one: Any, text: str) -> None:
    match text:
        case "none":
            return
        case "empty":
            one.member_orgs_policy.SetInParent()
        case "anonymous":
            policy = one.member_orgs_policy.signature_policy
            policy.rule.signed_by = 0
            kind = msp_principal_pb2.MSPPrincipal.ANONYMITY
            policy.identities.add(principal_classification=kind)
        case "out of range":
            one.member_orgs_policy.signature_policy.rule.signed_by = 3
        case _:
            one.member_orgs_policy.signature_policy.CopyFrom(parse_expression(text))


def lifecycle_message(kind: str, fields: Mapping[str, Any]) -> bytes:
    """A message of `lifecycle_pb2` by its name; `collections` and `policy` as above, the rest as in JSON."""
    special = {"collections", "policy", "package"}
    plain = {name: value for name, value in fields.items() if name not in special}
    message = json_format.ParseDict(plain, getattr(lifecycle_pb2, kind)())
    if "collections" in fields:
        message.collections.CopyFrom(collection_package(fields["collections"]))
    if "package" in fields:
        content = fields["package"]
        message.chaincode_install_package = content.encode() if isinstance(content, str) else package(content)
    if "policy" in fields:
        message.validation_parameter = application_policy(fields["policy"]).SerializeToString()
    return bytes(message.SerializeToString())


def package(files: Mapping[str, Any]) -> bytes:
    """A gzipped archive of these files; contents that are no text are archives again, `null` a folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, wanted in files.items():
            entry = tarfile.TarInfo(name)
            if wanted is None:
                entry.type = tarfile.DIRTYPE
                archive.addfile(entry)
                continue
            content = wanted.encode() if isinstance(wanted, str) else package(wanted)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
