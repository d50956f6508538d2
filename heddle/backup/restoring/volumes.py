"""Write what ordering nodes begin with onto their volumes, before any node starts."""

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from heddle.backup.restoring.ledgers import Chunk, LedgerFile, folders_of
from heddle.errors import BackupError, KubeError
from heddle.kube.apiserver import ApiServer
from heddle.kube.claims import is_leaving
from heddle.kube.client import Json, KubeClient, is_ready, refusal
from heddle.kube.execute import Ended, execute
from heddle.kube.jobs import claim_path, volume_job
from heddle.kube.pods import container_lines
from heddle.waiting import poll, retry

__all__ = ["NodeVolume", "mounted_volumes", "volume_verdict"]

_SECONDS = 12 * 3600
"""Seconds that a Job on a claim stays if its run was killed."""
_STARTING = 300.0
"""Seconds for a Job's pod to run: its volume is made first, its image may be pulled."""
_GOING = 120.0
"""Seconds for a Job and its pod to be gone."""
_PATIENCE = 300.0
"""Seconds in which a piece that did not arrive is sent again."""
_ANSWER = 60.0
"""Seconds for one command: a connection that was lost without a word must not use up all of the patience."""
_SPARED = {"lost+found"}
"""What a new file system has by itself."""
_MARK = ".heddle-restore-"
"""Begin of a folder's name, which ends with the backup's: a restore writes this volume, or wrote it."""
_DONE = "done"
"""The folder in it that says that the volume is whole."""
_MOST_SHOWN = 3
_COPIED = re.compile(r"^(\d+) bytes? .*copied", re.MULTILINE)
"""What dd says at its end, of the GNU and of busybox."""
_LEAST = 32 * 1024
"""Bytes that are sent at once where input ends early: what one message of the API server carries."""
_VAIN = 20
"""Commands in a row of whose input nothing arrives."""


def volume_verdict(
    found: Mapping[str, int], wanted: Mapping[str, LedgerFile], backup: str
) -> Literal["write", "check"]:
    """Decide what to do with a volume by what is on it: size by path of files, folders have -1.

    An empty one, or one that a restore of the same backup was writing, is written. One that such a restore
    has finished is checked. Raises BackupError for any other: a node has used it.
    """
    mark = f"{_MARK}{backup}"
    content = {path: size for path, size in found.items() if path.split("/")[0] not in _SPARED}
    if f"{mark}/{_DONE}" in content:
        files = {path: size for path, size in content.items() if size >= 0}
        if files == {path: each.size for path, each in wanted.items()}:
            return "check"
        raise _used(files.keys() - wanted.keys() or wanted.keys())
    if mark in content or not content:
        return "write"
    raise _used(content)


def _used(paths: Iterable[str]) -> BackupError:
    shown = ", ".join(sorted(paths)[:_MOST_SHOWN])
    return BackupError(
        f"it is not empty: it has {shown}",
        hint="A restore never writes over what a node has: delete the claim if that is of no use any more.",
    )


