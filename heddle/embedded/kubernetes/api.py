"""Send the few requests to the API server that bringing a cluster up needs, as its administrator."""

import ssl
from collections.abc import Mapping
from typing import Any

import httpx

from heddle.embedded.kubernetes.addresses import Block
from heddle.embedded.kubernetes.layout import Layout
from heddle.errors import LocalKubeError

__all__ = ["Api"]


class Api:
    """A verified connection to the API server; a context manager."""

    def __init__(self, layout: Layout, block: Block) -> None:
        folder = layout.certificates
        context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
        context.load_cert_chain(folder / "admin.crt", folder / "admin.key")
        self._client = httpx.Client(
            base_url=f"https://{block.node}:6443", verify=context, timeout=10, trust_env=False
        )

    def __enter__(self) -> "Api":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def answers(self, path: str) -> bool:
        """Tell whether a GET of `path` succeeds; no connection is a no."""
        try:
            return self._client.get(path, timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def get(self, path: str) -> dict[str, Any] | None:
        """Return the object at `path`; None if there is none or the server does not answer yet."""
        try:
            response = self._client.get(path)
        except httpx.HTTPError:
            return None
        return response.json() if response.status_code == 200 else None

    def text(self, path: str) -> str:
        """Return the server's answer at `path`, whatever the status; for evidence."""
        try:
            return self._client.get(path).text
        except httpx.HTTPError as error:
            return f"{path}: {error}"

    def apply(self, path: str, body: Mapping[str, Any]) -> None:
        """Apply one object at its own path, on the server's side.

        Raises:
            LocalKubeError: the server refused, in its words.
        """
        try:
            response = self._client.patch(
                path,
                params={"fieldManager": "heddle", "force": "true"},
                json=dict(body),  # JSON is YAML
                headers={"Content-Type": "application/apply-patch+yaml"},
            )
        except httpx.HTTPError as error:
            raise LocalKubeError(f"API server, {path}: {error}") from error
        if response.is_error:
            raise LocalKubeError(f"API server refused {path}: {response.text}")
