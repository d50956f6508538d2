"""Tell how old the newest backup is, whether the next one is overdue, and when further ones are due."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from heddle.backup.manifest import time_of_backup
from heddle.backup.place import Place, place_of
from heddle.durations import timestamp
from heddle.errors import BackupError, HeddleError
from heddle.network.overview import BackupAge
from heddle.schedules import Schedule
from heddle.state.stack import open_stack

__all__ = ["Age", "age_of_backups", "ask_backup_age", "next_runs"]

_GRACE = timedelta(hours=1)
"""Time that a backup may take from when it is due, queue and transfer included."""


@dataclass(frozen=True, kw_only=True)
class Age:
    """Describe the age of the newest backup.

    newest: when it was begun, by its name; None: there is no backup.
    next: when the next one is due; None without a schedule.
    missed: when the first backup was due that nobody has made, more than an hour ago; None: none was.
    """

    newest: datetime | None
    next: datetime | None = None
    missed: datetime | None = None

    @property
    def overdue(self) -> bool:
        """Tell whether a backup should be there by now: one was missed, or there is none at all."""
        return self.missed is not None or (self.newest is None and self.next is not None)

    def words(self, now: datetime) -> str:
        """Return the age in a line for people."""
        last = "none yet" if self.newest is None else f"the last {_ago(now - self.newest)} ago"
        if self.missed is not None:
            last += f", overdue since {_minute(self.missed)}"
        elif self.overdue:
            last += ", `heddle backup create` makes the first"
        return last + (f"; the next is due {_minute(self.next)}" if self.next else "")


def ask_backup_age(stack: str, folder: Path, *, deadline: float) -> BackupAge | None:
    """Return the age of a stack's newest backup as `heddle status` shows it; errors become words in it.

    None for a stack file without `backup`, and where the state is not at hand, as with an access folder.
    """
    try:
        place = place_of(open_stack(folder, stack), folder)
    except HeddleError:
        return None
    now = datetime.now(UTC)

    async def ask() -> Age:
        async with asyncio.timeout(deadline):
            return await age_of_backups(place, now)

    try:
        age = asyncio.run(ask())
    except (BackupError, TimeoutError) as error:
        why = error.message if isinstance(error, BackupError) else f"{place.target.place} does not answer"
        return BackupAge(words=f"not known: {why}")
    return BackupAge(
        words=age.words(now),
        newest=timestamp(age.newest) if age.newest else None,
        next=timestamp(age.next) if age.next else None,
        missed=timestamp(age.missed) if age.missed else None,
        overdue=age.overdue,
    )


async def age_of_backups(place: Place, now: datetime) -> Age:
    """Return how old the newest backup of an instance is. Raises BackupError if nobody can tell."""
    names = await place.target.backups()
    newest = time_of_backup(names[-1]) if names else None
    if names and newest is None:
        raise BackupError(f"{place.target.place} has {names[-1]!r} among the backups")
    if place.schedule is None:
        return Age(newest=newest)
    return Age(
        newest=newest,
        next=place.schedule.next_after(now),
        missed=_missed(place.schedule, newest, now),
    )


def _missed(schedule: Schedule, newest: datetime | None, now: datetime) -> datetime | None:
    """Return when the first backup since the newest one was due, if it could be there by now."""
    if newest is None:  # nobody knows since when there is a schedule
        return None
    due = schedule.next_after(newest)
    return due if due + _GRACE < now else None


def next_runs(schedule: Schedule, now: datetime, count: int) -> list[datetime]:
    """Return the next times at which a backup is due."""
    return list(islice(schedule.runs_after(now), count))


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _ago(age: timedelta) -> str:
    hours = int(max(age, timedelta()).total_seconds() // 3600)
    if hours >= 48:
        return f"{hours // 24} days"
    return f"{hours} hours" if hours > 1 else ("1 hour" if hours else "less than an hour")