@dataclass(frozen=True, kw_only=True)
class NodeVolume:
    """Write and check the volume of a node that does not run, through the pod that holds it."""

    server: ApiServer
    namespace: str
    node: str
    pod: str
    root: str

    async def listed(self) -> dict[str, int]:
        """Return the size of each file by its path; a folder has -1."""
        output = await self._run(["/usr/bin/find", self.root, "-mindepth", "1", "-printf", "%y\\t%s\\t%P\\n"])
        lines = (line.split("\t", 2) for line in output.decode(errors="replace").splitlines())
        return {path: int(size) if kind == "f" else -1 for kind, size, path in lines}

    async def begin(self, backup: str, wanted: dict[str, LedgerFile]) -> None:
        """Mark the volume as one that is being written, and make its folders."""
        folders = [f"{_MARK}{backup}", *folders_of(wanted)]
        await self._run(["/usr/bin/mkdir", "-p", *(f"{self.root}/{each}" for each in folders)])

    async def write(self, chunk: Chunk) -> None:
        """Write a piece of a file; to write it again changes nothing.

        Nothing is cut off: the command of a run that was killed may come late, and beside this one. Where a
        runtime ends a command's input early, the rest goes to further commands, no more at once than arrives.
        Raises KubeError when nothing arrives any more.
        """
        place, most, vain = 0, len(chunk.content), 0
        while place < len(chunk.content):
            part = chunk.content[place : place + most]
            arrived = await self._written(chunk.path, chunk.offset + place, part)
            place += arrived
            vain = 0 if arrived else vain + 1
            if vain == _VAIN:
                raise KubeError(
                    f"pod {self.namespace}/{self.pod}: nothing of what is sent arrives, tried {_VAIN} times",
                    hint="Restore again: it goes on from here. `kubectl exec -i` shows the same.",
                )
            most = most if arrived == len(part) else max(arrived, _LEAST)

    async def _written(self, path: str, offset: int, part: bytes) -> int:
        """Write bytes at a place of a file, and return how many of them arrived."""
        command = [
            "/usr/bin/dd",
            f"of={self.root}/{path}",
            "bs=65536",
            "iflag=fullblock,count_bytes",
            "oflag=seek_bytes",
            f"seek={offset}",
            f"count={len(part)}",
            "conv=notrunc,fsync",
        ]
        said = (await self._ended(command, part)).errors.decode(errors="replace")
        copied = _COPIED.search(said)
        if copied is None or int(copied[1]) > len(part):
            raise KubeError(
                f"pod {self.namespace}/{self.pod}: dd does not say what it copied: {said[-200:]!r}"
            )
        return int(copied[1])

    async def differing(self, wanted: Mapping[str, LedgerFile]) -> list[str]:
        """Return the files that are not on the volume byte for byte, each with its sizes there and wanted."""
        sizes = await self.listed()
        paths = [path for path in sorted(wanted) if sizes.get(path) == wanted[path].size]
        output = b""
        if paths:
            output = await self._run(["/usr/bin/sha256sum", *(f"{self.root}/{path}" for path in paths)])
        # A line begins with a backslash where the path needs one.
        found = [line.split()[0].removeprefix("\\") for line in output.decode().splitlines()]
        whole = {path for path, digest in zip(paths, found, strict=True) if digest == wanted[path].sha256}
        return [
            f"{path} ({sizes.get(path, 'no')} of {wanted[path].size} bytes)"
            for path in sorted(wanted)
            if path not in whole
        ]

    async def finish(self, backup: str) -> None:
        """Mark the volume as whole."""
        await self._run(["/usr/bin/mkdir", "-p", f"{self.root}/{_MARK}{backup}/{_DONE}"])

    async def _run(self, command: Sequence[str]) -> bytes:
        """Run a command that may be repeated, and return its output."""
        return (await self._ended(command)).output

    async def _ended(self, command: Sequence[str], stdin: bytes = b"") -> Ended:
        async def attempt(left: float) -> Ended:
            return await execute(
                self.server, self.namespace, self.pod, command, stdin=stdin, deadline=min(left, _ANSWER)
            )

        return await retry(attempt, deadline=_PATIENCE)


@asynccontextmanager
async def mounted_volumes(
    server: ApiServer, statefulsets: Mapping[str, Mapping[str, Any]], *, suffix: str
) -> AsyncIterator[dict[str, NodeVolume]]:
    """Hold the volumes of nodes that do not run, by the node's name; let them go at the end.

    A Job that a killed run left is used again. Raises KubeError with its pod's reason if it does not start.
    """
    async with KubeClient(server) as client:
        jobs = {
            name: volume_job(each, suffix=suffix, seconds=_SECONDS) for name, each in statefulsets.items()
        }
        try:
            # All of them first: so they are placed apart.
            uids = {name: await _made(client, job) for name, job in jobs.items()}
            volumes = {}
            for name, job in jobs.items():
                pod = await _running(client, job, uids[name])
                volumes[name] = NodeVolume(
                    server=server,
                    namespace=job["metadata"]["namespace"],
                    node=name,
                    pod=pod,
                    root=claim_path(statefulsets[name]),
                )
            yield volumes
        finally:
            for job in jobs.values():
                await _remove(client, job)


