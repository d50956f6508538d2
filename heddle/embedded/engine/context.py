"""Hold what the parts of a run share."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from heddle.embedded.engine.events import Message, Op, Phase, Sink, Step
from heddle.errors import EngineError
from heddle.plugin.interface import DiffKind, Severity

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from heddle.embedded.engine.journal import Journal
    from heddle.embedded.engine.providers import Registry
    from heddle.state.resource import Resource

__all__ = ["Context", "Stopped"]


class Stopped(EngineError):  # noqa: N818 - not a fault: a consequence of one that was told already
    """Say that a step failed or the run was cancelled: nothing new begins, and the cause has been told."""


@dataclass(kw_only=True)
class Context:
    """Hold one run over one stack: what it works on and how far it is.

    `failed` is set by the first failing step; from then on nothing new begins and nothing is deleted.
    `counts` are the finished steps as the summary counts them.
    """

    stack: str
    project: str
    preview: bool
    journal: "Journal"
    providers: "Registry"
    emit: Sink
    config: Mapping[str, str] = field(default_factory=dict)
    config_secrets: tuple[str, ...] = ()
    parallel: int = 32
    failed: bool = False
    cancelled: bool = False
    counts: Counter[Op] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Make the gate through which provider calls go."""
        self._gate = asyncio.Semaphore(self.parallel)

    @asynccontextmanager
    async def call(self) -> "AsyncIterator[None]":
        """Wait for one of the `parallel` places for provider calls. Raises Stopped after a failure."""
        async with self._gate:
            self.check_running()
            yield

    def check_running(self) -> None:
        """Raise Stopped when nothing new may begin."""
        if self.failed or self.cancelled:
            raise Stopped("the run is stopping")

    def say(self, severity: Severity, text: str, urn: str = "", *, ephemeral: bool = False) -> None:
        """Show the user a message about the run or a resource."""
        self.emit(Message(severity=severity, text=text, urn=urn, ephemeral=ephemeral))

    def fail(self, text: str, urn: str = "") -> Stopped:
        """Tell an error and stop the run; returns what to raise."""
        self.failed = True
        self.say(Severity.ERROR, text, urn)
        return Stopped(text)

    def step(
        self,
        op: Op,
        phase: Phase,
        *,
        old: "Resource | None",
        new: "Resource | None",
        detailed: Mapping[str, DiffKind] | None = None,
        replaces: tuple[str, ...] = (),
        internal: bool = False,
    ) -> None:
        """Emit a step and count it when it is done."""
        if phase is Phase.DONE and not internal:
            self.counts[op] += 1
        resource = new or old
        self.emit(
            Step(
                op=op,
                phase=phase,
                urn=resource.urn if resource is not None else "",
                old=old,
                new=new,
                detailed=detailed or {},
                replaces=replaces,
                internal=internal,
            )
        )
