"""Call the API server of Kubernetes by its REST interface; answers are plain data.

Paths and fields: kubernetes.io/docs/reference/kubernetes-api.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Self, TypeAlias
from urllib.parse import quote

import httpx

from heddle.errors import Forbidden, KubeError, Unreachable
from heddle.kube.apiserver import ApiServer
from heddle.kube.splitting import LineSplitter
from heddle.waiting import reading

__all__ = ["Json", "KubeClient", "is_ready", "pod_path", "refusal"]

Json: TypeAlias = Any
"""A Kubernetes object as plain data."""

_CALL_SECONDS = 15.0
_READ_SECONDS = 30.0
"""Seconds for what may be asked again: a busy API server loses an answer now and then."""
_CANNOT = (429, 500, 502, 503, 504)
"""HTTP statuses with which an API server says that it cannot answer now."""
_LOG_LINES = 400
_WARNINGS = 3
_FIRST_BYTES = 8 << 20
"""Bytes of a container's log that hold what it said at its start; a peer prints its whole configuration."""


class KubeClient:
    """Calls one API server. Use as an async context manager.

    Every method raises Unreachable when no answer comes, and KubeError when the answer is a refusal.
    """

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._client = httpx.AsyncClient(
            base_url=server.url,
            verify=server.tls if server.tls is not None else False,
            proxy=server.proxy or None,
            timeout=_CALL_SECONDS,
            # Each log that is followed keeps a connection for itself.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
            trust_env=False,
        )

    @classmethod
    async def open(cls, kubeconfig: str) -> Self:
        """Return a client of the cluster that a kubeconfig (its text) names."""
        return cls(await ApiServer.load(kubeconfig))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: object = None,
        content_type: str = "",
        repeatable: bool = False,
    ) -> httpx.Response:
        """Return the server's answer to a request, refusals too.

        A read is tried again while no answer comes, as is a write that is `repeatable`: what a second one
        does, or is answered, is the same to the caller.
        """

        async def attempt(left: float) -> httpx.Response:
            seconds = min(_CALL_SECONDS, left)
            return await self._sent(method, path, seconds, query=query, json=json, content_type=content_type)

        if method == "GET" or repeatable:
            return await reading(attempt, deadline=_READ_SECONDS)
        return await attempt(_CALL_SECONDS)

    async def _sent(
        self,
        method: str,
        path: str,
        seconds: float,
        *,
        query: Mapping[str, str] | None,
        json: object = None,
        content_type: str = "",
    ) -> httpx.Response:
        headers = await self._server.headers()
        if content_type:
            headers.append(("Content-Type", content_type))
        try:
            return await self._client.request(
                method, path, params=query, headers=headers, json=json, timeout=seconds
            )
        except httpx.TransportError as error:
            raise self._no_answer(method, path, error) from error

    def _no_answer(self, method: str, path: str, error: httpx.TransportError) -> Unreachable:
        words = str(error) or type(error).__name__
        return Unreachable(
            f"API server {self._server.way}: {method} {path}: no answer: {words}",
            cause=words,
            hint="Does `kubectl get pods` work with this kubeconfig?"
            + (" What needs no proxy belongs into NO_PROXY." if self._server.proxy else ""),
        )

    async def lines(
        self, path: str, *, query: Mapping[str, str] | None = None, silence: float | None
    ) -> AsyncGenerator[str, None]:
        """Yield the lines of an answer as they come; close the iterator to end it.

        silence: seconds without a byte after which the answer counts as lost; None: it may be silent.
        """
        splitter, headers = LineSplitter(), await self._server.headers()
        timeout = httpx.Timeout(_CALL_SECONDS, read=silence)
        try:
            async with self._client.stream(
                "GET", path, params=query, headers=headers, timeout=timeout
            ) as response:
                if response.status_code != httpx.codes.OK:
                    await response.aread()
                    raise refusal(response)
                async for chunk in response.aiter_bytes():
                    for line in splitter.feed(chunk):
                        yield line
        except httpx.TransportError as error:
            raise self._no_answer("GET", path, error) from error
        for line in splitter.rest():
            yield line

    async def get(self, path: str, **query: str) -> Json | None:
        """Return an object or a list by its path, None where there is none.

        A server that says it cannot answer now has not answered: it is asked again.
        """

        async def attempt(left: float) -> httpx.Response:
            answer = await self._sent("GET", path, min(_CALL_SECONDS, left), query=query)
            if answer.status_code in _CANNOT:
                raise Unreachable(refusal(answer).message, hint="It cannot answer now: try again.")
            return answer

        response = await reading(attempt, deadline=_READ_SECONDS)
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        if response.status_code != httpx.codes.OK:
            raise refusal(response)
        return response.json()

    async def items(self, path: str, **query: str) -> list[Json]:
        """Return the items of a list; none where the API server does not know the kind."""
        return list((await self.get(path, **query) or {}).get("items") or [])

    async def lists(self, *paths: str) -> list[list[Json]]:
        """Return the items of several lists, asked for side by side."""
        return list(await asyncio.gather(*(self.items(path) for path in paths)))

    async def statefulset(self, namespace: str, name: str) -> Json | None:
        """Return a StatefulSet, None where there is none."""
        return await self.get(f"/apis/apps/v1/namespaces/{quote(namespace)}/statefulsets/{quote(name)}")

    async def pod(self, namespace: str, name: str) -> Json | None:
        """Return a pod, None where there is none."""
        return await self.get(pod_path(namespace, name))

    async def log(self, namespace: str, pod: str, *, previous: bool = False, lines: int = _LOG_LINES) -> str:
        """Return the end of a pod's log, or of its container's before; empty where there is none (yet)."""
        query = {"tailLines": str(lines), **({"previous": "true"} if previous else {})}
        response = await self.send("GET", f"{pod_path(namespace, pod)}/log", query=query)
        return response.text if response.status_code == httpx.codes.OK else ""

    async def first_log(self, namespace: str, pod: str, *, most: int = _FIRST_BYTES) -> str:
        """Return the beginning of a running container's log, as far as its kubelet still has it.

        most: bytes.
        """
        query = {"limitBytes": str(most)}
        response = await self.send("GET", f"{pod_path(namespace, pod)}/log", query=query)
        return response.text if response.status_code == httpx.codes.OK else ""

    async def log_of_job(self, namespace: str, job: str) -> str:
        """Return the whole log of the pod of a Job that has ended well. Raises KubeError if there is none."""
        selector = f"batch.kubernetes.io/job-name={job}"
        for pod in await self.items(f"/api/v1/namespaces/{quote(namespace)}/pods", labelSelector=selector):
            if pod.get("status", {}).get("phase") == "Succeeded":
                response = await self.send("GET", f"{pod_path(namespace, pod['metadata']['name'])}/log")
                if response.status_code != httpx.codes.OK:
                    raise refusal(response)
                return response.text
        raise KubeError(f"Job {namespace}/{job}: no pod of it has ended well")

    async def warnings(self, namespace: str, name: str) -> tuple[str, ...]:
        """Return the last warnings about an object of this name."""
        events = await self.items(
            f"/api/v1/namespaces/{quote(namespace)}/events",
            fieldSelector=f"involvedObject.name={name},type=Warning",
        )
        return tuple(f"{event.get('reason')}: {event.get('message')}" for event in events[-_WARNINGS:])


def is_ready(obj: Json | None) -> bool:
    """Tell whether a pod or a Kubernetes node has the condition Ready."""
    conditions = (obj or {}).get("status", {}).get("conditions") or []
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def pod_path(namespace: str, pod: str) -> str:
    """Return the path of a pod in the REST interface."""
    return f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}"


def refusal(response: httpx.Response) -> KubeError:
    """Return the error for an answer that is a refusal, in the server's words."""
    request = response.request
    kind = Forbidden if response.status_code == httpx.codes.FORBIDDEN else KubeError
    return kind(f"API server: {request.method} {request.url.path}: {_words(response)}")


def _words(response: httpx.Response) -> str:
    try:
        return str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        return response.text.strip() or response.reason_phrase
