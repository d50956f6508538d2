"""Keep the state while a run changes it, and write its checkpoints.

The order that the CLI checks when it reads: providers before what they provide, parents before children,
dependencies before dependents. New states follow one another in the order in which their steps end, which
is such an order, since a program cannot register what depends on an unfinished step; then comes what was
not touched.

Source: pkg/backend/snapshot.go and pkg/resource/deploy/snapshot.go of pulumi/pulumi.
"""

import asyncio
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from heddle.errors import EngineError
from heddle.state.backend import Backend
from heddle.state.encryption import Crypter
from heddle.state.resource import Operation, Resource, dump_resource
from heddle.state.serialization import dump
from heddle.state.urn import provider_reference, split_reference

__all__ = ["Journal"]


class Journal:
    """Keep the resources and pending operations of one stack. Use on one event loop only.

    Without a backend (previews) nothing is ever written. One writer at a time: what changes while it writes
    is in its next checkpoint, so a hundred operations that begin together cost two writes.
    """

    def __init__(
        self,
        *,
        backend: Backend | None,
        crypter: Crypter,
        resources: Mapping[Resource, str],
        operations: Iterable[Operation] = (),
    ) -> None:
        """Take the state as it was read, with the JSON text of every resource."""
        self._backend = backend
        self._crypter = crypter
        self._texts = {resource: text for resource, text in resources.items() if text}
        self._stale = len(self._texts) < len(resources)
        self._base: dict[Resource, None] = dict.fromkeys(resources)
        self._done: dict[Resource, None] = {}
        self._by_urn = {item.urn: item for item in resources if not item.delete}
        self._amended: dict[Resource, Resource] = {}
        self._operations: dict[Operation, None] = dict.fromkeys(operations)
        self._version = 0
        self._saved = 0
        self._writer: asyncio.Task[None] | None = None
        # A thread of its own: providers may fill the loop's, and wait for a checkpoint while they do.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")

    @property
    def base(self) -> list[Resource]:
        """Return the resources that no step has dealt with yet, in the order of the state."""
        return list(self._base)

    @property
    def done(self) -> list[Resource]:
        """Return the resources that this run has dealt with, in the order of the state."""
        return list(self._done)

    @property
    def resources(self) -> list[Resource]:
        """Return all resources of the state in its order."""
        return [*self._done, *self._base]

    @property
    def operations(self) -> list[Operation]:
        """Return the provider calls that are under way, or were when an earlier run was killed."""
        return list(self._operations)

    def old(self, urn: str) -> Resource | None:
        """Return what the state says of a URN that no step has dealt with; not what waits to be deleted."""
        return self._by_urn.get(urn)

    def current(self, resource: Resource) -> Resource:
        """Return what stands for a resource now: while its step went on, another's may have amended it."""
        while resource in self._amended:
            resource = self._amended[resource]
        return resource

    def settle(self, old: Resource | None, new: Resource | None) -> None:
        """Record that a step ended: `new` stands for `old`; either may be missing."""
        if old is not None:
            old = self.current(old)
            self._forget(old)
        if new is not None:
            self._done[new] = None
            for alias in new.aliases:
                self._rename(alias, new)
        if old is None or new is None or not old.alike(new):
            self._changed()
        elif old in self._texts:
            self._texts[new] = self._texts[old]

    def amend(self, old: Resource, new: Resource) -> None:
        """Put another state in the very place of one: a mark, outputs, a refreshed state."""
        for shelf in (self._done, self._base):
            if old in shelf:
                entries = [new if item is old else item for item in shelf]
                shelf.clear()
                shelf.update(dict.fromkeys(entries))
                if new is not old:
                    self._amended[old] = new
        if self._by_urn.get(old.urn) is old:
            del self._by_urn[old.urn]
            if not new.delete:
                self._by_urn[new.urn] = new
        if not old.alike(new):
            self._changed()
        elif old in self._texts:
            self._texts[new] = self._texts[old]

    def drop(self, resource: Resource) -> None:
        """Remove a resource from the state."""
        resource = self.current(resource)
        self._forget(resource)
        self._done.pop(resource, None)
        self._changed()

    def _forget(self, resource: Resource) -> None:
        self._base.pop(resource, None)
        if self._by_urn.get(resource.urn) is resource:
            del self._by_urn[resource.urn]

    async def begin(self, operation: Operation) -> None:
        """Record that a provider call is about to start; return when a checkpoint that says so is durable."""
        self._operations[operation] = None
        self._changed()
        await self.durable()

    def end(self, operation: Operation) -> None:
        """Record that a provider call has ended, either way."""
        if self._operations.pop(operation, self) is None:
            self._changed()

    async def durable(self) -> None:
        """Return when everything recorded so far is on disk. Raises EngineError when that fails."""
        wanted = self._version
        while self._backend is not None and self._saved < wanted:
            await asyncio.shield(self._write())

    async def finish(self) -> None:
        """Write what is left to write or was read to be written anew; a stack gets its first checkpoint."""
        if self._backend is not None and (self._stale or not self._backend.exists()):
            self._changed()
        await self.durable()
        self._thread.shutdown(wait=False)

    def _changed(self) -> None:
        if self._backend is not None:
            self._version += 1
            self._write()

    def _write(self) -> "asyncio.Task[None]":
        """Return the writer's task, starting it when there is none."""
        if self._writer is None or self._writer.done():
            self._writer = asyncio.ensure_future(self._write_once())
        return self._writer

    async def _write_once(self) -> None:
        """Write the state as it is when everything that is ready now has been recorded."""
        await asyncio.sleep(0)
        if self._backend is None:
            return
        version = self._version
        document = self._document(self._backend)
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self._backend.save, document)
        except OSError as error:
            raise EngineError(
                f"the state cannot be written: {error}",
                hint="What was done since the last checkpoint is not in it: mend this and run again.",
            ) from error
        self._saved = version

    def _document(self, backend: Backend) -> str:
        """Return the checkpoint's text; texts of states that have not changed are reused."""
        texts = {resource: self._text(resource) for resource in self.resources}
        operations = [
            f'{{"resource":{dump_resource(operation.resource, self._crypter)},"type":{dump(operation.type)}}}'
            for operation in self._operations
        ]
        self._texts = texts
        return backend.document(list(texts.values()), operations, self._crypter.salt)

    def _text(self, resource: Resource) -> str:
        known = self._texts.get(resource)
        return dump_resource(resource, self._crypter) if known is None else known

    def _rename(self, alias: str, new: Resource) -> None:
        """Let what has not been dealt with yet refer to a resource by its new URN."""
        for resource in self.base:
            if alias in resource.references and alias != new.urn:
                self.amend(resource, _renamed(resource, alias, new))


def _renamed(resource: Resource, alias: str, new: Resource) -> Resource:
    """Return a state that says `new` wherever it said `alias`."""

    def rename(urn: str) -> str:
        return new.urn if urn == alias else urn

    provider = resource.provider
    if provider and split_reference(provider)[0] == alias:
        provider = provider_reference(new.urn, split_reference(provider)[1])
    return replace(
        resource,
        parent=rename(resource.parent),
        deleted_with=rename(resource.deleted_with),
        dependencies=tuple(map(rename, resource.dependencies)),
        property_dependencies={
            key: tuple(map(rename, urns)) for key, urns in resource.property_dependencies.items()
        },
        provider=provider,
    )
