"""Serve Heddle's provider: check, compare, and hand each resource to its type's handler."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from heddle.errors import KubeError, ProviderError, Unreachable
from heddle.planner.instance import State
from heddle.planner.operations import operation_refusal
from heddle.plugin import interface as api
from heddle.plugin.values import UNKNOWN, Properties, Value, has_unknown, reveal, secret
from heddle.provider.checking import check_properties
from heddle.provider.comparing import Change, compare
from heddle.provider.handler import Call, Gone, Handler, Partial, Plan
from heddle.provider.session import Session
from heddle.schema import CONFIG, OnChange, ResourceType, package_schema
from heddle.telling import Listener

__all__ = ["HeddleProvider"]

_T = TypeVar("_T")
_LATER = "known once the nodes are awake"
_ENGINES_OWN = ("version", "pluginDownloadURL", "__internal")
"""Keys that Pulumi's engine puts among a provider's inputs."""


class HeddleProvider:
    """Serve the plugin interface (`heddle.plugin.interface.Provider`) by a handler for each type."""

    def __init__(self, log: api.Log, handlers: Mapping[str, Callable[[Session], Handler]]) -> None:
        self._session = Session(log)
        self._handlers = {token: make(self._session) for token, make in handlers.items()}
        self._running: set[asyncio.Task[Any]] = set()
        self._cancelled = False

    async def schema(self) -> str:
        """Return the package schema, JSON."""
        return json.dumps(package_schema(), indent=2)

    async def check_config(self, urn: str, olds: Properties, news: Properties) -> api.CheckResult:
        """Check the kubeconfig's and context's types."""
        given = {key: value for key, value in news.items() if key not in _ENGINES_OWN}
        checked = check_properties(CONFIG, given)
        engines = {key: news[key] for key in _ENGINES_OWN if key in news}
        return api.CheckResult(inputs={**checked.inputs, **engines}, failures=checked.failures)

    async def diff_config(self, urn: str, olds: Properties, news: Properties) -> api.DiffResult:
        """Report that nothing is replaced: a renewed kubeconfig is another way to the same nodes."""
        one_sided = {True: api.DiffKind.ADD, False: api.DiffKind.DELETE}
        kinds = {
            key: api.DiffKind.UPDATE if key in olds and key in news else one_sided[key in news]
            for key in CONFIG
            if olds.get(key) != news.get(key)
        }
        return api.DiffResult(changes=bool(kinds), detailed=kinds)

    async def configure(self, inputs: Properties) -> None:
        """Take the way to the nodes."""
        plain = reveal(inputs)
        self._session.configure(
            str(plain.get("kubeconfig") or ""),
            str(plain.get("context") or ""),
            asleep=plain.get("power") == "off",
        )

    async def check(self, request: api.CheckRequest) -> api.CheckResult:
        """Validate inputs, first each by itself, then among each other."""
        handler = self._handler(request.type)
        result = check_properties(handler.declaration.inputs, request.news)
        if result.failures:
            return result
        news = reveal(result.inputs)
        failures = handler.verify(news)
        if request.olds and not failures:
            failures = handler.verify_change(reveal(request.olds), news)
        return api.CheckResult(inputs=result.inputs, failures=tuple(failures))

    async def diff(self, request: api.DiffRequest) -> api.DiffResult:
        """Compare by meaning; refuse what can neither change nor be replaced."""
        handler = self._handler(request.type)
        changes = compare(handler.declaration.inputs, request.old_inputs, request.news)
        _refuse(handler.declaration, changes, request)
        detailed = {change.path: change.kind for change in changes}
        if not self._sleeps(handler):
            detailed |= await self._run(handler.diff, _call_of(request, request.news))
        return api.DiffResult(changes=bool(detailed), detailed=detailed)

    async def create(self, request: api.CreateRequest) -> api.CreateResult:
        """Create, or say what creating would do."""
        handler = self._handler(request.type)
        call = Call(urn=request.urn, inputs=reveal(request.inputs), timeout=request.timeout)
        if asleep := self._asleep_plan(handler, call, preview=request.preview):
            return api.CreateResult(
                id="" if request.preview else handler.identifier.format(**call.inputs),
                properties=_state(handler, request.inputs, await self._say(asleep, call)),
            )
        if request.preview:
            outputs = await self._plan(handler, call)
            return api.CreateResult(id="", properties=_state(handler, request.inputs, outputs))
        try:
            created = await self._run(handler.create, call)
        except Partial as partial:
            raise _partial_failure(handler, partial, request.inputs) from partial
        return api.CreateResult(id=created.id, properties=_state(handler, request.inputs, created.outputs))

    async def read(self, request: api.ReadRequest) -> api.ReadResult:
        """Read; what cannot be reached keeps its state, with a warning."""
        handler = self._handler(request.type)
        inputs = request.inputs or {
            name: request.properties[name]
            for name in handler.declaration.inputs
            if name in request.properties
        }
        if not inputs:
            raise ProviderError(
                f"{request.type} {request.id}: cannot be imported: its inputs say how to reach it",
                hint="Declare it and run `up`: creating is idempotent and adopts what is there.",
            )
        call = _call_of(request, inputs)
        if self._sleeps(handler):
            return api.ReadResult(id=request.id, inputs=inputs, properties=request.properties)
        try:
            seen = await self._run(handler.read, call)
        except Gone as gone:
            if str(gone):
                await self._session.info(str(gone), request.urn)
            return api.ReadResult(id="", inputs={}, properties={})
        except Unreachable as error:
            await self._session.warn(f"ledger not read, the last known state is kept\n{error}", request.urn)
            return api.ReadResult(id=request.id, inputs=inputs, properties=request.properties)
        if seen.message:
            await self._session.info(seen.message, request.urn)
        found = {**inputs, **seen.inputs}
        return api.ReadResult(id=request.id, inputs=found, properties=_state(handler, found, seen.outputs))

    async def update(self, request: api.UpdateRequest) -> api.UpdateResult:
        """Change in place, or say what that would do."""
        handler = self._handler(request.type)
        call = _call_of(request, request.news, timeout=request.timeout)
        if asleep := self._asleep_plan(handler, call, preview=request.preview):
            return api.UpdateResult(properties=_state(handler, request.news, await self._say(asleep, call)))
        if request.preview:
            outputs = await self._plan(handler, call)
            return api.UpdateResult(properties=_state(handler, request.news, outputs))
        try:
            outputs = await self._run(handler.update, call)
        except Partial as partial:
            raise _partial_failure(handler, partial, request.news) from partial
        return api.UpdateResult(properties=_state(handler, request.news, outputs))

    async def delete(self, request: api.DeleteRequest) -> None:
        """Forget, and say so: nothing that these resources stand for can be taken back (decision 8)."""
        handler = self._handler(request.type)
        declaration = handler.declaration
        try:
            await self._run(handler.forget, _call_of(request, request.old_inputs))
        except (KubeError, Unreachable) as error:
            await self._session.warn(f"{declaration.name} {request.id}: {error}", request.urn)
        await self._session.info(f"{declaration.name} {request.id}: {declaration.on_delete}", request.urn)

    async def invoke(self, token: str, args: Properties) -> api.InvokeResult:
        """Refuse the call: the package declares no functions."""
        raise ProviderError(f"{token}: the heddle provider has no functions")

    async def cancel(self) -> None:
        """Cancel what runs; each running call fails once its state is safe."""
        self._cancelled = True
        for task in self._running:
            task.cancel()

    async def close(self) -> None:
        """Close the connections to nodes."""
        await self._session.close()

    def _handler(self, token: str) -> Handler:
        handler = self._handlers.get(token)
        if handler is None:
            raise ProviderError(
                f"{token} is not a resource type of heddle",
                hint=f"Known are {', '.join(sorted(self._handlers))}.",
            )
        return handler

    async def _plan(self, handler: Handler, call: Call) -> Properties:
        """Preview an operation: at most one message, without secrets, and the outputs known so far."""
        return await self._say(await self._run(handler.plan, call), call)

    async def _say(self, plan: Plan, call: Call) -> Properties:
        if plan.message:
            await self._session.info(plan.message, call.urn)
        return plan.outputs

    def _sleeps(self, handler: Handler) -> bool:
        """Tell whether a resource acts on nodes that sleep now, or are to when all is done."""
        return handler.operation is not None and (self._session.stays_asleep or self._session.nodes_sleep)

    def _asleep_plan(self, handler: Handler, call: Call, *, preview: bool) -> Plan | None:
        """Return what takes the place of acting on nodes that sleep; None: they do not, so it acts.

        Raises ProviderError where they go on sleeping and the change takes them. Where they are to wake in
        this very run, a preview puts off what it would ask of them.
        """
        if not self._sleeps(handler) or handler.operation is None:
            return None
        if not self._session.stays_asleep:
            return Plan(outputs=_later(handler, call), message=_LATER) if preview else None
        if plan := handler.asleep_plan(call):
            return plan
        refusal = operation_refusal(handler.operation, State.HIBERNATED)
        if refusal is None:
            return None
        name = f"{handler.declaration.name} {call.id}".rstrip()
        raise ProviderError(f"{name}: {handler.operation}: {refusal.reason}", hint=refusal.hint)

    async def _run(self, act: Callable[[Call], Coroutine[Any, Any, _T]], call: Call) -> _T:
        """Run a handler so that `cancel` can end it; what it waits for is shown beside its resource."""
        listener = Listener(lambda words: self._session.status(words, call.urn))
        with listener.listening():
            task = asyncio.ensure_future(act(call))
        self._running.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            if not self._cancelled:
                # The caller itself gave up: take the work along, and wait until it has ended.
                task.cancel()
                await asyncio.wait([task])
                raise
            raise ProviderError("cancelled", hint="Run it again: it goes on from what is there.") from None
        finally:
            self._running.discard(task)
            await listener.close()


def _later(handler: Handler, call: Call) -> Properties:
    return {name: call.old_outputs.get(name, UNKNOWN) for name in handler.declaration.outputs}


def _refuse(declaration: ResourceType, changes: list[Change], request: api.DiffRequest) -> None:
    """Raise for changes of what must not change. What is still unknown is decided when it is known."""
    reasons = [
        f"{change.path} cannot change. {declaration.inputs[change.property].way_out}"
        for change in changes
        if declaration.inputs[change.property].on_change is OnChange.REFUSE and not change.unknown
    ]
    if reasons:
        message = f"{declaration.name} {request.id}: refused, since it must not be replaced"
        raise ProviderError(message, hint="\n  ".join(dict.fromkeys(reasons)))


def _call_of(
    request: api.DiffRequest | api.ReadRequest | api.UpdateRequest | api.DeleteRequest,
    inputs: Properties,
    *,
    timeout: float = 0,
) -> Call:
    """Return the call for a resource that exists."""
    if isinstance(request, api.DeleteRequest):
        old_inputs, outputs = request.old_inputs, request.properties
    elif isinstance(request, api.ReadRequest):
        old_inputs, outputs = request.inputs, request.properties
    else:
        old_inputs, outputs = request.old_inputs, request.old_outputs
    return Call(
        urn=request.urn,
        id=request.id,
        inputs=reveal(inputs),
        old_inputs=reveal(old_inputs),
        old_outputs=reveal(outputs),
        timeout=timeout,
    )


def _state(handler: Handler, inputs: Properties, outputs: Properties) -> Properties:
    """Return all outputs: the inputs as they are, and what the handler adds, secret where declared so."""
    declared = handler.declaration.outputs
    return {**inputs, **{name: _shielded(declared[name].secret, value) for name, value in outputs.items()}}


def _shielded(is_secret: bool, value: Value) -> Value:
    return secret(value) if is_secret and not has_unknown(value) else value


def _partial_failure(handler: Handler, partial: Partial, inputs: Properties) -> api.PartialFailure:
    return api.PartialFailure(
        id=partial.id,
        properties=_state(handler, inputs, partial.outputs),
        inputs=inputs,
        reasons=partial.reasons,
    )
