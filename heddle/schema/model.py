"""Define how resource types are declared: kinds of values, properties, resources.

Plain frozen data without behaviour that needs a provider. `heddle.provider` checks and compares values with
it, `heddle.resources` names its classes by it, `heddle.schema.package` writes Pulumi's schema from it.
"""

import re
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from enum import Enum
from typing import Any, TypeAlias

from heddle.settings import ScalarKind, settings_of


class OnChange(Enum):
    """The consequence of another value of an input for a resource that exists."""

    UPDATE = "update"
    """The provider acts on it."""
    NOTHING = "nothing"
    """A way to reach or to authorise, not a wish: never a difference (DESIGN, decision 9)."""
    REFUSE = "refuse"
    """Cannot be changed and must not be replaced: an error that says the way out (decision 7)."""


@dataclass(frozen=True, kw_only=True)
class Text:
    """A string. `pattern` must match all of it; `hint` says the pattern in words."""

    pattern: str = ""
    hint: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListOf:
    """A list. With `key`, items are objects told apart by that property, and their order means nothing."""

    item: "Kind"
    _: KW_ONLY
    minimum_items: int = 0
    key: str = ""


@dataclass(frozen=True)
class MapOf:
    """An object with arbitrary keys. keys: what it means for a resource that a key comes or goes."""

    value: "Kind"
    keys: OnChange = OnChange.UPDATE


@dataclass(frozen=True, kw_only=True)
class ObjectType:
    """An object with named properties, shared by resources under `heddle:index:<name>`."""

    name: str
    description: str
    properties: Mapping[str, "Property"] = field(hash=False)


Kind: TypeAlias = Text | ScalarKind | ListOf | MapOf | ObjectType
"""Kinds of values; numbers, durations, sizes and truth values are the kinds that settings have."""


@dataclass(frozen=True)
class Property:
    """The declaration of an input or an output.

    `default` is filled in by check; an object's default of `{}` takes the defaults of its properties.
    `way_out` is the next step in the message of a refused change.
    """

    kind: Kind
    description: str
    _: KW_ONLY
    optional: bool = False
    default: Any = None
    secret: bool = False
    on_change: OnChange = OnChange.UPDATE
    way_out: str = ""

    @property
    def required(self) -> bool:
        """Tell whether check demands a value."""
        return not self.optional and self.default is None


def fixed(
    kind: Kind, description: str, *, way_out: str, optional: bool = False, default: object = None
) -> Property:
    """Return an input that cannot change once the resource is made (`OnChange.REFUSE`)."""
    refuse = OnChange.REFUSE
    return Property(kind, description, optional=optional, default=default, on_change=refuse, way_out=way_out)


def connection(
    kind: Kind, description: str, *, optional: bool = False, default: object = None, secret: bool = False
) -> Property:
    """Return an input whose change is never a difference (`OnChange.NOTHING`)."""
    nothing = OnChange.NOTHING
    return Property(kind, description, optional=optional, default=default, secret=secret, on_change=nothing)


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """The declaration of a resource type. `on_delete` says whether deleting acts or only forgets."""

    type: str
    description: str
    on_delete: str
    inputs: Mapping[str, Property] = field(hash=False)
    outputs: Mapping[str, Property] = field(hash=False, default_factory=dict)

    @property
    def name(self) -> str:
        """Return the class name, as in `heddle:ledger:Channel`."""
        return self.type.rsplit(":", 1)[-1]


def object_of(group: type[Any], *, name: str) -> ObjectType:
    """Return the object whose properties are the settings of a group."""
    return ObjectType(
        name=name, description=(group.__doc__ or "").partition("\n")[0], properties=properties_of(group)
    )


def properties_of(group: type[Any]) -> dict[str, Property]:
    """Return the settings of a group as properties."""
    return {
        each.input_name: Property(each.kind, each.about, default=each.default) for each in settings_of(group)
    }


def snake_case(name: str) -> str:
    """Return the Python name of a property: `genesis_hash` for `genesisHash`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: "_" + match.group(1).lower(), name)
