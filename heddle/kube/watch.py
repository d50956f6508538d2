"""Watch a list of objects of an API server: all of it, each time that one of them changes.

Protocol: kubernetes.io/docs/reference/using-api/api-concepts, "Efficient detection of changes".
"""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from urllib.parse import urlencode

from heddle.errors import KubeError
from heddle.kube.client import Json, KubeClient

__all__ = ["watched"]

_WATCH = 30
"""Seconds of one watch. Each new one shows that the API server answers still."""
_SILENCE = 45.0


async def watched(client: KubeClient, path: str, **query: str) -> AsyncGenerator[list[Json], None]:
    """Yield the objects of a list now, and again after each change, until the API server does not answer.

    Raises Unreachable then, and KubeError when it refuses; who wants to go on calls it anew.
    """
    while True:
        listed = await client.get(path, **query)
        found = {each["metadata"]["uid"]: each for each in (listed or {}).get("items") or []}
        yield list(found.values())
        version = str(((listed or {}).get("metadata") or {}).get("resourceVersion", ""))
        more = {"watch": "true", "resourceVersion": version, "timeoutSeconds": str(_WATCH)}
        events = client.lines(f"{path}?{urlencode({**query, **more})}", silence=_SILENCE)
        async with aclosing(events) as lines:
            async for line in lines:
                if not _apply(line, found):
                    break  # the version is too old by now: list again
                yield list(found.values())


def _apply(line: str, found: dict[str, Json]) -> bool:
    """Change the objects as an event says. Return False for the event that ends a watch."""
    try:
        event = json.loads(line)
        kind, obj = event["type"], event["object"]
        if kind == "ERROR":
            return False
        if kind == "DELETED":
            found.pop(obj["metadata"]["uid"], None)
        elif kind in ("ADDED", "MODIFIED"):
            found[obj["metadata"]["uid"]] = obj
    except (ValueError, KeyError, TypeError) as error:
        raise KubeError(f"API server: an event of a watch that is none ({type(error).__name__})") from None
    return True
