"""Wait for facts: always with a deadline, and on its expiry with the evidence."""

import time
from collections.abc import Callable
from pathlib import Path

from heddle.errors import LocalKubeError

__all__ = ["last_lines", "wait_for"]


def wait_for(
    what: str,
    ready: Callable[[], bool],
    *,
    seconds: float,
    evidence: Callable[[], str],
    broken: Callable[[], str] = lambda: "",
) -> None:
    """Return once `ready()`; ask ten to twenty times a second.

    `broken()` says why waiting has become useless, or nothing.

    Raises:
        LocalKubeError: `seconds` are over, or `broken()` said something; with `evidence()`.
    """
    limit = time.monotonic() + seconds
    while not ready():
        if reason := broken():
            raise LocalKubeError(f"{what}: {reason}\n{evidence()}")
        if time.monotonic() > limit:
            raise LocalKubeError(f"{what}: not within {seconds:g} s\n{evidence()}")
        time.sleep(0.05)


def last_lines(path: Path, count: int = 15) -> str:
    """Return the last lines of a log, under its name."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 20_000))
            lines = file.read().decode(errors="replace").splitlines()[-count:]
    except OSError as error:
        return f"{path}: {error}"
    return f"the end of {path}:\n" + "\n".join(f"  {line[:400]}" for line in lines)
