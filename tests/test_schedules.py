"""Cron lines: what is due by the fields is due, at no other time, and systemd is told the same."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heddle.schedules import read_schedule

NOW = datetime(2026, 11, 29, 8, 20, 31, tzinfo=UTC)  # a Sunday

NEXT = {
    "45 2 * * *": ["2026-11-30 02:45", "2026-12-01 02:45"],
    "@hourly": ["2026-11-29 09:00", "2026-11-29 10:00"],
    "*/20 8-9 * * 0": ["2026-11-29 08:40", "2026-11-29 09:00"],
    "0 0 29 2 *": ["2028-02-29 00:00", "2032-02-29 00:00"],
    "0 0 1,15 * *": ["2026-12-01 00:00", "2026-12-15 00:00"],
    "0 12 1 * 1": ["2026-11-30 12:00", "2026-12-01 12:00"],
    "30 6 * 1 7": ["2027-01-03 06:30", "2027-01-10 06:30"],
    "5/25 23 31 * *": ["2026-12-31 23:05", "2026-12-31 23:30"],
}
CALENDAR = {
    "45 2 * * *": ("*-*-* 2:45:00 UTC",),
    "0 0 1,15 * *": ("*-*-1,15 0:0:00 UTC",),
    "30 6 * 1 0,6": ("Sun,Sat *-1-* 6:30:00 UTC",),
    "0 12 1 * 1": ("*-*-1 12:0:00 UTC", "Mon *-*-* 12:0:00 UTC"),
}
REFUSED = {
    "": "five fields",
    "1 2 3 4": "five fields",
    "60 * * * *": "minute: a number from 0 to 59",
    "0 24 * * *": "hour: a number from 0 to 23",
    "0 0 0 * *": "day of the month: a number from 1",
    "0 0 * 13 *": "month: a number from 1 to 12",
    "0 0 * * 8": "weekday: a number from 0 to 7",
    "5-1 * * * *": "goes backwards",
    "*/0 * * * *": "minute: a number from 1",
    "a * * * *": "minute: a number",
    "0 0 30 2 *": "no month has such a day",
    "@reboot": "five fields",
}


@pytest.mark.parametrize(("line", "runs"), NEXT.items(), ids=NEXT)
def test_the_next_runs(line: str, runs: list[str]) -> None:
    """In order, after the moment, to the minute."""
    found = islice(read_schedule(line).runs_after(NOW), 2)
    assert [f"{each:%Y-%m-%d %H:%M}" for each in found] == runs


@pytest.mark.parametrize(("line", "calendar"), CALENDAR.items(), ids=CALENDAR)
def test_systemd_is_told_the_same(line: str, calendar: tuple[str, ...]) -> None:
    """Both days restricted means either: two entries."""
    assert read_schedule(line).calendar() == calendar


@pytest.mark.parametrize(("line", "words"), REFUSED.items(), ids=REFUSED)
def test_what_is_no_cron_line_is_refused(line: str, words: str) -> None:
    """With the field that is wrong."""
    with pytest.raises(ValueError, match=words):
        read_schedule(line)


def _field(least: int, most: int) -> st.SearchStrategy[tuple[str, set[int]]]:
    """A field of a cron line, and what it allows."""
    numbers = st.sets(st.integers(least, most), min_size=1, max_size=3)
    listed = numbers.map(lambda found: (",".join(map(str, found)), found))
    return st.one_of(st.just(("*", set(range(100)))), listed)


@settings(max_examples=50)
@given(st.tuples(_field(0, 59), _field(0, 23), _field(1, 28), _field(1, 12), _field(0, 6)))
def test_due_is_every_minute_that_the_fields_allow(fields: tuple[tuple[str, set[int]], ...]) -> None:
    """Compared with looking at each minute of two days; the rest of the line is as cron has it."""
    minute, hour, day, month, weekday = fields
    line = " ".join(text for text, _ in fields)

    def allows(moment: datetime) -> bool:
        days = [moment.day in day[1], moment.isoweekday() % 7 in weekday[1]]
        either = "*" not in (day[0], weekday[0])
        clock = moment.minute in minute[1] and moment.hour in hour[1] and moment.month in month[1]
        return clock and (any(days) if either else all(days))

    begin = NOW.replace(second=0)
    expected = [each for n in range(1, 2880) if allows(each := begin + timedelta(minutes=n))]
    found = read_schedule(line).runs_after(begin)
    last = begin + timedelta(minutes=2879)
    assert [each for each in islice(found, len(expected) + 1) if each <= last] == expected
