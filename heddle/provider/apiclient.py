"""Plain calls of Kubernetes' REST API, with errors that say what was asked and what it answered."""

from typing import Any, Self

import httpx

from heddle.errors import ProviderError, Unreachable
from heddle.fabric.kubeconfig import ApiServer

__all__ = ["ApiClient"]

_CALL = 15.0


class ApiClient:
    """An API server. Use as an async context manager."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._client = httpx.AsyncClient(
            base_url=server.url,
            verify=server.tls if server.tls is not None else False,
            proxy=server.proxy or None,
            timeout=_CALL,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def get(self, path: str) -> dict[str, Any] | None:
        """An object, or None: there is none. Raises ProviderError for a refusal, Unreachable."""
        response = await self.send("GET", path)
        if response.status_code == 404:
            return None
        if response.status_code != 200:
            raise self.failure(response)
        found: dict[str, Any] = response.json()
        return found

    async def send(
        self, method: str, path: str, *, json: object = None, content_type: str = ""
    ) -> httpx.Response:
        """Any answer of the server. Raises Unreachable if there is none."""
        headers = dict(await self._server.headers())
        if content_type:
            headers["Content-Type"] = content_type
        extensions = {"sni_hostname": self._server.tls_server_name} if self._server.tls_server_name else {}
        try:
            return await self._client.request(method, path, headers=headers, json=json, extensions=extensions)
        except httpx.TransportError as error:
            words = str(error) or type(error).__name__
            raise Unreachable(
                f"API server {self._server.url}: {method} {path}: no answer: {words}",
                hint="Does `kubectl get pods` work with this kubeconfig?",
            ) from error

    def failure(self, response: httpx.Response) -> ProviderError:
        """The error of an answer that is a refusal, in the server's words."""
        try:
            words = response.json()["message"]
        except (ValueError, KeyError, TypeError):
            words = response.text.strip()
        request = response.request
        return ProviderError(f"API server: {request.method} {request.url.path}: {words}")
