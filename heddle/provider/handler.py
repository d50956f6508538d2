"""Declare the operations of a resource type; a subclass per type, one per file."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from heddle.planner.operations import Operation
from heddle.plugin.interface import CheckFailure, DiffKind
from heddle.plugin.values import UNKNOWN, Properties, has_unknown
from heddle.provider.session import Session
from heddle.schema import OnChange, ResourceType

__all__ = ["Call", "Created", "Gone", "Handler", "Partial", "Plan", "Recorded", "Seen"]


@dataclass(frozen=True, kw_only=True)
class Call:
    """Describe an operation on a resource. All properties are plain: no Secret; UNKNOWN in previews only.

    `old_inputs` and `old_outputs` are empty on create. `timeout` in seconds, 0 = the handler's own.
    """

    urn: str
    inputs: dict[str, Any]
    id: str = ""
    old_inputs: dict[str, Any] = field(default_factory=dict)
    old_outputs: dict[str, Any] = field(default_factory=dict)
    timeout: float = 0

    def deadline(self, seconds: float) -> float:
        """Return the seconds this operation may take: what the program says, else `seconds`."""
        return self.timeout or seconds

    def with_former_ways(self, declaration: ResourceType) -> dict[str, Any]:
        """Return the inputs; those that only say how to reach nodes are the former ones while unknown."""
        former = {
            name: self.old_inputs[name]
            for name, declared in declaration.inputs.items()
            if declared.on_change is OnChange.NOTHING
            and has_unknown(self.inputs.get(name))
            and name in self.old_inputs
        }
        return {**self.inputs, **former}


@dataclass(frozen=True, kw_only=True)
class Created:
    """Name a new resource by its id, with its outputs besides the inputs."""

    id: str
    outputs: Properties = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Tell what an operation will do: outputs besides the inputs, as far as known, and a text for people."""

    outputs: Properties
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Hold the result of `read`: outputs besides the inputs, and inputs where reality differs from them.

    `message` tells the user what others changed, and what the next `up` makes of it.
    """

    outputs: Properties
    inputs: Properties = field(default_factory=dict)
    message: str = ""


class Gone(Exception):  # noqa: N818 - an answer, not an error
    """Raise when a reachable node says that the resource does not exist (DESIGN, decision 7)."""


class Partial(Exception):  # noqa: N818 - an outcome, not an error
    """Raise with what was left behind and must be saved, so that the next run goes on from it."""

    def __init__(self, *, id: str, outputs: Properties, reasons: Sequence[str]) -> None:  # noqa: A002 - Pulumi's word
        super().__init__("; ".join(reasons))
        self.id = id
        self.outputs = outputs
        self.reasons = tuple(reasons)


class Handler(ABC):
    """Act for one resource type. Methods may raise HeddleError; nothing else is meant for users.

    While the nodes of an instance sleep, one with an `operation` asks none of them.
    `identifier` is the template of a new resource's id, filled with its inputs.
    """

    declaration: ClassVar[ResourceType]
    identifier: ClassVar[str]
    operation: ClassVar[Operation | None] = None
    """What it does with running nodes; None: it needs none."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def verify(self, inputs: dict[str, Any]) -> list[CheckFailure]:
        """Report problems between several inputs, each valid by itself; some may be UNKNOWN."""
        return []

    def verify_change(self, olds: Properties, news: Properties) -> list[CheckFailure]:
        """Report problems between the old inputs of a resource and its new ones; some may be UNKNOWN."""
        return []

    async def diff(self, call: Call) -> dict[str, DiffKind]:
        """Return differences that the inputs do not show, by path. May warn, but changes nothing."""
        return {}

    async def plan(self, call: Call) -> Plan:
        """Say what `create` (no id) or `update` (with id) would do. Inputs may hold UNKNOWN. Only reads."""
        known = {name: call.old_outputs.get(name, UNKNOWN) for name in self.declaration.outputs}
        return Plan(outputs=known)

    def asleep_plan(self, call: Call) -> Plan | None:
        """Return the effect of a change while the nodes sleep, if it needs none of them; None: it does."""
        return None

    async def create(self, call: Call) -> Created:
        """Create, idempotently, by what `update` does. May raise Partial."""
        return Created(id=self.identifier.format(**call.inputs), outputs=await self.update(call))

    @abstractmethod
    async def update(self, call: Call) -> Properties:
        """Change in place; return the outputs besides the inputs. May raise Partial."""

    async def forget(self, call: Call) -> None:  # noqa: B027 - most resources have no such mark
        """Take back a mark that would keep others out. Nothing that the resource stands for is deleted."""

    @abstractmethod
    async def read(self, call: Call) -> Seen:
        """Look at what is. Raises Gone on a reachable node's own answer, Unreachable if there is none."""


class Recorded(Handler):
    """Act for a resource type that exists in the state alone: nothing can have changed it elsewhere."""

    async def update(self, call: Call) -> Properties:
        """Return the outputs as they are: what may change says nothing about them."""
        return {name: call.old_outputs[name] for name in self.declaration.outputs}

    async def read(self, call: Call) -> Seen:
        """Return the outputs as they are."""
        return Seen(outputs=await Recorded.update(self, call))
