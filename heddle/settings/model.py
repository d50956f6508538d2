"""Declare groups of settings: frozen dataclasses whose fields hold all facts about each setting."""

import dataclasses
import re
from dataclasses import dataclass
from typing import Any, Final

from heddle.settings.kinds import ScalarKind

__all__ = ["Setting", "camel_case", "inputs_of", "setting", "settings_of"]

_KEY = "setting"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A setting of a group.

    Bounds are those of what a user may write, in a stack file or as the provider's input. What others put on
    a channel may lie outside them, as far as Fabric's nodes take it, and is kept.
    """

    name: str
    """Python's name; the provider's is the same in camelCase."""
    kind: ScalarKind
    default: str | int | bool
    about: str
    """Meaning, for the documentation of the stack file and of the provider."""
    message: str
    """Fabric's message that holds it, as `BatchSize`."""
    field: str
    """The field of Fabric's message."""
    source: str
    """Path of Fabric's own documentation of it."""
    key: str
    """Name in a stack file; empty for a setting that a stack file cannot change."""

    @property
    def input_name(self) -> str:
        """Return the name of the provider's input."""
        return camel_case(self.name)

    @property
    def words(self) -> str:
        """Return the name for people: `max message count`."""
        return self.name.replace("_", " ")


_TABLES: Final[dict[type[Any], tuple[Setting, ...]]] = {}
"""Tables already made, by group: a channel's settings are compared often."""


def setting(
    kind: ScalarKind,
    *,
    default: str | int | bool,
    message: str,
    source: str,
    about: str,
    key: str | None = None,
    field: str | None = None,
) -> Any:  # noqa: ANN401 - the field of a dataclass has the type that its annotation says
    """Return a field of a group's dataclass. Where `key` and `field` are not given they are its own name."""
    facts = {"kind": kind, "default": default, "message": message, "source": source, "about": about}
    return dataclasses.field(default=default, metadata={_KEY: {**facts, "key": key, "field": field}})


def settings_of(group: type[Any]) -> tuple[Setting, ...]:
    """Return the table of a group: its settings in the order of its declaration."""
    if group not in _TABLES:
        declared = (each for each in dataclasses.fields(group) if _KEY in each.metadata)
        _TABLES[group] = tuple(_setting(each.name, **each.metadata[_KEY]) for each in declared)
    return _TABLES[group]


def inputs_of(values: object) -> dict[str, Any]:
    """Return the values of a group that a stack file can say, as the provider's inputs."""
    settable = (each for each in settings_of(type(values)) if each.key)
    return {each.input_name: getattr(values, each.name) for each in settable}


def camel_case(name: str) -> str:
    """Return `max_message_count` as `maxMessageCount`."""
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def _setting(name: str, *, key: str | None, field: str | None, **facts: Any) -> Setting:  # noqa: ANN401 - as above
    return Setting(name=name, key=camel_case(name) if key is None else key, field=field or name, **facts)
