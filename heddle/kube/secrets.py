"""Read Secrets that pods read: whether those are there that somebody made beforehand, and values."""

import asyncio
from base64 import b64decode
from collections.abc import Collection, Mapping
from urllib.parse import quote

from heddle.kube.client import KubeClient

__all__ = ["missing_keys", "secret_values"]


async def missing_keys(
    client: KubeClient, namespace: str, wanted: Mapping[str, Collection[str]]
) -> list[str]:
    """Return what is not there, for people: `Secret partner`, `key token of Secret partner`.

    Args:
        client: of the API server.
        namespace: of the Secrets.
        wanted: keys by Secret; without keys the Secret alone must be there.

    Raises KubeError if the user may not look.
    """
    found = await asyncio.gather(*(client.get(_path(namespace, name)) for name in wanted))
    missing = []
    for (name, keys), secret in zip(wanted.items(), found, strict=True):
        if secret is None:
            missing.append(f"Secret {name}")
            continue
        there = (secret.get("data") or {}).keys()
        missing += [f"key {key} of Secret {name}" for key in keys if key not in there]
    return missing


async def secret_values(client: KubeClient, namespace: str, name: str) -> dict[str, bytes]:
    """Return the values of a Secret by their keys; none where there is no such Secret.

    Raises KubeError if the user may not read it.
    """
    secret = await client.get(_path(namespace, name))
    return {key: b64decode(value) for key, value in ((secret or {}).get("data") or {}).items()}


def _path(namespace: str, name: str) -> str:
    return f"/api/v1/namespaces/{quote(namespace)}/secrets/{quote(name)}"
