"""Name the events of a run, which a display takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Protocol

from heddle.plugin.interface import DiffKind, Severity
from heddle.state.resource import Resource

__all__ = ["Event", "Message", "Op", "Phase", "Sink", "Step"]


class Op(StrEnum):
    """Name what is done to a resource. Names: pkg/resource/deploy/step.go of pulumi/pulumi."""

    SAME = "same"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    REPLACE = "replace"
    CREATE_REPLACEMENT = "create-replacement"
    DELETE_REPLACED = "delete-replaced"
    REFRESH = "refresh"


class Phase(Enum):
    """Name how far a step is."""

    STARTED = 0
    DONE = 1
    FAILED = 2


@dataclass(frozen=True, kw_only=True)
class Step:
    """Tell that a step begins, ends or fails. `detailed` is what differs by path, `old` and `new` its states.

    `internal` steps (default providers) are neither shown nor counted.
    """

    op: Op
    phase: Phase
    urn: str
    old: Resource | None = None
    new: Resource | None = None
    detailed: Mapping[str, DiffKind]
    replaces: tuple[str, ...] = ()
    internal: bool = False


@dataclass(frozen=True, kw_only=True)
class Message:
    """Carry a message about a resource, or about the run when `urn` is empty.

    An `ephemeral` one says what goes on, in place of the one before; with an empty text it is over.
    """

    severity: Severity
    text: str
    urn: str = ""
    ephemeral: bool = False


Event = Step | Message


class Sink(Protocol):
    """Take events, in order, on the run's event loop."""

    def __call__(self, event: Event, /) -> None:
        """Take one event. Must not block."""
