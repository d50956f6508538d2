"""Read the locks that processes hold on a stack. Source: pkg/backend/diy/lock.go of pulumi/pulumi."""

import socket
from dataclasses import dataclass
from pathlib import Path

from heddle.plain import ShapeError, parse_json
from heddle.processes import is_running

__all__ = ["Lock", "read_lock"]

_MOST = 64 * 1024
"""Bytes of a lock file; it has four short fields."""


@dataclass(frozen=True, kw_only=True)
class Lock:
    """Hold the content of a lock file: the process that made it, and when."""

    pid: int
    user: str
    host: str
    since: str

    def __str__(self) -> str:
        return f"created by {self.user}@{self.host} (pid {self.pid}) at {self.since}"

    def dead(self) -> bool:
        """Tell whether its process was on this machine and is gone."""
        return self.host == socket.gethostname() and not is_running(self.pid)


def read_lock(path: Path) -> Lock | None:
    """Return a lock file's content; None where it cannot be read: somebody holds it all the same.

    Raises FileNotFoundError if it is gone.
    """
    try:
        with path.open("rb") as file:
            lock = parse_json(file.read(_MOST + 1), limit=_MOST)
        return Lock(
            pid=lock["pid"].integer(least=1),
            user=lock["username"].text(),
            host=lock["hostname"].text(),
            since=lock["timestamp"].text(),
        )
    except FileNotFoundError:
        raise
    except (ShapeError, OSError):
        return None
