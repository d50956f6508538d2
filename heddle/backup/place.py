"""Find the backups of a stack's instance: where its stack file says, or where the caller does."""

from dataclasses import dataclass
from pathlib import Path

from heddle import config
from heddle.backup.target import Target, open_target
from heddle.errors import BackupError
from heddle.schedules import Schedule, read_schedule
from heddle.spec.backup import Backup
from heddle.state.stack import Stack

__all__ = ["Place", "place_of"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Hold the target of an instance's backups, and what the stack file says of them."""

    instance: str
    target: Target
    keep: int
    recipients: tuple[str, ...]
    schedule: Schedule | None = None


def place_of(stack: Stack, folder: Path, *, target: str = "") -> Place:
    """Return where a stack's backups are; `target` counts before the stack file's.

    A relative folder starts at the project's folder, one that the caller names where he stands. Raises
    BackupError where neither names a target, SpecError for a stack file that cannot be used.
    """
    settings = config.read_values(stack.name, stack.config.values, stack.config.secret_keys).instance
    said = settings.backup
    if said is None and not target:
        raise BackupError(
            f"stack {stack.name!r} does not say where its backups are",
            hint="Say it in the stack file, `backup: {target: s3://BUCKET/PREFIX}`, or give --target.",
        )
    terms = said or Backup(target=target)
    base = Path.cwd() if target else folder.resolve()
    return Place(
        instance=settings.name,
        target=open_target(target or terms.target, settings.name, base=base),
        keep=terms.keep,
        recipients=terms.encrypt_to,
        schedule=read_schedule(terms.schedule) if terms.schedule else None,
    )
