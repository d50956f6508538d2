"""Keep in the namespace what a drill has done, so that the next run can take it back after a kill."""

import json
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from urllib.parse import quote

from heddle.errors import DrillError
from heddle.kube.client import KubeClient, refusal
from heddle.processes import is_running

__all__ = ["NAME", "Note", "read_note", "remove_note", "write_note"]

NAME: Final = "heddle-drill"
"""The ConfigMap's name: one drill at a time in a namespace."""
_KEY: Final = "drill.json"


@dataclass(frozen=True, kw_only=True)
class Note:
    """Say which incident a process has caused, with the facts that its recovery needs.

    known: what `triage` found before, as cause and subject: no recovery mends that.
    """

    drill: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    known: Sequence[Sequence[str]] = ()
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)

    @property
    def is_under_way(self) -> bool:
        """Tell whether its process is on this machine and runs; of another machine nobody knows."""
        mine = (self.host, self.pid) == (socket.gethostname(), os.getpid())
        return not mine and self.host == socket.gethostname() and is_running(self.pid)


async def read_note(client: KubeClient, namespace: str) -> Note | None:
    """Return the note of a namespace; None where there is none. Raises DrillError for one that is none."""
    found = await client.get(_path(namespace))
    if found is None:
        return None
    try:
        return Note(**json.loads(found["data"][_KEY]))
    except (KeyError, TypeError, ValueError):
        raise DrillError(
            f"ConfigMap {namespace}/{NAME} is not a drill's note",
            hint=f"Look at it, and delete it: kubectl delete configmap {NAME} -n {namespace}.",
        ) from None


async def write_note(client: KubeClient, namespace: str, note: Note) -> None:
    """Write a note before anything is damaged. Raises DrillError where there is one already."""
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": NAME, "labels": {"app.kubernetes.io/managed-by": "heddle"}},
        "data": {_KEY: json.dumps(asdict(note))},
    }
    path = _path(namespace).removesuffix(f"/{NAME}")
    response = await client.send("POST", path, json=body)
    if response.status_code == 409:
        raise DrillError(
            f"namespace {namespace} has a drill's note already", hint="One drill at a time; or: --clear."
        )
    if response.status_code != 201:
        raise refusal(response)


async def remove_note(client: KubeClient, namespace: str) -> None:
    """Remove the note, if there is one."""
    response = await client.send("DELETE", _path(namespace), repeatable=True)
    if response.status_code not in (200, 404):
        raise refusal(response)


def _path(namespace: str) -> str:
    return f"/api/v1/namespaces/{quote(namespace)}/configmaps/{NAME}"
