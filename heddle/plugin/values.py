"""Hold property values as plain Python.

A property value is None, bool, int, float, str, list, dict with str keys, or one of the wrappers here.
Numbers without a fraction are always int, so that equal values compare and print equal.
Lists and dicts are never changed in place: whoever wants another value builds one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias, Union

__all__ = [
    "UNKNOWN",
    "Archive",
    "Asset",
    "Properties",
    "ResourceReference",
    "Secret",
    "Unknown",
    "Value",
    "has_secret",
    "has_unknown",
    "map_values",
    "plain",
    "reveal",
    "same",
    "secret",
    "strip_secrets",
]


@dataclass(frozen=True)
class Secret:
    """A value that is encrypted in the state and never printed. Never nested directly in another Secret."""

    value: "Value"

    def __repr__(self) -> str:
        return "Secret([secret])"


@dataclass(frozen=True)
class Unknown:
    """A value that is known after apply; there is one, `UNKNOWN`."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True, kw_only=True)
class Asset:
    """A file, text or address given as an input; exactly one of `path`, `text`, `uri` is set."""

    path: str | None = None
    text: str | None = None
    uri: str | None = None
    hash: str = ""


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A folder, archive or map of assets given as an input; exactly one of the three is set."""

    assets: "dict[str, Value] | None" = None
    path: str | None = None
    uri: str | None = None
    hash: str = ""


@dataclass(frozen=True, kw_only=True)
class ResourceReference:
    """Another resource as a value. `id` is None for components."""

    urn: str
    id: "str | Unknown | None" = None
    package_version: str = ""


Value: TypeAlias = Union[
    bool,
    int,
    float,
    str,
    "list[Value]",
    "dict[str, Value]",
    Secret,
    Unknown,
    Asset,
    Archive,
    ResourceReference,
    None,
]
Properties: TypeAlias = dict[str, Value]


def secret(value: Value) -> Secret:
    """Mark a value secret; a secret stays as it is."""
    return value if isinstance(value, Secret) else Secret(value)


def map_values(value: Value, change: Callable[[Value], Value]) -> Value:
    """Rebuild a value bottom-up, `change` being called on every node after its children."""
    if isinstance(value, Secret):
        inner = map_values(value.value, change)
        return change(inner if isinstance(inner, Secret) else Secret(inner))
    if isinstance(value, list):
        return change([map_values(item, change) for item in value])
    if isinstance(value, dict):
        return change({key: map_values(item, change) for key, item in value.items()})
    if isinstance(value, Archive) and value.assets is not None:
        assets = {key: map_values(item, change) for key, item in value.assets.items()}
        return change(replace(value, assets=assets))
    return change(value)


def strip_secrets(value: Value) -> Value:
    """Return the same value without its Secret wrappers. For comparing and for acting, never for showing."""
    return map_values(value, lambda node: node.value if isinstance(node, Secret) else node)


def reveal(properties: Mapping[str, Value]) -> Properties:
    """Return `strip_secrets` of a whole set of properties."""
    return {key: strip_secrets(value) for key, value in properties.items()}


def plain(value: Value) -> Value:
    """Return a value fit for showing and for JSON, in Pulumi's words: `[secret]`, `[unknown]`."""
    if isinstance(value, Secret):
        return "[secret]"
    if isinstance(value, Unknown):
        return "[unknown]"
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, ResourceReference):
        return value.urn
    if isinstance(value, Asset | Archive):
        return "[asset]" if isinstance(value, Asset) else "[archive]"
    return value


def _any(value: Value, wanted: type) -> bool:
    """Tell whether a node of the given type is anywhere in the value."""
    if isinstance(value, wanted):
        return True
    if isinstance(value, Secret):
        return _any(value.value, wanted)
    if isinstance(value, list):
        return any(_any(item, wanted) for item in value)
    if isinstance(value, dict):
        return any(_any(item, wanted) for item in value.values())
    if isinstance(value, ResourceReference):
        return isinstance(value.id, wanted)
    return isinstance(value, Archive) and value.assets is not None and _any(value.assets, wanted)


def has_unknown(value: Value) -> bool:
    """Tell whether anything in the value is known only after apply."""
    return _any(value, Unknown)


def has_secret(value: Value) -> bool:
    """Tell whether anything in the value is secret."""
    return _any(value, Secret)


def same(left: Value, right: Value) -> bool:
    """Tell whether two values are equal, secret or not, and nothing in them unknown.

    Unlike Python, true differs from 1.
    """
    if isinstance(left, Secret):
        return same(left.value, right)
    if isinstance(right, Secret):
        return same(left, right.value)
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return False
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(item, right[key]) for key, item in left.items())
    if isinstance(left, Archive) and isinstance(right, Archive):
        return same(left.assets, right.assets) and replace(left, assets=None) == replace(right, assets=None)
    return left == right
