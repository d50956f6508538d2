"""Read and write resources as the state has them.

Source: sdk/go/common/apitype/core.go (ResourceV3, OperationV2) of pulumi/pulumi, checkpoint version 3.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from heddle.errors import NeedsCli
from heddle.plain import Plain
from heddle.plugin.values import Properties
from heddle.state.encryption import Crypter
from heddle.state.serialization import Json, dump, dump_properties, load_properties
from heddle.state.urn import is_provider_type, split_reference, urn_type

__all__ = ["Operation", "Resource", "dump_resource", "load_resource"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Resource:
    """Hold one resource of the state. Never changed; equal only to itself, since two of one URN can coexist.

    Times are RFC 3339, `custom_timeouts` seconds by verb. `others` holds what this engine does not touch.
    `aliases` are never stored: they tell the journal under which URNs the state knew this resource.
    """

    urn: str
    type: str
    custom: bool
    id: str = ""
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    protect: bool = False
    external: bool = False
    delete: bool = False
    pending_replacement: bool = False
    retain_on_delete: bool = False
    deleted_with: str = ""
    provider: str = ""
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    init_errors: tuple[str, ...] = ()
    additional_secret_outputs: tuple[str, ...] = ()
    custom_timeouts: Mapping[str, float] = field(default_factory=dict)
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    created: str = ""
    modified: str = ""
    source_position: str = ""
    others: Mapping[str, Json] = field(default_factory=dict)

    @property
    def is_provider(self) -> bool:
        """Tell whether this is a provider."""
        return is_provider_type(self.type)

    @cached_property
    def references(self) -> frozenset[str]:
        """Return the URNs that must stand before this one in the state and outlive it."""
        return frozenset(self._references())

    def _references(self) -> Iterator[str]:
        if self.provider:
            yield split_reference(self.provider)[0]
        if self.parent:
            yield self.parent
        if self.deleted_with:
            yield self.deleted_with
        yield from self.dependencies
        for urns in self.property_dependencies.values():
            yield from urns

    def alike(self, other: "Resource") -> bool:
        """Tell whether the state would hold the same for both, but for the times."""
        return all(
            getattr(self, item.name) == getattr(other, item.name)
            for item in fields(self)
            if item.name not in ("created", "modified", "source_position")
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Operation:
    """Name a provider call that is under way: `creating`, `updating` or `deleting`."""

    resource: Resource
    type: str


_PLAIN = (
    "parent",
    "protect",
    "external",
    "provider",
    "pending_replacement",
    "retain_on_delete",
    "deleted_with",
    "created",
    "modified",
    "source_position",
)
_LISTS = ("dependencies", "init_errors", "additional_secret_outputs", "ignore_changes", "replace_on_changes")
_KEYS = {name: re.sub(r"_(.)", lambda match: match[1].upper(), name) for name in (*_PLAIN, *_LISTS)}
"""Keys of the state's JSON by the attributes that hold them as they are, the lists as tuples."""
_TRANSLATED = {each.name for each in fields(Resource)} | {
    *_KEYS.values(),
    "propertyDependencies",
    "customTimeouts",
}
_REFUSED = {
    "taint",
    "replaceWith",
    "replacementTrigger",
    "viewOf",
    "resourceHooks",
    "extensionRef",
    "snippetID",
}


_KINDS: Mapping[str, Callable[[Plain], object]] = {
    **dict.fromkeys(
        ("custom", "delete", "protect", "external", "pendingReplacement", "retainOnDelete"), Plain.flag
    ),
    **dict.fromkeys(("id", "parent", "deletedWith", "created", "modified", "sourcePosition"), Plain.text),
    **dict.fromkeys((_KEYS[name] for name in _LISTS), Plain.texts),
    **dict.fromkeys(("inputs", "outputs"), Plain.object),
    "provider": lambda found: split_reference(found.text()) if found.value else None,
    "propertyDependencies": lambda found: [urns.texts() for _, urns in found.entries() if urns.value],
    "customTimeouts": lambda found: [time.seconds() for _, time in found.entries() if time.value],
}
"""The reader of each field that may be missing."""


def _check(entry: Plain) -> None:
    """Raise ShapeError or EngineError for fields of another kind, a URN or a reference that is none."""
    entry["type"].text()
    urn_type(entry["urn"].text())
    for key, read in _KINDS.items():
        if found := entry.get(key):
            read(found)


def dump_resource(resource: Resource, crypter: Crypter) -> str:
    """Return the resource's JSON text; empty fields are left out but for urn, custom and type."""
    document: dict[str, Json] = {"urn": resource.urn, "custom": resource.custom, "type": resource.type}
    head: dict[str, Json] = {
        "delete": resource.delete,
        "id": resource.id,
        "inputs": dump_properties(resource.inputs, crypter, resource.urn),
        "outputs": dump_properties(resource.outputs, crypter, resource.urn),
    }
    document |= {key: value for key, value in head.items() if value}
    for name, key in _KEYS.items():
        if value := getattr(resource, name):
            document[key] = list(value) if name in _LISTS else value
    if resource.property_dependencies:
        document["propertyDependencies"] = {
            key: list(urns) for key, urns in sorted(resource.property_dependencies.items())
        }
    if resource.custom_timeouts:
        document["customTimeouts"] = dict(resource.custom_timeouts)
    return dump(document | dict(resource.others))


def load_resource(entry: Plain, crypter: Crypter) -> Resource:
    """Read a resource.

    Raises NeedsCli for one that uses what this engine cannot honour, ShapeError or EngineError for a damaged
    one.
    """
    document, urn = entry.object(), entry["urn"].text()
    _check(entry)
    refused = sorted(key for key in _REFUSED if document.get(key))
    if refused:
        raise NeedsCli(
            f"{urn} uses {', '.join(refused)}: this needs the CLI", hint="Use `pulumi` for this stack."
        )
    values: dict[str, Any] = {
        name: tuple(document[key]) if name in _LISTS else document[key]
        for name, key in _KEYS.items()
        if document.get(key)
    }
    return Resource(
        urn=urn,
        type=document["type"],
        custom=bool(document.get("custom")),
        delete=bool(document.get("delete")),
        id=document.get("id") or "",
        inputs=load_properties(document.get("inputs"), crypter, urn),
        outputs=load_properties(document.get("outputs"), crypter, urn),
        property_dependencies={
            key: tuple(urns or ()) for key, urns in (document.get("propertyDependencies") or {}).items()
        },
        custom_timeouts={key: item for key, item in (document.get("customTimeouts") or {}).items() if item},
        others={key: item for key, item in document.items() if key not in _TRANSLATED and item},
        **values,
    )
