"""Read the logs of several pods side by side: each as far as it answers."""

import asyncio
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass
from urllib.parse import quote

from heddle.errors import HeddleError, Unreachable
from heddle.kube.client import Json, KubeClient, pod_path
from heddle.logs.entries import Entry, Line, entries_of
from heddle.logs.merge import merged
from heddle.logs.position import Position
from heddle.logs.sources import INSTANCE, Choice, Source, missing_of, sources_of
from heddle.network.instance import InstanceOutput

__all__ = ["Found", "Log", "list_sources", "pods_of", "read_logs", "request"]


@dataclass(frozen=True, kw_only=True)
class Log:
    """Hold what was read of a source; `trouble`: why that is not all of it."""

    source: Source
    lines: tuple[Line, ...]
    position: Position
    trouble: str = ""


@dataclass(frozen=True, kw_only=True)
class Found:
    """Hold the logs that were read. `notes`: what people should know of them; `whole`: nothing lacks."""

    logs: tuple[Log, ...]
    notes: tuple[str, ...] = ()
    whole: bool = True

    def entries(self) -> Iterable[Entry]:
        """Return the entries of all logs in the order of time."""
        return merged(
            entries_of(log.lines, source=log.source.name, kind=log.source.kind) for log in self.logs
        )


def pods_of(instance: InstanceOutput) -> tuple[str, dict[str, str]]:
    """Return the path and the query of the list of an instance's pods."""
    path = f"/api/v1/namespaces/{quote(instance.namespace)}/pods"
    return path, {"labelSelector": f"{INSTANCE}={instance.name}"}


def request(source: Source, *, since: str, **more: str) -> dict[str, str]:
    """Return the query for the log of a source's container."""
    query = {"container": source.container, "timestamps": "true", **more}
    return {**query, "sinceTime": since} if since else query


async def list_sources(client: KubeClient, instance: InstanceOutput) -> list[Source]:
    """Return the sources of an instance as they are now. Raises KubeError and Unreachable."""
    path, query = pods_of(instance)
    pods: list[Json] = await client.items(path, **query)
    return sources_of(instance, pods)


async def read_logs(
    client: KubeClient,
    instance: InstanceOutput,
    choice: Choice,
    *,
    since: int | None,
    previous: bool = False,
    silence: float,
) -> Found:
    """Read the chosen logs, all at the same time.

    since: nanoseconds since 1970; None: from the first line that is kept. previous: those of the containers'
    runs before the present ones. silence: seconds without a byte after which a log counts as lost.
    """
    sources = await list_sources(client, instance)
    chosen = [each for each in sources if choice.takes(each)]
    notes = [f"{name}: it has no pod, so there is no log" for name in missing_of(choice, sources)]
    if previous:
        notes += [f"{each.name}: no container ran before this one" for each in chosen if not each.restarts]
        chosen = [each for each in chosen if each.restarts]
    else:
        notes += [_told(each) for each in chosen if each.ended or not each.running]
    logs = await asyncio.gather(
        *(_read(client, instance, each, since=since, previous=previous, silence=silence) for each in chosen)
    )
    notes += [f"{log.source.name}: {log.trouble}" for log in logs if log.trouble]
    return Found(logs=tuple(logs), notes=tuple(notes), whole=not any(log.trouble for log in logs))


def _told(source: Source) -> str:
    """Return what a person has to know of a container that does not run, or not for the first time."""
    words = [] if source.running else [f"it does not run: {source.waits}"]
    if source.ended:
        times = "once" if source.restarts == 1 else f"{source.restarts} times"
        words.append(f"restarted {times}, before: {source.ended}; that log: --previous")
    return f"{source.name}: {'; '.join(words)}"


async def _read(
    client: KubeClient,
    instance: InstanceOutput,
    source: Source,
    *,
    since: int | None,
    previous: bool,
    silence: float,
) -> Log:
    position, lines = Position(since), list[Line]()
    query = request(source, since=position.since, **({"previous": "true"} if previous else {}))
    path = f"{pod_path(instance.namespace, source.pod)}/log"
    trouble = ""
    try:
        async with aclosing(client.lines(path, query=query, silence=silence)) as answer:
            async for raw in answer:
                if line := position.take(raw):
                    lines.append(line)
    except Unreachable as error:
        trouble = f"its log does not answer: {error.cause or error.message}"
    except HeddleError as error:
        # A container that never ran has no log; why it does not run is told anyway.
        trouble = error.message if source.run else ""
    return Log(source=source, lines=tuple(lines), position=position, trouble=trouble)
