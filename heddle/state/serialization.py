"""Read and write property values as the state has them: JSON with Pulumi's signatures, secrets encrypted.

Source: pkg/resource/stack/deployment.go (SerializePropertyValue, DeserializePropertyValue) of pulumi/pulumi.
"""

import json
import math
import struct
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from heddle.errors import EngineError, PluginError
from heddle.plugin.codec import (
    ARCHIVE,
    ASSET,
    RESOURCE,
    SECRET,
    SIGNATURE,
    UNKNOWN_SENTINEL,
    decode_wrapper,
    number,
)
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
from heddle.state.encryption import Crypter

__all__ = ["Json", "dump", "dump_properties", "load_properties", "to_json"]

Json: TypeAlias = Any
FLOAT = "8ad145fe-0d11-4827-bfd7-1abcbf086f5c"
"""Signature of a number that JSON has no word for (NaN, infinities): its bits in hexadecimal."""
_Encrypt: TypeAlias = Callable[[str], str]


def dump(document: Json) -> str:
    """Return compact JSON without HTML escapes, as the CLI writes it."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def dump_properties(properties: Mapping[str, Value], crypter: Crypter, owner: str) -> dict[str, Json]:
    """Return the JSON form of a resource's properties, keys sorted as Go sorts them; `owner` is its URN."""
    return _object(properties, lambda plaintext: crypter.encrypt(plaintext, owner))


def _object(properties: Mapping[str, Value], encrypt: _Encrypt) -> dict[str, Json]:
    return {key: to_json(properties[key], encrypt) for key in sorted(properties)}


def to_json(value: Value, encrypt: _Encrypt) -> Json:
    """Return the JSON form of a value; secrets inside a secret stay readable inside its plaintext."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {SIGNATURE: FLOAT, "value": struct.pack(">d", value).hex()}
    if isinstance(value, list):
        return [to_json(item, encrypt) for item in value]
    if isinstance(value, dict):
        return _object(value, encrypt)
    if isinstance(value, Unknown):
        return UNKNOWN_SENTINEL
    if isinstance(value, Secret):
        return {SIGNATURE: SECRET, "ciphertext": encrypt(dump(to_json(value.value, lambda text: text)))}
    if isinstance(value, ResourceReference):
        return _reference(value)
    return _asset(value, encrypt)


def _reference(value: ResourceReference) -> Json:
    fields: Json = {SIGNATURE: RESOURCE, "urn": str(value.urn), "packageVersion": value.package_version}
    if value.id is not None:
        fields["id"] = UNKNOWN_SENTINEL if isinstance(value.id, Unknown) else value.id
    return fields


def _asset(value: Asset | Archive, encrypt: _Encrypt) -> Json:
    fields: Json = {SIGNATURE: ASSET if isinstance(value, Asset) else ARCHIVE, "hash": value.hash}
    if isinstance(value, Asset) and value.text is not None:
        fields["text"] = value.text
    if isinstance(value, Archive) and value.assets is not None:
        fields["assets"] = _object(value.assets, encrypt)
    fields |= {key: item for key, item in (("path", value.path), ("uri", value.uri)) if item is not None}
    return fields


def load_properties(document: Json, crypter: Crypter, owner: str) -> Properties:
    """Read a resource's properties. Raises EngineError for what cannot be decrypted or is unknown."""
    return {
        key: _from_json(item, lambda text: crypter.decrypt(text, owner))
        for key, item in (document or {}).items()
    }


def _from_json(document: Json, decrypt: _Encrypt) -> Value:
    """Read a value from its JSON form."""
    if isinstance(document, float):
        return number(document)
    if isinstance(document, str):
        return UNKNOWN if document == UNKNOWN_SENTINEL else document
    if isinstance(document, list):
        return [_from_json(item, decrypt) for item in document]
    if isinstance(document, dict):
        if SIGNATURE in document:
            return _special(document, decrypt)
        return {key: _from_json(item, decrypt) for key, item in document.items()}
    plain: Value = document
    return plain


def _special(document: dict[str, Json], decrypt: _Encrypt) -> Value:
    """Read a value that has a signature."""
    signature = document[SIGNATURE]
    if signature == SECRET:
        plaintext = document["plaintext"] if "plaintext" in document else decrypt(document["ciphertext"])
        return secret(_from_json(json.loads(plaintext), lambda text: text))
    if signature == FLOAT:
        (value,) = struct.unpack(">d", bytes.fromhex(document["value"]))
        return float(value)
    try:
        return decode_wrapper({key: _from_json(item, decrypt) for key, item in document.items()})
    except PluginError as error:
        raise EngineError(f"a value in the state cannot be read: {error.message}") from error
