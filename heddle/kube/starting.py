"""Read from a pod and its log why its containers do not start, and tell what passes from what does not."""

from dataclasses import dataclass
from typing import Any, Final

__all__ = ["StartFailure", "start_failure", "telling_lines"]

_UNUSABLE: Final = frozenset({"InvalidImageName", "ErrImageNeverPull"})
_UNPULLED: Final = frozenset({"ErrImagePull", "ImagePullBackOff"})
_CRASHING: Final = "CrashLoopBackOff"
_REFUSALS: Final = (
    "not found",
    "manifest unknown",
    "does not exist",
    "access denied",
    "unauthorized",
    "authentication required",
    "no match for platform",
)
"""Words of a registry that was asked and has answered. A registry that cannot be asked may be back soon."""


@dataclass(frozen=True, kw_only=True)
class StartFailure:
    """Say why a container of a pod does not run.

    crashes: how often it has ended so far; 0 where it never began, since its image is not there.
    final: it will never start as it is, whoever waits.
    """

    reason: str
    crashes: int = 0
    final: bool = False


def start_failure(pod: dict[str, Any]) -> StartFailure | None:
    """Return why the first container of a pod that fails does not start; None while none is known to fail.

    A pod that waits for a place, a volume or a Secret does not fail: these may come.
    """
    status = pod.get("status", {})
    for container in (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or []):
        waiting = (container.get("state") or {}).get("waiting") or {}
        reason, message = waiting.get("reason", ""), waiting.get("message", "")
        if reason == _CRASHING:
            ends = int(container.get("restartCount", 0)) + 1
            return StartFailure(reason=f"container {container['name']} ends whenever it starts", crashes=ends)
        if reason in _UNUSABLE | _UNPULLED:
            refused = any(words in message.lower() for words in _REFUSALS)
            return StartFailure(
                reason=f"image {container.get('image') or '(none)'}: {reason} {message}".strip(),
                final=reason in _UNUSABLE or refused,
            )
    return None


def telling_lines(log: str, most: int) -> list[str]:
    """Return the last lines of a log, at most so many; of a Go program that panicked, those up to its panic.

    What follows the panic is a stack, whose end tells nothing.
    """
    lines = log.splitlines()
    panics = [number for number, line in enumerate(lines) if line.startswith("panic: ")]
    return lines[: panics[-1] + 1][-most:] if panics else lines[-most:]
