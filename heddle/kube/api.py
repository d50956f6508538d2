"""Plain calls of Kubernetes' REST API with what a kubeconfig says."""

from collections.abc import Mapping
from typing import Self

import httpx

from heddle.errors import Unreachable
from heddle.kube.server import ApiServer

__all__ = ["ApiConnection", "refusal_words"]

_CALL = 15.0


class ApiConnection:
    """A connection to an API server. Use as an async context manager."""

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

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: object = None,
        content_type: str = "",
    ) -> httpx.Response:
        """Any answer of the server. Raises Unreachable if there is none."""
        headers = dict(await self._server.headers())
        if content_type:
            headers["Content-Type"] = content_type
        extensions = {"sni_hostname": self._server.tls_server_name} if self._server.tls_server_name else {}
        try:
            return await self._client.request(
                method, path, params=query, headers=headers, json=json, extensions=extensions
            )
        except httpx.TransportError as error:
            words = str(error) or type(error).__name__
            raise Unreachable(
                f"API server {self._server.url}: {method} {path}: no answer: {words}",
                hint="Does `kubectl get pods` work with this kubeconfig?",
            ) from error


def refusal_words(response: httpx.Response) -> str:
    """Why the server refused, as it says."""
    try:
        return str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        return response.text.strip() or response.reason_phrase
