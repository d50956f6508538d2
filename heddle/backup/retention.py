"""Decide which backups and objects may go. Pure."""

from collections.abc import Iterable, Sequence

from heddle.backup.manifest import Manifest

__all__ = ["superfluous", "unreferenced"]


def superfluous(backups: Sequence[str], keep: int) -> list[str]:
    """Return the backups to remove so that the newest `keep` stay; never the last one. Oldest first."""
    if keep < 1:
        raise ValueError("at least one backup stays")
    return list(backups[:-keep])


def unreferenced(objects: Iterable[str], kept: Iterable[Manifest]) -> list[str]:
    """Return the objects that none of the backups needs."""
    needed = {name for manifest in kept for name in manifest.objects()}
    return sorted(set(objects) - needed)
