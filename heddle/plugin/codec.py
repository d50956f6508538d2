"""Put property values on the wire and read them: google.protobuf.Struct with Pulumi's signatures.

Source: sdk/go/common/resource/plugin/rpc.go and sdk/go/common/resource/sig/sig.go of pulumi/pulumi.
"""

from collections.abc import Mapping

from google.protobuf.struct_pb2 import ListValue, Struct
from google.protobuf.struct_pb2 import Value as Wire

from heddle.errors import PluginError
from heddle.plugin.values import (
    UNKNOWN,
    Archive,
    Asset,
    Properties,
    ResourceReference,
    Secret,
    Unknown,
    Value,
    secret,
)

__all__ = [
    "ARCHIVE",
    "ASSET",
    "OUTPUT",
    "RESOURCE",
    "SECRET",
    "SIGNATURE",
    "UNKNOWN_SENTINEL",
    "decode",
    "decode_value",
    "decode_wrapper",
    "encode",
    "encode_value",
    "number",
]

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a public signature
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN_SENTINEL = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWN_SENTINELS = frozenset(
    {
        UNKNOWN_SENTINEL,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)


def number(value: float) -> int | float:
    """Return a number without a fraction as int, any other as it is (NaN and infinities too)."""
    return int(value) if value.is_integer() else value


def encode(properties: Mapping[str, Value]) -> Struct:
    """Put properties into a Struct."""
    struct = Struct()
    fields = struct.fields
    for key in sorted(properties):
        fields[key].CopyFrom(encode_value(properties[key]))
    return struct


def encode_value(value: Value) -> Wire:
    """Put one value into a protobuf Value. Raises PluginError for what no property may hold."""
    if value is None:
        return Wire(null_value=0)  # type: ignore[arg-type]  # NullValue.NULL_VALUE
    if isinstance(value, bool):
        return Wire(bool_value=value)
    if isinstance(value, int | float):
        return Wire(number_value=value)
    if isinstance(value, str):
        return Wire(string_value=value)
    if isinstance(value, list):
        return Wire(list_value=ListValue(values=[encode_value(item) for item in value]))
    if isinstance(value, dict):
        return Wire(struct_value=encode(value))
    return _encode_special(value)


def _encode_special(value: Value) -> Wire:
    """Put a wrapper into a protobuf Value."""
    if isinstance(value, Unknown):
        return Wire(string_value=UNKNOWN_SENTINEL)
    if isinstance(value, Secret):
        fields: Properties = {SIGNATURE: SECRET, "value": value.value}
    elif isinstance(value, Asset):
        fields = {SIGNATURE: ASSET, **_given(path=value.path, text=value.text, uri=value.uri)}
    elif isinstance(value, Archive):
        fields = {SIGNATURE: ARCHIVE, **_given(assets=value.assets, path=value.path, uri=value.uri)}
    elif isinstance(value, ResourceReference):
        fields = {SIGNATURE: RESOURCE, "urn": value.urn, **_given(id=value.id)}
        if value.package_version:
            fields["packageVersion"] = value.package_version
    else:
        raise PluginError(f"a property cannot hold a {type(value).__name__}")
    if isinstance(value, Asset | Archive) and value.hash:
        fields["hash"] = value.hash
    return Wire(struct_value=encode(fields))


def _given(**fields: Value) -> Properties:
    return {key: value for key, value in fields.items() if value is not None}


def decode(struct: Struct) -> Properties:
    """Read the properties of a Struct. Raises PluginError on a bad wrapper."""
    return {key: decode_value(value) for key, value in struct.fields.items()}


def decode_value(wire: Wire) -> Value:
    """Read one protobuf Value. Output values become plain, secret or unknown; dependencies are dropped."""
    kind = wire.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if wire.string_value in _UNKNOWN_SENTINELS else wire.string_value
    if kind == "number_value":
        return number(wire.number_value)
    if kind == "bool_value":
        return wire.bool_value
    if kind == "list_value":
        return [decode_value(item) for item in wire.list_value.values]
    if kind == "struct_value":
        fields = decode(wire.struct_value)
        return decode_wrapper(fields) if SIGNATURE in fields else fields
    return None


def decode_wrapper(fields: Properties) -> Value:
    """Read a wrapper from its fields, the signature among them. Raises PluginError."""
    signature = fields[SIGNATURE]
    if signature == SECRET:
        return secret(fields.get("value"))
    if signature == OUTPUT:
        value = fields.get("value", UNKNOWN)
        return secret(value) if fields.get("secret") is True else value
    if signature == ASSET:
        return Asset(
            path=_text(fields, "path"),
            text=_text(fields, "text"),
            uri=_text(fields, "uri"),
            hash=_text(fields, "hash") or "",
        )
    if signature == ARCHIVE:
        assets = fields.get("assets")
        return Archive(
            assets=assets if isinstance(assets, dict) else None,
            path=_text(fields, "path"),
            uri=_text(fields, "uri"),
            hash=_text(fields, "hash") or "",
        )
    if signature == RESOURCE:
        return _decode_reference(fields)
    raise PluginError(f"a property value has the unknown signature {signature!r}")


def _decode_reference(fields: Properties) -> ResourceReference:
    """Read a resource reference; an id that is empty or unknown is known after apply."""
    identifier = fields.get("id")
    if "id" in fields and (identifier == "" or not isinstance(identifier, str)):
        identifier = UNKNOWN
    urn = fields.get("urn")
    if not isinstance(urn, str):
        raise PluginError("a resource reference has no URN")
    return ResourceReference(
        urn=urn,
        id=identifier if isinstance(identifier, str | Unknown) else None,
        package_version=_text(fields, "packageVersion") or "",
    )


def _text(fields: Properties, key: str) -> str | None:
    value = fields.get(key)
    return value if isinstance(value, str) else None
