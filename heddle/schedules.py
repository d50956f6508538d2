"""Read the five fields of a cron line, and tell when it is due. Pure; times are UTC.

A day is due if both of its fields allow it where one of them is `*`, and if either does where both are
restricted, as cron has it (POSIX, crontab).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

__all__ = ["Schedule", "read_schedule"]

_FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("weekday", 0, 7),
)
_SHORTHANDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
}
_HORIZON = 366 * 5
"""Days in which a date that exists, as 29 February, comes at least once."""
_WEEKDAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Hold what each field of a cron line allows. Weekdays are 0 (Sunday) to 6.

    any_day, any_weekday: the field is `*`, so that the other one alone decides.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    any_day: bool
    any_weekday: bool

    def runs_after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the times after a moment at which a run is due, in order; none where no date ever fits."""
        day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        quiet = 0
        while quiet < _HORIZON:
            quiet += 1
            if self._is_due_on(day):
                quiet = 0
                for hour in self.hours:
                    for minute in self.minutes:
                        if (due := day.replace(hour=hour, minute=minute)) > moment:
                            yield due
            day += timedelta(days=1)

    def next_after(self, moment: datetime) -> datetime:
        """Return the first time after a moment; schedules that `read_schedule` made have one."""
        return next(self.runs_after(moment))

    def _is_due_on(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        fits, weekday_fits = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return fits and weekday_fits if self.any_day or self.any_weekday else fits or weekday_fits

    def calendar(self) -> tuple[str, ...]:
        """Return the schedule as entries of systemd's OnCalendar: one, or two of which either is enough."""
        clock = f"{_listed(self.hours, 24)}:{_listed(self.minutes, 60)}:00 UTC"
        months, days = _listed(self.months, 12), _listed(self.days, 31)
        names = ",".join(_WEEKDAYS[each] for each in self.weekdays)
        by_day, by_weekday = f"*-{months}-{days} {clock}", f"{names} *-{months}-* {clock}"
        if self.any_weekday:
            return (by_day,)
        return (by_weekday,) if self.any_day else (by_day, by_weekday)


def read_schedule(text: str) -> Schedule:
    """Read a cron line of five fields, or a shorthand as @daily. Raises ValueError: what is wrong."""
    parts = _SHORTHANDS.get(text.strip(), text).split()
    if len(parts) != len(_FIELDS):
        raise ValueError("five fields are expected: minute, hour, day of the month, month, weekday")
    minutes, hours, days, months, weekdays = (
        _numbers(part, *field) for part, field in zip(parts, _FIELDS, strict=True)
    )
    schedule = Schedule(
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=tuple(sorted({each % 7 for each in weekdays})),
        any_day=parts[2] == "*",
        any_weekday=parts[4] == "*",
    )
    if next(schedule.runs_after(datetime(2000, 1, 1, tzinfo=UTC)), None) is None:
        raise ValueError("no month has such a day")
    return schedule


def _numbers(text: str, name: str, least: int, most: int) -> tuple[int, ...]:
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step_text = part.partition("/")
        first, dash, last = span.partition("-")
        step = _number(step_text, name, 1, most) if slash else 1
        if span == "*":
            low, high = least, most
        else:
            low = _number(first, name, least, most)
            # `5/10` means from 5 on, as `5-59/10`.
            high = _number(last, name, least, most) if dash else (most if slash else low)
        if high < low:
            raise ValueError(f"{name}: {span} goes backwards")
        found |= set(range(low, high + 1, step))
    return tuple(sorted(found))


def _number(text: str, name: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdecimal()) or not least <= int(text) <= most:
        raise ValueError(f"{name}: a number from {least} to {most} is expected")
    return int(text)


def _listed(numbers: tuple[int, ...], whole: int) -> str:
    return "*" if len(numbers) == whole else ",".join(map(str, numbers))
