"""Follow the logs of several pods: what comes, in the order of time, also of pods that replace others."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

from heddle.errors import HeddleError
from heddle.kube.client import KubeClient, pod_path
from heddle.kube.watch import watched
from heddle.logs.entries import Assembler, Entry, Line
from heddle.logs.merge import merged
from heddle.logs.position import Position
from heddle.logs.reading import Found, pods_of, request
from heddle.logs.sources import Choice, Source, sources_of
from heddle.network.instance import InstanceOutput

__all__ = ["Heard", "follow"]

_GATHER = 0.3
"""Seconds for which lines are gathered, so that those of several nodes come in the order of time."""
_AGAIN = 2.0
"""Seconds before a log or a list is asked for again that ended without a reason to be seen."""


@dataclass(frozen=True, kw_only=True)
class Heard:
    """Hold what came at once: entries in the order of time, and what people should know."""

    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()


@dataclass(eq=False)
class _Pod:
    """A pod that is followed. `changed` is set when its source changes, and when the pod has gone.

    run: the run of the container whose log was read last.
    """

    source: Source
    position: Position
    assembler: Assembler
    run: str
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    gone: bool = False
    task: "asyncio.Task[None] | None" = None


async def follow(
    client: KubeClient, instance: InstanceOutput, choice: Choice, found: Found
) -> AsyncGenerator[Heard, None]:
    """Yield what comes after what was found, until the caller ends it."""
    follower = _Follower(client, instance, choice, found)
    watching = asyncio.create_task(follower.watch())
    try:
        while True:
            yield await follower.heard()
    finally:
        tasks = [watching, *follower.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Follower:
    def __init__(self, client: KubeClient, instance: InstanceOutput, choice: Choice, found: Found) -> None:
        self._client, self._instance, self._choice = client, instance, choice
        self._came: asyncio.Queue[tuple[_Pod, Line] | str] = asyncio.Queue()
        self._read = {log.source.uid: log for log in found.logs}
        self._first = True
        self._lost = False
        self._open: set[_Pod] = set()
        """Pods whose last line may still be followed by others that belong to it."""
        self.pods: dict[str, _Pod] = {}
        self.tasks: set[asyncio.Task[None]] = set()

    # What pods there are.

    async def watch(self) -> None:
        """Keep the pods that are followed equal to those there are, for ever."""
        path, query = pods_of(self._instance)
        while True:
            try:
                async with aclosing(watched(self._client, path, **query)) as lists:
                    async for pods in lists:
                        self._found(sources_of(self._instance, pods))
            except HeddleError as error:
                if not self._lost:
                    self._came.put_nowait(f"the list of pods: {error.message}; tries again")
                self._lost = True
            await asyncio.sleep(_AGAIN)

    def _found(self, sources: Iterable[Source]) -> None:
        known = {each.uid: each for each in sources if self._choice.takes(each)}
        if self._lost:
            # Connections may have died with the API server without a word: every log is asked for anew.
            self._lost = False
            self._came.put_nowait("the API server answers again")
            for pod in self.pods.values():
                self._start(pod)
        for uid, pod in list(self.pods.items()):
            if uid not in known:
                pod.gone = True
                pod.changed.set()
                del self.pods[uid]
                self._came.put_nowait(f"{pod.source.name}: its pod is gone")
        for uid, source in known.items():
            self._seen(uid, source)
        self._first = False

    def _seen(self, uid: str, source: Source) -> None:
        pod = self.pods.get(uid)
        if pod is None:
            log = self._read.get(uid)
            position = log.position if log else Position()
            run = log.source.run if log else source.run
            pod = self.pods[uid] = _Pod(source, position, Assembler(source.name, source.kind), run)
            if not self._first:
                self._came.put_nowait(f"{source.name}: a new pod")
            self._start(pod)
            return
        before, pod.source = pod.source, source
        if before.running and not source.running:
            self._came.put_nowait(f"{source.name}: its container has ended: {source.waits}")
        if before.run != source.run:
            if source.restarts:
                self._came.put_nowait(f"{source.name}: its container runs again")
            # The connection may be the new container's already: the end of the former's log is asked for.
            self._start(pod)
        elif before.running != source.running:
            pod.changed.set()

    def _start(self, pod: _Pod) -> None:
        if pod.task:
            pod.task.cancel()
        pod.task = asyncio.create_task(self._follow(pod))
        self.tasks.add(pod.task)
        pod.task.add_done_callback(self.tasks.discard)

    # What one pod logs.

    async def _follow(self, pod: _Pod) -> None:
        """Read the log of a pod on and on, over the ends of its containers and of connections."""
        await self._until(pod, started=True)
        while not pod.gone:
            pod.changed.clear()
            run = pod.source.run
            if pod.run and pod.run != run:
                # The end of the former container's log may have been lost with a connection.
                await self._read_on(pod, previous="true")
            pod.run = run
            trouble = await self._read_on(pod, follow="true")
            if trouble:
                self._came.put_nowait(f"{pod.source.name}: {trouble}; tries again")
            # A container that has ended is waited for; a connection may end although it runs.
            with suppress(TimeoutError):
                async with asyncio.timeout(_AGAIN):
                    await pod.changed.wait()
            await self._until(pod, started=False)

    async def _until(self, pod: _Pod, *, started: bool) -> None:
        """Wait until the pod's container runs, or has run once (`started`), or the pod has gone."""
        while not (pod.gone or pod.source.running or (started and pod.source.run)):
            pod.changed.clear()
            await pod.changed.wait()

    async def _read_on(self, pod: _Pod, **more: str) -> str:
        """Read until the connection ends; return why it could not be read."""
        path = f"{pod_path(self._instance.namespace, pod.source.pod)}/log"
        query = request(pod.source, since=pod.position.since, **more)
        pod.position.reconnected()
        try:
            async with aclosing(self._client.lines(path, query=query, silence=None)) as answer:
                async for raw in answer:
                    if line := pod.position.take(raw):
                        self._came.put_nowait((pod, line))
        except HeddleError as error:
            # No run before, or none yet; of a pod that has gone everybody is told.
            return "" if "previous" in more or pod.gone or not pod.source.running else error.message
        return ""

    # What came of all.

    async def heard(self) -> Heard:
        """Return what came since the last time, once something did."""
        while True:
            fed, done, notes = await self._gathered()
            quiet = self._open - fed
            for pod in quiet:
                if entry := pod.assembler.flush():
                    done.setdefault(pod, []).append(entry)
            self._open = set(fed)
            if done or notes:
                return Heard(entries=tuple(merged(done.values())), notes=tuple(notes))

    async def _gathered(self) -> tuple[set[_Pod], dict[_Pod, list[Entry]], list[str]]:
        """Return the pods of which lines came for a moment, the entries that these ended, and notes."""
        fed: set[_Pod] = set()
        done: dict[_Pod, list[Entry]] = {}
        notes: list[str] = []
        loop = asyncio.get_running_loop()
        # Without an entry that is open nothing has to be given out while nothing comes.
        until = loop.time() + _GATHER if self._open else None
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until) as limit:
                while True:
                    item = await self._came.get()
                    if until is None:
                        until = loop.time() + _GATHER
                        limit.reschedule(until)
                    if isinstance(item, str):
                        notes.append(item)
                        continue
                    pod, line = item
                    fed.add(pod)
                    if entry := pod.assembler.feed(line):
                        done.setdefault(pod, []).append(entry)
        return fed, done, notes