def _jobs_path(job: Json) -> str:
    return f"/apis/batch/v1/namespaces/{quote(job['metadata']['namespace'])}/jobs"


async def _made(client: KubeClient, job: Json) -> str:
    """Return the uid of a Job: a new one, or one that a killed run left, if that goes on."""
    name = job["metadata"]["name"]

    async def look(_: float) -> str:
        found = await client.get(f"{_jobs_path(job)}/{quote(name)}")
        if found is None:
            response = await client.send("POST", _jobs_path(job), json=job, repeatable=True)
            if response.status_code not in (200, 201, 202, 409):
                raise refusal(response)
            return ""
        if not is_leaving(found) and _has_ended(found):
            await _delete(client, job)
            return ""
        return "" if is_leaving(found) else str(found["metadata"]["uid"])

    def still_there(_: str) -> KubeError:
        return KubeError(f"Job {name}: a former one of its name is still there after {_GOING:.0f} s")

    until = f"until a former Job {name} is gone"
    return await poll(look, bool, deadline=_GOING, otherwise=still_there, until=until)


def _has_ended(job: Json) -> bool:
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(each["type"] in ("Complete", "Failed") and each["status"] == "True" for each in conditions)


async def _pods(client: KubeClient, job: Json, uid: str = "") -> list[Json]:
    selector = f"batch.kubernetes.io/job-name={job['metadata']['name']}"
    selector += f",batch.kubernetes.io/controller-uid={uid}" if uid else ""
    path = f"/api/v1/namespaces/{quote(job['metadata']['namespace'])}/pods"
    return await client.items(path, labelSelector=selector)


async def _running(client: KubeClient, job: Json, uid: str) -> str:
    """Return the name of the Job's pod once it runs."""

    async def look(_: float) -> list[Json]:
        return await _pods(client, job, uid)

    def ready(pods: list[Json]) -> list[str]:
        return [each["metadata"]["name"] for each in pods if is_ready(each) and not is_leaving(each)]

    def stuck(pods: list[Json]) -> KubeError:
        conditions = [
            f"{each['type']}: {each['message']}"
            for pod in pods
            for each in (pod.get("status") or {}).get("conditions") or ()
            if each.get("message")
        ]
        lines = [*conditions, *(line for pod in pods for line in container_lines(pod))]
        return KubeError(
            f"Job {job['metadata']['name']}: its pod does not run after {_STARTING:.0f} s"
            + "".join(f"\n  {line}" for line in lines),
            hint="When it can run, restore again: it goes on from here.",
        )

    until = f"until the pod of Job {job['metadata']['name']} runs"
    found = await poll(look, lambda pods: bool(ready(pods)), deadline=_STARTING, otherwise=stuck, until=until)
    return ready(found)[0]


async def _remove(client: KubeClient, job: Json) -> None:
    """Delete a Job and wait until its pod has let the claim go."""
    await _delete(client, job)
    until = f"until the pod of Job {job['metadata']['name']} is gone"
    await poll(lambda _: _pods(client, job), lambda pods: not pods, deadline=_GOING, until=until)


async def _delete(client: KubeClient, job: Json) -> None:
    response = await client.send(
        "DELETE",
        f"{_jobs_path(job)}/{quote(job['metadata']['name'])}",
        query={"propagationPolicy": "Background"},
        repeatable=True,
    )
    if response.status_code not in (200, 202, 404):
        raise refusal(response)
