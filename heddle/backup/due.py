"""Tell how old the newest backup is, whether the next one is overdue, and when further ones are due."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from heddle.backup.manifest import time_of_backup
from heddle.backup.place import Place, place_of
from heddle.durations import timestamp
from heddle.errors import BackupError, HeddleError
from heddle.schedules import Schedule
from heddle.state.stack import open_stack

__all__ = ["Age", "age_of_backups", "next_runs", "told_age"]

_GRACE = timedelta(hours=1)
"""Time that a backup may take from when it is due, queue and transfer included."""


@dataclass(frozen=True, kw_only=True)
class Age:
    """Describe the age of the newest backup.

    newest: when it was begun, by its name; None: there is no backup.
    next: when the next one is due; None without a schedule.
    overdue: a backup was due more than an hour ago, and none was begun since.
    """

    newest: datetime | None
    next: datetime | None = None
    overdue: bool = False

    def words(self, now: datetime) -> str:
        """Return the age in a line for people."""
        last = "none yet" if self.newest is None else f"the last {_ago(now - self.newest)} ago"
        due = f", the next is due {self.next:%Y-%m-%d %H:%M} UTC" if self.next else ""
        return f"{last}{due}" + (": overdue" if self.overdue else "")


def told_age(stack: str, folder: Path, *, deadline: float) -> dict[str, Any]:
    """Return the age of a stack's newest backup as `heddle status` shows it; errors become words in it.

    Empty for a stack file without `backup`, and where the state is not at hand, as with an access folder.
    """
    try:
        place = place_of(open_stack(folder, stack), folder)
    except HeddleError:
        return {}
    now = datetime.now(UTC)

    async def ask() -> Age:
        async with asyncio.timeout(deadline):
            return await age_of_backups(place, now)

    try:
        age = asyncio.run(ask())
    except (BackupError, TimeoutError) as error:
        why = error.message if isinstance(error, BackupError) else f"{place.target.place} does not answer"
        return {"words": f"not known: {why}", "newest": None, "next": None, "overdue": False}
    return {
        "words": age.words(now),
        "newest": timestamp(age.newest) if age.newest else None,
        "next": timestamp(age.next) if age.next else None,
        "overdue": age.overdue,
    }


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
        overdue=_overdue(place.schedule, newest, now),
    )


def _overdue(schedule: Schedule, newest: datetime | None, now: datetime) -> bool:
    """Tell whether a backup was due, with an hour of grace, and there is none since."""
    if newest is None:
        return True
    return schedule.next_after(newest) + _GRACE < now


def next_runs(schedule: Schedule, now: datetime, count: int) -> list[datetime]:
    """Return the next times at which a backup is due."""
    return list(islice(schedule.runs_after(now), count))


def _ago(age: timedelta) -> str:
    hours = int(max(age, timedelta()).total_seconds() // 3600)
    if hours >= 48:
        return f"{hours // 24} days"
    return f"{hours} hours" if hours > 1 else ("1 hour" if hours else "less than an hour")
