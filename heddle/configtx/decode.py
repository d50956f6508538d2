# ruff: noqa: ANN401 - the classes of protobuf messages and descriptors carry no types
"""Show blocks, configurations and transactions as the JSON that `configtxlator proto_decode` prints.

Fields that hold other messages as bytes are opened; what stands in `opaque` says which. Source:
fabric-config/protolator/*.go, protobuf's protojson with EmitUnpopulated and UseProtoNames (Fabric 3.1.5).
Blocks come from others: what cannot be read, or lies in itself too deep, is a ConfigtxError.
"""

import base64
import json
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.timestamp_pb2 import Timestamp

from heddle.configtx import values
from heddle.configtx.opaque import content_of, is_opaque, part_below
from heddle.errors import ConfigtxError

__all__ = ["json_text", "message_json"]

MAX_DEPTH: Final = 100
"""Messages inside messages. An endorsed transaction with its policies has thirty."""

_WIDE: Final = {FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64}
"""Written as text: JSON's numbers are not exact above 2^53."""

Tree = dict[str, Any]


def message_json(message: Any) -> Tree:
    """Decode a message as `configtxlator proto_decode` does. Raises ConfigtxError where that fails."""
    return _deep(message, "", MAX_DEPTH)


def json_text(tree: Tree) -> str:
    """Return the very text that configtxlator writes: keys in order, tabs, and `<`, `>`, `&` escaped."""
    text = json.dumps(tree, indent="\t", sort_keys=True, ensure_ascii=False)
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text + "\n"


def _deep(message: Any, part: str, depth: int) -> Tree:
    """Return a message with what is inside its bytes; `part` as `opaque` means it."""
    _check(depth)
    tree: Tree = {}
    for field in message.DESCRIPTOR.fields:
        if _left_out(message, field):
            continue
        if field.containing_oneof is not None:  # configtxlator does not look into these
            tree[field.name] = _field(message, field, depth)
        elif is_opaque(field.full_name, part):
            tree[field.name] = _opened(message, field, part, depth)
        elif _holds_messages(field):
            tree[field.name] = _nested(message, field, part, depth)
        else:
            tree[field.name] = _field(message, field, depth)
    return tree


def _opened(message: Any, field: Any, part: str, depth: int) -> Any:
    def content(data: bytes) -> Tree:
        inner = values.parse(content_of(message, field.full_name, part), data, str(field.full_name))
        return _deep(inner, "", depth - 1)

    value = getattr(message, field.name)
    if _is_map(field):  # ConfigUpdate.isolated_data, of which no content is known
        for key in value:
            raise ConfigtxError(f"{field.full_name}: unknown key {key[:80]!r}")
        return {}
    if _is_list(field):
        return [content(one) for one in value]
    return content(value) if value else None


def _nested(message: Any, field: Any, part: str, depth: int) -> Any:
    def below(one: Any, key: str = "") -> Tree:
        return _deep(one, part_below(message, field.name, key, part), depth - 1)

    value = getattr(message, field.name)
    if _is_map(field):
        return {key: below(value[key], key) for key in value}
    if _is_list(field):
        return [below(one) for one in value]
    return below(value) if message.HasField(field.name) else None


def _plain(message: Any, depth: int) -> Tree:
    """Return a message as protojson writes it, bytes in base64."""
    _check(depth)
    return {
        field.name: _field(message, field, depth)
        for field in message.DESCRIPTOR.fields
        if not _left_out(message, field)
    }


def _field(message: Any, field: Any, depth: int) -> Any:
    value = getattr(message, field.name)
    if _is_map(field):
        below = field.message_type.fields_by_name["value"]
        # Keys of maps are text in JSON, also true and false.
        keys = {key: str(key).lower() if isinstance(key, bool) else str(key) for key in value}
        return {text: _one(below, value[key], depth) for key, text in keys.items()}
    if _is_list(field):
        return [_one(field, one, depth) for one in value]
    if field.message_type is not None and not message.HasField(field.name):
        return None
    return _one(field, value, depth)


def _one(field: Any, value: Any, depth: int) -> Any:
    if isinstance(value, Timestamp):
        return _moment(value)
    if field.message_type is not None:
        return _plain(value, depth - 1)
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        return known.name if known else value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value) if field.cpp_type in _WIDE else value


def _moment(value: Timestamp) -> str:
    try:
        return str(value.ToJsonString())
    except (ValueError, OverflowError) as error:
        raise ConfigtxError(f"a time stamp of {value.seconds} seconds is out of range") from error


def _left_out(message: Any, field: Any) -> bool:
    return field.containing_oneof is not None and not message.HasField(field.name)


def _holds_messages(field: Any) -> bool:
    """Tell whether they are written deep: a map's keys must be text, and a time stamp has its own form."""
    kind = field.message_type
    if _is_map(field):
        if kind.fields_by_name["key"].cpp_type != FieldDescriptor.CPPTYPE_STRING:
            return False
        kind = kind.fields_by_name["value"].message_type
    return kind is not None and kind.full_name != "google.protobuf.Timestamp"


def _is_map(field: Any) -> bool:
    return bool(field.message_type is not None and field.message_type.GetOptions().map_entry)


def _is_list(field: Any) -> bool:
    return bool(field.label == FieldDescriptor.LABEL_REPEATED)


def _check(depth: int) -> None:
    if depth <= 0:
        raise ConfigtxError(f"more than {MAX_DEPTH} messages inside each other")
