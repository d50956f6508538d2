"""Run a program over a stack: registrations in, a new state out."""

import asyncio
from dataclasses import replace

from heddle.embedded.engine.context import Context
from heddle.embedded.engine.goal import Goal
from heddle.embedded.engine.registrar import Registrar
from heddle.errors import EngineError
from heddle.plugin.interface import InvokeResult
from heddle.plugin.values import Properties, Value
from heddle.state.outputs import stack_resource
from heddle.state.resource import Resource
from heddle.state.urn import ROOT_TYPE, package_of

__all__ = ["Deployment"]


class Deployment:
    """A run, as the monitor calls it on the run's event loop."""

    def __init__(self, context: Context) -> None:
        self._run = context
        self._registrar = Registrar(context)
        self._under_way: set[asyncio.Task[Resource]] = set()
        self._stack_outputs: Properties | None = None

    async def register(self, goal: Goal) -> Resource:
        """Make a resource what the program wants; return its new state."""
        task = asyncio.ensure_future(self._registrar.register(goal))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    def register_outputs(self, urn: str, outputs: Properties) -> None:
        """Take a component's outputs; the stack's are held until the run ends.

        Raises EngineError for a resource that was not registered.
        """
        resource = next((item for item in self._run.journal.done if item.urn == urn), None)
        if resource is None:
            raise EngineError(f"outputs of {urn} come before the resource")
        if resource.type == ROOT_TYPE:
            self._stack_outputs = outputs
        else:
            self._run.journal.amend(resource, replace(resource, outputs=outputs))

    async def invoke(self, token: str, args: Properties, provider: str, version: str) -> InvokeResult:
        """Call a function: the engine's own, or a provider's."""
        if token == "pulumi:pulumi:getResource":  # noqa: S105 - no secret, a function's name
            return InvokeResult(properties=self._get_resource(args.get("urn")))
        self._run.check_running()
        reference = provider or await self._registrar.default_provider(package_of(token), version)
        async with self._run.call():
            return await self._run.providers.get(reference).invoke(token, args)

    def _get_resource(self, urn: Value) -> Properties:
        """Return what a resource reference stands for."""
        for resource in self._run.journal.done:
            if resource.urn == urn:
                return {"urn": resource.urn, "id": resource.id, "state": resource.outputs}
        raise EngineError(f"resource {urn} is not of this run")

    async def drained(self) -> None:
        """Return when every registration that was begun has ended, however."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    def finish_outputs(self) -> tuple[Properties, Properties]:
        """Record the stack's outputs and return the old and the new ones.

        Unless all was reached the new ones are laid over the old: what is missing may only not have been.
        """
        root = stack_resource(self._run.journal.done)
        if root is None:
            return {}, {}
        old = root.outputs
        new = old if self._stack_outputs is None else self._stack_outputs
        if self._run.failed or self._run.cancelled:
            new = {**old, **new}
        self._run.journal.amend(root, replace(root, outputs=new))
        return old, new
