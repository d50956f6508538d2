"""Read Kubernetes objects, which are plain dicts, without surprises.

An object is what JSON holds, but during previews parts of an input may be UNKNOWN.
"""

from typing import Any, TypeAlias

from heddle.plugin.values import Properties, Secret, Value

__all__ = [
    "AUTONAMED",
    "Json",
    "annotation",
    "annotations",
    "at",
    "copied",
    "from_properties",
    "id_of",
    "is_true",
    "kind_id",
    "name_of",
    "namespace_of",
    "split_id",
    "with_metadata",
    "without",
]

Json: TypeAlias = dict[str, Any]

AUTONAMED = "pulumi.com/autonamed"


def from_properties(properties: Properties) -> Json:
    """Return the properties as an object: secrets opened, nulls left out, UNKNOWN kept."""
    return {key: _plain(value) for key, value in properties.items() if value is not None}


def _plain(value: Value) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Secret):
        return _plain(value.value)
    if isinstance(value, dict):
        return from_properties(value)
    if isinstance(value, list):
        return [_plain(item) for item in value if item is not None]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def at(obj: Any, *path: str) -> Any:  # noqa: ANN401 - JSON
    """Return what is at a path of keys, None where a step is missing or no map."""
    for key in path:
        if not isinstance(obj, dict):
            return None
        obj = obj.get(key)
    return obj


def copied(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a deep copy of maps and lists."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value


def without(obj: Json, *path: str) -> Json:
    """Return the object without the field at a path; the object itself when there is none."""
    key, *rest = path
    if key not in obj:
        return obj
    if not rest:
        return {name: value for name, value in obj.items() if name != key}
    inner = obj[key]
    return {**obj, key: without(inner, *rest)} if isinstance(inner, dict) else obj


def with_metadata(obj: Json, **fields: Any) -> Json:  # noqa: ANN401 - JSON
    """Return the object with metadata fields set; an empty value removes its field."""
    metadata = dict(at(obj, "metadata") or {})
    for key, value in fields.items():
        if value:
            metadata[key] = value
        else:
            metadata.pop(key, None)
    return {**obj, "metadata": metadata} if metadata or "metadata" in obj else obj


def name_of(obj: Json) -> str:
    """Return metadata.name, "" when missing or unknown."""
    name = at(obj, "metadata", "name")
    return name if isinstance(name, str) else ""


def namespace_of(obj: Json) -> str:
    """Return metadata.namespace, "" when missing or unknown."""
    namespace = at(obj, "metadata", "namespace")
    return namespace if isinstance(namespace, str) else ""


def annotations(obj: Json) -> dict[str, str]:
    """Return the annotations that are known."""
    found = at(obj, "metadata", "annotations")
    return {k: v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}


def annotation(obj: Json, key: str) -> str:
    """Return one annotation, "" when missing."""
    return annotations(obj).get(key, "")


def is_true(obj: Json, key: str) -> bool:
    """Tell whether an annotation says "true"."""
    return annotation(obj, key) == "true"


def kind_id(obj: Json) -> str:
    """Return `apps/v1/StatefulSet`, `v1/Service`; the group `core` is written as the API does, without it."""
    version = str(obj.get("apiVersion", "")).removeprefix("core/")
    return f"{version}/{obj.get('kind', '')}"


def id_of(obj: Json) -> str:
    """Return the id in Pulumi's state: namespace/name, or the name alone."""
    namespace = namespace_of(obj)
    return f"{namespace}/{name_of(obj)}" if namespace else name_of(obj)


def split_id(resource_id: str) -> tuple[str, str]:
    """Return (namespace, name) of an id."""
    namespace, _, name = resource_id.rpartition("/")
    return namespace, name
