"""List the backups of an instance, and find one by its name."""

from collections.abc import Sequence
from dataclasses import dataclass

from heddle.backup.manifest import Manifest, read_manifest
from heddle.backup.target import Target
from heddle.errors import BackupError

__all__ = ["NEWEST", "Unreadable", "backups", "find_backup", "newest_backup"]

NEWEST = "newest"
"""What names the newest backup."""


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """Name a backup whose manifest cannot be read, and say why."""

    id: str
    reason: str


async def backups(target: Target) -> list[Manifest | Unreadable]:
    """Return the backups of an instance, the oldest first."""
    found: list[Manifest | Unreadable] = []
    for name in await target.backups():
        try:
            found.append(read_manifest(await target.manifest(name), name))
        except BackupError as error:
            found.append(Unreadable(id=name, reason=error.message))
    return found


async def newest_backup(target: Target) -> Manifest | None:
    """Return the newest backup; None where there is none. Raises BackupError if it cannot be read."""
    names = await target.backups()
    return read_manifest(await target.manifest(names[-1]), names[-1]) if names else None


async def find_backup(target: Target, name: str) -> Manifest:
    """Return a backup by its name, or the `newest`. Raises BackupError with the names there are."""
    names = await target.backups()
    if not names:
        raise BackupError(f"{target.place} has no backup yet", hint="`heddle backup create` makes one.")
    wanted = names[-1] if name == NEWEST else name
    if wanted not in names:
        raise BackupError(f"{target.place} has no backup {name!r}", hint=f"It has: {_shown(names)}.")
    return read_manifest(await target.manifest(wanted), wanted)


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[-20:])
