"""Take the steps that change one resource: tell, make durable as pending, do, record.

Source: pkg/resource/deploy/step.go and pkg/engine/update.go of pulumi/pulumi.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Protocol, TypeVar

from heddle.embedded.engine.context import Context, Stopped
from heddle.embedded.engine.events import Op, Phase
from heddle.errors import HeddleError
from heddle.plugin import interface as api
from heddle.plugin.interface import DiffKind
from heddle.plugin.values import Properties, Secret, has_secret, secret
from heddle.state.backend import now
from heddle.state.resource import Operation, Resource
from heddle.state.urn import urn_name

__all__ = ["Actions", "Crud", "annotated", "explain", "is_default_provider"]

_Result = TypeVar("_Result")


class Crud(Protocol):
    """Name the methods that a step needs of a provider; for provider resources the registry has them."""

    async def check(self, request: api.CheckRequest) -> api.CheckResult:
        """Check the inputs, as Provider.check."""

    async def diff(self, request: api.DiffRequest) -> api.DiffResult:
        """Compare state and inputs, as Provider.diff."""

    async def create(self, request: api.CreateRequest) -> api.CreateResult:
        """Create the resource, as Provider.create."""

    async def update(self, request: api.UpdateRequest) -> api.UpdateResult:
        """Update the resource, as Provider.update."""


def explain(error: BaseException) -> str:
    """Return an exception as a message: what Heddle raises on purpose says it all, others need their type."""
    return str(error) if isinstance(error, HeddleError) else f"{type(error).__name__}: {error}"


class Actions:
    """Create, update, keep and delete the resources of one run."""

    def __init__(self, context: Context) -> None:
        self._run = context

    @asynccontextmanager
    async def _told(
        self,
        op: Op,
        old: Resource | None,
        new: Resource | None,
        detailed: Mapping[str, DiffKind] | None = None,
        replaces: tuple[str, ...] = (),
    ) -> AsyncIterator[None]:
        """Emit a step's start and failure; a provider's exception becomes an error about the resource."""
        self._tell(op, Phase.STARTED, old, new, detailed, replaces)
        try:
            yield
        except Stopped:
            self._tell(op, Phase.FAILED, old, new, detailed, replaces)
            raise
        except Exception as error:
            self._tell(op, Phase.FAILED, old, new, detailed, replaces)
            resource = new or old
            raise self._run.fail(explain(error), resource.urn if resource else "") from error

    def _tell(
        self,
        op: Op,
        phase: Phase,
        old: Resource | None,
        new: Resource | None,
        detailed: Mapping[str, DiffKind] | None = None,
        replaces: tuple[str, ...] = (),
    ) -> None:
        resource = new or old
        internal = resource is not None and is_default_provider(resource)
        self._run.step(op, phase, old=old, new=new, detailed=detailed, replaces=replaces, internal=internal)

    async def _pending(
        self, kind: str, resource: Resource, call: Callable[[], Awaitable[_Result]]
    ) -> _Result:
        """Run a provider's call while a durable checkpoint says that it is under way."""
        operation = Operation(resource=resource, type=kind)
        try:
            await self._run.journal.begin(operation)
            # It took a while: who was cancelled meanwhile was not asked to give this up.
            self._run.check_running()
            return await call()
        finally:
            self._run.journal.end(operation)

    def same(self, old: Resource, new: Resource) -> Resource:
        """Keep a resource: its id and outputs are what they were, what the program says of it may differ."""
        new = replace(new, id=old.id, outputs=old.outputs, created=old.created, modified=old.modified)
        self._tell(Op.SAME, Phase.STARTED, old, new)
        self._run.journal.settle(old, new)
        self._tell(Op.SAME, Phase.DONE, old, new)
        return new

    def component(self, op: Op, old: Resource | None, new: Resource) -> Resource:
        """Record a component: it has no provider, only what the program says."""
        stamp = now()
        new = replace(
            new,
            outputs=old.outputs if old else {},
            created=old.created if old else stamp,
            modified=stamp,
        )
        self._tell(op, Phase.STARTED, old, new)
        self._run.journal.settle(old, new)
        self._tell(op, Phase.DONE, old, new)
        return new

    async def create(
        self,
        provider: Crud,
        new: Resource,
        *,
        op: Op = Op.CREATE,
        old: Resource | None = None,
        keep_old: bool = False,
        replaces: tuple[str, ...] = (),
    ) -> Resource:
        """Create a resource, for itself or in place of `old`, which with `keep_old` is deleted at the end."""
        stamp = now()
        new = replace(new, created=stamp, modified=stamp)
        async with self._told(op, old, new, replaces=replaces):
            request = api.CreateRequest(
                urn=new.urn,
                type=new.type,
                name=urn_name(new.urn),
                inputs=new.inputs,
                preview=self._run.preview,
                timeout=new.custom_timeouts.get("create", 0),
            )
            async with self._run.call():
                try:
                    result = await self._create(provider, request, new)
                except api.PartialFailure as failure:
                    outputs = annotated(new, failure.properties)
                    broken = replace(new, id=failure.id, outputs=outputs, init_errors=failure.reasons)
                    self._replace(old, broken, keep_old=keep_old)
                    raise
            new = replace(new, id=result.id, outputs=annotated(new, result.properties))
            self._replace(old, new, keep_old=keep_old)
        self._tell(op, Phase.DONE, old, new, replaces=replaces)
        return new

    async def _create(self, provider: Crud, request: api.CreateRequest, new: Resource) -> api.CreateResult:
        """Call create; what an interrupted run left pending for this URN is what is being done now."""
        if request.preview:
            return await provider.create(request)
        try:
            result = await self._pending("creating", new, lambda: provider.create(request))
        except api.PartialFailure:
            self._taken_up(new.urn)
            raise
        self._taken_up(new.urn)
        return result

    def _taken_up(self, urn: str) -> None:
        """End what an interrupted run left pending: what it was creating is in the state now."""
        for operation in self._run.journal.operations:
            if operation.type == "creating" and operation.resource.urn == urn:
                self._run.journal.end(operation)

    def _replace(self, old: Resource | None, new: Resource, *, keep_old: bool) -> None:
        """Record a new resource; its predecessor stays, marked, until it is deleted."""
        if old is not None and keep_old:
            old = self._run.journal.current(old)
            self._run.journal.amend(old, replace(old, delete=True))
            self._run.journal.settle(None, new)
        else:
            self._run.journal.settle(old, new)

    async def update(
        self,
        provider: Crud,
        old: Resource,
        new: Resource,
        detailed: Mapping[str, DiffKind],
        ignore_changes: tuple[str, ...],
    ) -> Resource:
        """Change a resource in place."""
        new = replace(new, id=old.id, created=old.created, modified=now())
        async with self._told(Op.UPDATE, old, new, detailed):
            request = api.UpdateRequest(
                urn=new.urn,
                type=new.type,
                name=urn_name(new.urn),
                id=old.id,
                old_inputs=old.inputs,
                old_outputs=old.outputs,
                news=new.inputs,
                preview=self._run.preview,
                timeout=new.custom_timeouts.get("update", 0),
                ignore_changes=ignore_changes,
            )
            async with self._run.call():
                try:
                    if self._run.preview:
                        result = await provider.update(request)
                    else:
                        result = await self._pending("updating", new, lambda: provider.update(request))
                except api.PartialFailure as failure:
                    outputs = annotated(new, failure.properties)
                    # The old inputs stay, so that the next run still sees what was wanted as a change.
                    broken = replace(new, inputs=old.inputs, outputs=outputs, init_errors=failure.reasons)
                    self._run.journal.settle(old, broken)
                    raise
            new = replace(new, outputs=annotated(new, result.properties))
            self._run.journal.settle(old, new)
        self._tell(Op.UPDATE, Phase.DONE, old, new, detailed)
        return new

    async def delete(
        self, provider: api.Provider | None, old: Resource, *, op: Op, forget: bool, replaced: bool = False
    ) -> None:
        """Delete a resource, or only `forget` it.

        A `replaced` one stays in the state, marked, until its successor exists: a run that is killed in
        between must know that it is owed one.
        """
        async with self._told(op, old, None):
            if provider is not None and not forget and not self._run.preview:
                request = api.DeleteRequest(
                    urn=old.urn,
                    type=old.type,
                    name=urn_name(old.urn),
                    id=old.id,
                    old_inputs=old.inputs,
                    properties=old.outputs,
                    timeout=old.custom_timeouts.get("delete", 0),
                )
                async with self._run.call():
                    await self._pending("deleting", old, lambda: provider.delete(request))
            if replaced:
                now_known = self._run.journal.current(old)
                self._run.journal.amend(now_known, replace(now_known, pending_replacement=True))
            else:
                self._run.journal.drop(old)
        self._tell(op, Phase.DONE, old, None)


def is_default_provider(resource: Resource) -> bool:
    """Tell whether the engine made this provider itself."""
    return resource.is_provider and urn_name(resource.urn).startswith("default")


def annotated(resource: Resource, outputs: Properties) -> Properties:
    """Return outputs with secrets where the program or a secret input of the same name asks for them."""
    result = dict(outputs)
    for key, value in outputs.items():
        asked = key in resource.additional_secret_outputs
        leaked = not has_secret(value) and has_secret(resource.inputs.get(key))
        if (asked or leaked) and not isinstance(value, Secret):
            result[key] = secret(value)
    return result
