"""Preview, update, refresh and destroy a stack: the engine's verbs."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from heddle.embedded.engine.context import Context, Stopped
from heddle.embedded.engine.deployment import Deployment
from heddle.embedded.engine.events import Op, Sink
from heddle.embedded.engine.interrupts import cancelling
from heddle.embedded.engine.journal import Journal
from heddle.embedded.engine.monitor import EngineService, Monitor
from heddle.embedded.engine.program import execute, explain_program
from heddle.embedded.engine.providers import Registry
from heddle.embedded.engine.recording import remember, telling
from heddle.embedded.engine.refresh import refresh_all
from heddle.embedded.engine.removal import remove_rest
from heddle.errors import HeddleError
from heddle.plugin.interface import ProviderFactory, Severity
from heddle.plugin.values import Properties
from heddle.state.log import Act, recorded
from heddle.state.outputs import stack_resource
from heddle.state.stack import Stack, open_stack

__all__ = ["Engine", "Outcome"]

_HALVES = frozenset({Op.CREATE_REPLACEMENT, Op.DELETE_REPLACED})
"""Halves of a replacement, which is counted as one."""
_VERBS = {"update": "up"}
"""Heddle's words for Pulumi's kinds of updates, where they differ."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Say how a run ended.

    `counts` are by operation, without the halves of replacements; `seconds` are what the run took.
    """

    failed: bool
    cancelled: bool
    counts: Mapping[Op, int]
    outputs_before: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def changes(self) -> int:
        """Return how many resources changed, or would."""
        return sum(count for op, count in self.counts.items() if op is not Op.SAME)


class Engine:
    """Run one stack. Every verb opens its state anew.

    Args of the constructor:
        folder: where Pulumi.yaml is.
        stack: the stack's name.
        factories: how to make a provider, by package.
        sink: takes what a run tells.
        parallel: provider calls at the same time.
        config: values by namespaced key for this run alone, before those of the stack file.
    """

    def __init__(
        self,
        folder: Path,
        stack: str,
        factories: Mapping[str, ProviderFactory],
        *,
        sink: Sink,
        parallel: int = 32,
        config: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._stack = stack
        self._factories = factories
        self._sink = sink
        self._parallel = parallel
        self._config = dict(config or {})

    async def preview(self) -> Outcome:
        """Say what `up` would do. Takes no lock and writes nothing."""
        stack = self._open()
        return await self._run(stack, "update", lambda context: self._program(stack, context))

    async def up(self) -> Outcome:
        """Make the stack what the program says."""
        return await self._locked("update", self._program)

    async def refresh(self, *, preview: bool = False) -> Outcome:
        """Make the state say what really is."""
        return await self._locked("refresh", self._refresh, preview=preview, must_exist=True)

    async def destroy(self, *, preview: bool = False) -> Outcome:
        """Delete everything that the state has."""
        return await self._locked("destroy", self._destroy, preview=preview, must_exist=True)

    def _open(self, *, must_exist: bool = False) -> Stack:
        return open_stack(self._folder, self._stack, must_exist=must_exist, config=self._config)

    async def _locked(
        self,
        kind: str,
        work: Callable[[Stack, Context], Awaitable[tuple[Properties, Properties]]],
        *,
        preview: bool = False,
        must_exist: bool = False,
    ) -> Outcome:
        """Open the stack under its lock, run, and remember the run in its history."""
        if preview:
            stack = self._open(must_exist=must_exist)
            return await self._run(stack, kind, lambda context: work(stack, context))
        found = self._open(must_exist=must_exist)
        with found.backend.locked():
            # Opened again: what another process saved before the lock was ours counts.
            stack = self._open(must_exist=must_exist)
            stack.backend.begin()
            with recorded(stack.backend, _VERBS.get(kind, kind)) as act:
                return await self._run(stack, kind, lambda context: work(stack, context), act=act)

    async def _run(
        self,
        stack: Stack,
        kind: str,
        work: Callable[[Context], Awaitable[tuple[Properties, Properties]]],
        *,
        act: Act | None = None,
    ) -> Outcome:
        """Do a run's work with everything around it: working folder, signals, final checkpoint, history.

        `act`: its record; None for a preview.
        """
        started = time.time()
        context = self._context(stack, act)
        if kind == "update":
            _tell_interrupted(context, stack)
        before: Properties = {}
        outputs: Properties = {}
        with _working_folder(stack.project.folder), cancelling(context):
            try:
                before, outputs = await work(context)
            except Stopped:
                context.failed = True
            except HeddleError as error:
                context.fail(str(error))
            finally:
                await context.journal.finish()
                await context.providers.close()
        outcome = Outcome(
            failed=context.failed or context.cancelled,
            cancelled=context.cancelled,
            counts={op: count for op, count in context.counts.items() if op not in _HALVES},
            outputs_before=before,
            outputs=outputs,
            seconds=time.time() - started,
        )
        if act is not None:
            remember(
                stack.backend, act, kind, outcome.counts, failed=outcome.failed, cancelled=outcome.cancelled
            )
        return outcome

    def _context(self, stack: Stack, act: Act | None) -> Context:
        """Make what the parts of the run share."""

        async def log(severity: Severity, message: str, urn: str = "", *, ephemeral: bool = False) -> None:
            context.say(severity, message, urn, ephemeral=ephemeral)

        journal = Journal(
            backend=stack.backend if act else None,
            crypter=stack.crypter,
            resources=stack.resources,
            operations=stack.interrupted,
        )
        context = Context(
            stack=stack.name,
            project=stack.project.name,
            preview=act is None,
            journal=journal,
            providers=Registry(self._factories, log),
            emit=telling(self._sink, act) if act else self._sink,
            config=stack.config.values,
            config_secrets=stack.config.secret_keys,
            parallel=self._parallel,
        )
        return context

    async def _program(self, stack: Stack, context: Context) -> tuple[Properties, Properties]:
        """Run the program, then delete what it no longer has."""
        deployment = Deployment(context)
        loop = asyncio.get_running_loop()
        monitor, engine = Monitor(deployment, context, loop), EngineService(context, loop)
        try:
            await execute(stack.project, context, monitor, engine)
        except Exception as error:
            # After a failed step the program only echoes that its engine has stopped.
            if not context.failed and not context.cancelled:
                context.fail(explain_program(error, stack.project.main))
        await deployment.drained()
        try:
            if not context.failed and not context.cancelled:
                await remove_rest(context)
                _settle_interrupted(context)
        except Stopped:
            context.failed = True
        return deployment.finish_outputs()

    async def _refresh(self, stack: Stack, context: Context) -> tuple[Properties, Properties]:
        """Read every resource and put what is found into the state."""
        await refresh_all(context)
        root = stack_resource(stack.resources)
        outputs = root.outputs if root is not None else {}
        return outputs, outputs

    async def _destroy(self, stack: Stack, context: Context) -> tuple[Properties, Properties]:
        """Delete every resource of the stack, dependents first."""
        root = stack_resource(stack.resources)
        await remove_rest(context)
        _settle_interrupted(context)
        return (root.outputs if root is not None else {}), {}


@contextmanager
def _working_folder(folder: Path) -> Iterator[None]:
    """Be in the project's folder, as programs are under the CLI."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _tell_interrupted(context: Context, stack: Stack) -> None:
    """Say what a killed run was creating; creating it again is safe, since creates are idempotent."""
    if stack.interrupted:
        names = "\n".join(f"  * {operation.resource.urn}" for operation in stack.interrupted)
        context.say(
            Severity.WARNING,
            f"an earlier run was interrupted while creating\n{names}\n"
            "what the program still has is created again",
        )


def _settle_interrupted(context: Context) -> None:
    """Say which interrupted creations nobody took up again, and forget them: no more is known of them."""
    left = context.journal.operations
    for operation in left:
        context.journal.end(operation)
    if left:
        names = "\n".join(f"  * {operation.resource.urn}" for operation in left)
        context.say(
            Severity.WARNING,
            f"an earlier run was killed while creating\n{names}\nand nothing creates it now: it may exist "
            "without being in the state, unless what held it is gone too; look, and delete by hand",
        )
