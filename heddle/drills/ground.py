"""Open the stack that an incident is rehearsed on, and act on its cluster as trouble does."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from heddle import config
from heddle.drills.stackfile import edited
from heddle.errors import DrillError
from heddle.kube.apiserver import ApiServer
from heddle.kube.claims import claims_in
from heddle.kube.client import Json, pod_path, refusal
from heddle.kube.execute import execute
from heddle.kube.ownership import disown
from heddle.kube.workloads import Workloads
from heddle.logs.reading import list_sources
from heddle.logs.sources import Source
from heddle.network.instance import InstanceOutput
from heddle.network.network import Network, open_network
from heddle.state.project import open_project, open_stack_file
from heddle.state.stack import open_stack
from heddle.waiting import poll

__all__ = ["Ground", "expect_disposable", "opened_ground"]

_MANAGER = "heddle-drill"
_LOST_SECONDS = 300.0
"""Seconds for a pod to end and its successor to miss its volume."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A disposable stack: its network and cluster, and the hands that damage it."""

    stack: str
    folder: Path
    network: Network
    server: ApiServer
    cluster: Workloads

    @property
    def instance(self) -> InstanceOutput:
        """Return what the stack's output says of the instance."""
        return self.network.instance

    @property
    def namespace(self) -> str:
        """Return the instance's namespace."""
        return self.network.instance.namespace

    async def servers(self, chaincode: str) -> tuple[Source, ...]:
        """Return the pods of the servers of a chaincode's version in force."""
        packages = self.instance.chaincode(chaincode).package_ids.values()
        sources = await list_sources(self.cluster, self.instance)
        return tuple(each for each in sources if each.package in packages)

    async def scale(self, name: str, replicas: int) -> None:
        """Give a workload another number of pods, as somebody by hand does."""
        await self.change(await self.place(name), {"spec": {"replicas": replicas}})

    async def place(self, name: str) -> str:
        """Return the path of a StatefulSet or Deployment. Raises DrillError when there is none."""
        found = (await self.cluster.found()).get(name)
        if found is None:
            raise DrillError(f"namespace {self.namespace} has no workload {name}", hint="Is the stack well?")
        return f"/apis/apps/v1/namespaces/{quote(self.namespace)}/{found.plural}/{quote(name)}"

    def secret(self, name: str) -> str:
        """Return the path of a Secret."""
        return f"/api/v1/namespaces/{quote(self.namespace)}/secrets/{quote(name)}"

    async def change(self, path: str, patch: Json) -> None:
        """Change an object by a patch: JSON Merge Patch, or a list of operations of JSON Patch.

        Nobody owns the fields then: what declared the object can apply its own values again, without the
        conflict that an edit by `kubectl` leaves.
        """
        kind = "json-patch" if isinstance(patch, list) else "merge-patch"
        response = await self.cluster.send(
            "PATCH",
            path,
            query={"fieldManager": _MANAGER},
            json=patch,
            content_type=f"application/{kind}+json",
            repeatable=True,
        )
        if response.status_code != 200:
            raise refusal(response)
        await disown(self.cluster, path, _MANAGER)

    async def delete_pod(self, pod: str) -> None:
        """Delete a pod; what it belongs to makes another one."""
        await self._delete(pod_path(self.namespace, pod))

    async def lose_volume(self, pod: str) -> None:
        """Delete the claims of a pod with their data, and the pod; wait until its successor misses them."""
        found = await self.cluster.pod(self.namespace, pod)
        claims = claims_in((found or {}).get("spec"))
        if found is None or not claims:
            raise DrillError(f"pod {self.namespace}/{pod} has no volume to lose", hint="Is the stack well?")
        for claim in claims:
            name = quote(claim)
            await self._delete(f"/api/v1/namespaces/{quote(self.namespace)}/persistentvolumeclaims/{name}")
        await self.delete_pod(pod)
        former = found["metadata"]["uid"]

        async def look(_left: float) -> bool:
            now = await self.cluster.pod(self.namespace, pod)
            conditions = ((now or {}).get("status") or {}).get("conditions") or ()
            misses = any("not found" in str(each.get("message", "")) for each in conditions)
            return now is not None and now["metadata"]["uid"] != former and misses

        await poll(
            look,
            bool,
            deadline=_LOST_SECONDS,
            otherwise=lambda _: DrillError(f"pod {self.namespace}/{pod} does not miss its volume"),
            until=f"until pod {pod} misses its volume",
        )

    async def execute(self, pod: str, command: Sequence[str]) -> None:
        """Run a command, an argument list, in the container of a pod."""
        await execute(self.server, self.namespace, pod, command)

    def edit(self, changes: Mapping[tuple[str, ...], Any]) -> None:
        """Change values of `fabric:instance` in the stack file, which keeps its comments."""
        path = open_stack_file(open_project(self.folder.resolve()), self.stack).path
        text = path.read_text(encoding="utf-8")
        path.write_text(edited(text, changes), encoding="utf-8")

    def wanted(self, *path: str) -> Any:  # noqa: ANN401 - any plain data
        """Return a value of `fabric:instance` as the stack file has it now; None where it has none."""
        found: Any = open_stack_file(open_project(self.folder.resolve()), self.stack).config
        for key in ("fabric:instance", *path):
            found = found.get(key) if isinstance(found, dict) else None
        return found

    async def _delete(self, path: str) -> None:
        response = await self.cluster.send("DELETE", path)
        if response.status_code not in (200, 202, 404):
            raise refusal(response)


def expect_disposable(stack: str, folder: Path) -> None:
    """Raise DrillError unless the stack's file says that all of it may be lost."""
    opened = open_stack(folder, stack)
    instance = config.read_instance(opened.name, opened.config.values, opened.config.secret_keys)
    if not instance.disposable:
        raise DrillError(
            f"stack {stack!r} is not disposable: a drill deletes volumes and damages ledgers",
            hint="Rehearse on a copy: a stack file of another name with `disposable: true`, and `heddle up`.",
        )


@asynccontextmanager
async def opened_ground(stack: str, folder: Path) -> AsyncIterator[Ground]:
    """Open a disposable stack for a drill. Raises DrillError for any other, EngineError without state."""
    await asyncio.to_thread(expect_disposable, stack, folder)
    network = await asyncio.to_thread(open_network, stack, folder)
    server = await ApiServer.load(network.access.kubeconfig)
    async with Workloads(server, network.instance.namespace) as cluster:
        yield Ground(stack=stack, folder=folder, network=network, server=server, cluster=cluster)
