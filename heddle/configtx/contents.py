# ruff: noqa: ANN401 - the classes of protobuf messages and descriptors carry no types
"""Open an element of a configuration as a tree of texts for people, with nothing left out.

Two elements have the same tree only if they are the same: what has no words (unknown fields, bytes that are
written in another way than Fabric's) is shown as bytes.
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from fabric_protos.common import configtx_pb2, policies_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.unknown_fields import UnknownFieldSet

from heddle.configtx import values
from heddle.configtx.elements import Element
from heddle.configtx.opaque import content_of, is_opaque, part_at
from heddle.configtx.policytext import policy_text
from heddle.errors import ConfigtxError
from heddle.identity.describe import certificate_text, revocation_list_text
from heddle.protobuf import enum_name
from heddle.text import escaped, shown_bytes

__all__ = ["EMPTY", "Tree", "element_tree"]

Tree: TypeAlias = "str | list[Tree] | dict[str, Tree]"

EMPTY: Final = "(none)"
"""Text of a certificate that is not there. No text of others reads so: the marks would be quoted."""
MAX_DEPTH: Final = 60
"""Messages inside messages; protobuf itself reads no more than a hundred."""
_LISTS: Final = {"msp.FabricMSPConfig.revocation_list"}
_CERTIFICATES: Final = {
    "msp.FabricMSPConfig.root_certs",
    "msp.FabricMSPConfig.intermediate_certs",
    "msp.FabricMSPConfig.admins",
    "msp.FabricMSPConfig.tls_root_certs",
    "msp.FabricMSPConfig.tls_intermediate_certs",
    "msp.FabricOUIdentifier.certificate",
    "msp.SigningIdentityInfo.public_signer",
    "common.Consenter.identity",
    "common.Consenter.client_tls_cert",
    "common.Consenter.server_tls_cert",
    "etcdraft.Consenter.client_tls_cert",
    "etcdraft.Consenter.server_tls_cert",
}
"""Fields that hold PEM. A field that is missing here is shown as bytes: less readable, never wrong."""


def element_tree(key: str, element: Element) -> dict[str, Tree]:
    """Return what an element says itself, by field; of a group not what lies in it. Version left out."""
    message = element.message
    tree: dict[str, Tree] = {"mod_policy": escaped(message.mod_policy), **_unknown_fields(message)}
    if isinstance(message, configtx_pb2.ConfigValue):
        name = key.rpartition("/")[2]
        tree["value"] = _value(message, f"{part_at(element.governed_at)}:{name}")
    elif isinstance(message, configtx_pb2.ConfigPolicy) and message.HasField("policy"):
        tree["policy"] = _policy(message.policy)
    return tree


def _value(message: configtx_pb2.ConfigValue, part: str) -> Tree:
    if not part.partition(":")[0]:
        return f"unknown to Heddle: {shown_bytes(message.value)}"
    return _content(message, "common.ConfigValue.value", part, message.value, MAX_DEPTH)


def _content(message: Any, field: str, part: str, data: bytes, depth: int) -> Tree:
    """Return the tree of the message that a field holds as bytes; the bytes where it cannot be read."""
    try:
        inner = values.parse(content_of(message, field, part), data, field)
    except ConfigtxError:
        return f"unknown to Heddle: {shown_bytes(data)}"
    tree = _tree(inner, depth - 1)
    if isinstance(tree, dict) and inner.SerializeToString(deterministic=True) != data:
        # Fabric reads both alike, but a signature holds for one of them.
        tree["(written in other bytes)"] = shown_bytes(data)
    return tree


def _tree(message: Any, depth: int) -> Tree:
    if depth <= 0:
        return f"more than {MAX_DEPTH} messages inside each other: {shown_bytes(message.SerializeToString())}"
    if isinstance(message, policies_pb2.Policy):
        return _policy(message)
    tree: dict[str, Tree] = {}
    for field in message.DESCRIPTOR.fields:
        if field.message_type is not None and not _is_list(field) and not message.HasField(field.name):
            continue
        if field.containing_oneof is not None and not message.HasField(field.name):
            continue
        tree[field.name] = _field(message, field, depth)
    return {**tree, **_unknown_fields(message)}


def _policy(policy: policies_pb2.Policy) -> Tree:
    unknown = _unknown_fields(policy)
    return {"rule": policy_text(policy), **unknown} if unknown else policy_text(policy)


def _field(message: Any, field: Any, depth: int) -> Tree:
    value = getattr(message, field.name)
    show = _shower(message, field, depth)
    if _is_map(field):
        below = _shower(message, field.message_type.fields_by_name["value"], depth)
        return {escaped(str(key)): below(value[key]) for key in sorted(value)}
    if _is_list(field):
        return [show(each) for each in value]
    return show(value)


def _shower(message: Any, field: Any, depth: int) -> Callable[[Any], Tree]:
    """Return the function that shows a single value of a field."""
    if field.message_type is not None:
        return lambda value: _tree(value, depth - 1)
    if field.enum_type is not None:
        return lambda value: enum_name(field.enum_type, value)
    if is_opaque(field.full_name, ""):
        return lambda value: _content(message, field.full_name, "", value, depth)
    if field.full_name in _CERTIFICATES:
        return lambda value: certificate_text(value) if value else EMPTY
    if field.full_name in _LISTS:
        return revocation_list_text
    if field.type == FieldDescriptor.TYPE_BYTES:
        return shown_bytes
    return lambda value: str(value).lower() if isinstance(value, bool) else escaped(str(value))


def _unknown_fields(message: Any) -> dict[str, Tree]:
    """Return the fields that Fabric's messages do not have, by number, in the order in which they stand."""
    found: dict[str, list[Tree]] = {}
    unknown: Any = UnknownFieldSet(message)
    for field in unknown:
        name = f"unknown field {field.field_number}"
        found.setdefault(name, []).append(f"{_foreign(field.data)} (kind {field.wire_type})")
    return {name: list(items) for name, items in found.items()}


def _foreign(data: Any) -> str:
    """Return what an unknown field holds: bytes, a number, or an unknown group."""
    if not isinstance(data, bytes | int):
        inner = (f"{each.field_number}: {_foreign(each.data)} (kind {each.wire_type})" for each in data)
        return f"group of ({', '.join(inner)})"
    return shown_bytes(data) if isinstance(data, bytes) else str(data)


def _is_map(field: Any) -> bool:
    return bool(field.message_type is not None and field.message_type.GetOptions().map_entry)


def _is_list(field: Any) -> bool:
    return bool(field.label == FieldDescriptor.LABEL_REPEATED)
