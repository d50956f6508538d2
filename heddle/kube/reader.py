"""What runbooks ask a cluster: plain JSON from its API server, nothing is changed."""

import asyncio
from typing import Any, Self

import httpx

from heddle.errors import RunbookError
from heddle.kube.api import ApiConnection, refusal_words
from heddle.kube.server import ApiServer

__all__ = ["Cluster", "Json"]

Json = Any
"""A Kubernetes object as plain data."""

_LOG_LINES = 400
_EVENTS = 3


class Cluster(ApiConnection):
    """One cluster, read only. Use as an async context manager."""

    @classmethod
    async def open(cls, kubeconfig: str) -> Self:
        """The cluster that a kubeconfig (its text) names. Raises FabricError for a bad one."""
        return cls(await ApiServer.load(kubeconfig))

    async def get(self, path: str, **query: str) -> Json | None:
        """An object or a list by its path, None where there is none. Raises Unreachable, RunbookError."""
        response = await self._send(path, query)
        return None if response.status_code == httpx.codes.NOT_FOUND else response.json()

    async def items(self, path: str, **query: str) -> list[Json]:
        """The items of a list; none where the API server does not know the kind."""
        return list((await self.get(path, **query) or {}).get("items") or [])

    async def lists(self, *paths: str) -> list[list[Json]]:
        """The items of several lists, asked for side by side."""
        return list(await asyncio.gather(*(self.items(path) for path in paths)))

    async def statefulset(self, namespace: str, name: str) -> Json | None:
        """A StatefulSet."""
        return await self.get(f"/apis/apps/v1/namespaces/{namespace}/statefulsets/{name}")

    async def pod(self, namespace: str, name: str) -> Json | None:
        """A pod."""
        return await self.get(f"/api/v1/namespaces/{namespace}/pods/{name}")

    async def log(self, namespace: str, pod: str, *, previous: bool = False) -> str:
        """The end of a pod's log, or of its container's before; empty where there is none (yet)."""
        query = {"tailLines": str(_LOG_LINES), **({"previous": "true"} if previous else {})}
        try:
            response = await self._send(f"/api/v1/namespaces/{namespace}/pods/{pod}/log", query)
        except RunbookError:
            return ""
        return response.text if response.status_code == httpx.codes.OK else ""

    async def log_of_job(self, namespace: str, job: str) -> str:
        """The whole log of the pod of a Job that has ended well. Raises RunbookError if there is none."""
        pods = f"/api/v1/namespaces/{namespace}/pods"
        for pod in await self.items(pods, labelSelector=f"batch.kubernetes.io/job-name={job}"):
            if pod.get("status", {}).get("phase") == "Succeeded":
                return (await self._send(f"{pods}/{pod['metadata']['name']}/log", {})).text
        raise RunbookError(f"Job {namespace}/{job}: no pod of it has ended well")

    async def warnings(self, namespace: str, name: str) -> tuple[str, ...]:
        """The last warnings about an object of this name."""
        query = f"involvedObject.name={name},type=Warning"
        found = await self.items(f"/api/v1/namespaces/{namespace}/events", fieldSelector=query)
        return tuple(f"{event.get('reason')}: {event.get('message')}" for event in found[-_EVENTS:])

    async def _send(self, path: str, query: dict[str, str]) -> httpx.Response:
        response = await self.send("GET", path, query=query)
        if response.status_code not in (httpx.codes.OK, httpx.codes.NOT_FOUND):
            raise RunbookError(f"API server: GET {path}: {refusal_words(response)}")
        return response
