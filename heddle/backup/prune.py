"""Remove old backups, and objects that no backup needs any more: `heddle backup prune`."""

from dataclasses import dataclass

from heddle.backup.catalog import Unreadable, backups
from heddle.backup.manifest import Manifest
from heddle.backup.retention import superfluous, unreferenced
from heddle.backup.target import Target
from heddle.errors import BackupError

__all__ = ["Pruning", "plan_pruning", "prune"]


@dataclass(frozen=True, kw_only=True)
class Pruning:
    """Name the backups and objects that may go, and the bytes of the objects."""

    backups: tuple[str, ...]
    objects: tuple[str, ...]
    size: int


async def plan_pruning(target: Target, keep: int) -> Pruning:
    """Return what may go so that the newest `keep` backups stay, whole.

    Raises BackupError if a manifest that stays cannot be read: which objects it needs is not known then.
    """
    found = await backups(target)
    # A backup whose manifest cannot be read restores nothing: it does not count, so that good ones stay.
    readable = [each for each in found if isinstance(each, Manifest)]
    broken = [each for each in found if isinstance(each, Unreadable)]
    going = set(superfluous([each.id for each in readable], keep))
    kept = [each for each in readable if each.id not in going]
    if broken:
        raise BackupError(
            f"backup {broken[0].id} of {target.place} cannot be read, so what it needs is not known: "
            f"{broken[0].reason}",
            hint="Nothing was removed. Mend its manifest, or remove that file by hand.",
        )
    sizes = await target.objects()
    objects = unreferenced(sizes, kept)
    return Pruning(
        backups=tuple(sorted(going)), objects=tuple(objects), size=sum(sizes[name] for name in objects)
    )


async def prune(target: Target, planned: Pruning) -> None:
    """Remove what was planned: manifests first, so that no backup is left without its objects."""
    for backup in planned.backups:
        await target.remove_manifest(backup)
    for name in planned.objects:
        await target.remove(name)
