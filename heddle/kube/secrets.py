"""Ask whether Secrets are there that pods read and that somebody made beforehand; values are not kept."""

import asyncio
from collections.abc import Collection, Mapping
from urllib.parse import quote

from heddle.kube.client import KubeClient

__all__ = ["missing_keys"]


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
    base = f"/api/v1/namespaces/{quote(namespace)}/secrets"
    found = await asyncio.gather(*(client.get(f"{base}/{quote(name)}") for name in wanted))
    missing = []
    for (name, keys), secret in zip(wanted.items(), found, strict=True):
        if secret is None:
            missing.append(f"Secret {name}")
            continue
        there = (secret.get("data") or {}).keys()
        missing += [f"key {key} of Secret {name}" for key in keys if key not in there]
    return missing
