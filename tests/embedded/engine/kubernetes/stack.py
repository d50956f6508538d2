"""A stack of things, run by the embedded provider alone: no engine, no program."""

from dataclasses import dataclass, field
from typing import Any

from heddle.embedded.engine.kubernetes import create_provider
from heddle.embedded.engine.kubernetes.provider import KubernetesProvider
from heddle.plugin.interface import (
    CheckRequest,
    CreateRequest,
    DeleteRequest,
    DiffRequest,
    DiffResult,
    ReadRequest,
    ReadResult,
    Severity,
    UpdateRequest,
)
from heddle.plugin.values import Properties
from tests.embedded.engine.kubernetes.things import Thing


@dataclass
class State:
    """One resource as an engine keeps it."""

    id: str
    inputs: Properties
    outputs: Properties


@dataclass
class Stack:
    """Things by resource name, in the order of their creation."""

    provider: KubernetesProvider
    messages: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    states: dict[str, State] = field(default_factory=dict)

    @classmethod
    async def on(cls, kubeconfig: str, **settings: Any) -> "Stack":
        """Return an empty stack on a cluster."""
        messages: list[str] = []
        waits: list[str] = []

        async def log(severity: Severity, message: str, urn: str = "", *, ephemeral: bool = False) -> None:
            (waits if ephemeral else messages).append(message)

        provider = create_provider(log)
        await provider.configure({"kubeconfig": kubeconfig, **settings})
        return cls(provider=provider, messages=messages, waits=waits)

    async def create(self, thing: Thing, *, seconds: float = 90) -> State:
        """Create a thing and remember it."""
        type_, name, _ = thing
        checked = await self.check(thing)
        request = CreateRequest(urn=_urn(type_, name), type=type_, name=name, inputs=checked, timeout=seconds)
        created = await self.provider.create(request)
        self.states[name] = State(id=created.id, inputs=checked, outputs=created.properties)
        return self.states[name]

    async def check(self, thing: Thing) -> Properties:
        """Return the checked inputs of a thing."""
        type_, name, inputs = thing
        state = self.states.get(name)
        olds = state.inputs if state else {}
        request = CheckRequest(urn=_urn(type_, name), type=type_, name=name, olds=olds, news=inputs)
        result = await self.provider.check(request)
        assert result.failures == ()
        return result.inputs

    async def diff(self, thing: Thing) -> DiffResult:
        """Compare a thing with what is remembered of it."""
        type_, name, _ = thing
        state = self.states[name]
        request = DiffRequest(
            urn=_urn(type_, name),
            type=type_,
            id=state.id,
            old_inputs=state.inputs,
            old_outputs=state.outputs,
            news=await self.check(thing),
        )
        return await self.provider.diff(request)

    async def update(self, thing: Thing, *, preview: bool = False) -> Properties:
        """Update a thing; return its outputs."""
        type_, name, _ = thing
        state, news = self.states[name], await self.check(thing)
        request = UpdateRequest(
            urn=_urn(type_, name),
            type=type_,
            name=name,
            id=state.id,
            old_inputs=state.inputs,
            old_outputs=state.outputs,
            news=news,
            preview=preview,
            timeout=90,
        )
        outputs = (await self.provider.update(request)).properties
        if not preview:
            self.states[name] = State(id=state.id, inputs=news, outputs=outputs)
        return outputs

    async def read(self, thing: Thing) -> ReadResult:
        """Read a thing as a refresh does."""
        type_, name, _ = thing
        state = self.states[name]
        request = ReadRequest(
            urn=_urn(type_, name),
            type=type_,
            name=name,
            id=state.id,
            inputs=state.inputs,
            properties=state.outputs,
        )
        return await self.provider.read(request)

    async def delete(self, thing: Thing) -> None:
        """Delete a thing and forget it."""
        type_, name, _ = thing
        state = self.states.pop(name)
        request = DeleteRequest(
            urn=_urn(type_, name),
            type=type_,
            name=name,
            id=state.id,
            old_inputs=state.inputs,
            properties=state.outputs,
            timeout=90,
        )
        await self.provider.delete(request)


def _urn(type_: str, name: str) -> str:
    return f"urn:pulumi:dev::things::{type_}::{name}"
