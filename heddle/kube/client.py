"""Plain calls of Kubernetes' REST API, with errors that say what was asked and what it answered."""

from typing import Any

import httpx

from heddle.errors import ProviderError
from heddle.kube.api import ApiConnection, refusal_words

__all__ = ["ApiClient"]


class ApiClient(ApiConnection):
    """An API server. Use as an async context manager."""

    async def get(self, path: str) -> dict[str, Any] | None:
        """An object, or None: there is none. Raises ProviderError for a refusal, Unreachable."""
        response = await self.send("GET", path)
        if response.status_code == 404:
            return None
        if response.status_code != 200:
            raise self.failure(response)
        found: dict[str, Any] = response.json()
        return found

    def failure(self, response: httpx.Response) -> ProviderError:
        """The error of an answer that is a refusal, in the server's words."""
        request = response.request
        return ProviderError(f"API server: {request.method} {request.url.path}: {refusal_words(response)}")
