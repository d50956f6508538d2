"""Go's notation of durations."""

from datetime import timedelta

import pytest

from heddle.durations import nanoseconds, period, seconds


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("2s", 2),
        ("500ms", 0.5),
        ("1m30s", 90),
        ("1h", 3600),
        ("1.5s", 1.5),
        (".5s", 0.5),
        ("-1s", -1),
        ("0", 0),
    ],
)
def test_durations(text: str, length: float) -> None:
    """What time.ParseDuration takes."""
    assert seconds(text) == length


def test_small_units_are_exact() -> None:
    """Nothing is lost down to the nanosecond."""
    assert nanoseconds("1h1us1ns") == 3_600_000_001_001


@pytest.mark.parametrize("text", ["", "2", "2 s", "s", "2s "])
def test_no_durations(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match="duration"):
        nanoseconds(text)


@pytest.mark.parametrize(("text", "length"), [("30d", timedelta(days=30)), ("36h", timedelta(hours=36))])
def test_longer_times_are_days_or_hours(text: str, length: timedelta) -> None:
    """Which Go's notation does not have, or only as hours."""
    assert period(text) == length


@pytest.mark.parametrize("text", ["", "30", "0d", "1.5d", "30 d", "-1d", "1m", "1d12h", "٣d", "30d\n"])
def test_what_is_no_longer_time_is_refused(text: str) -> None:
    """Each time has one number and one unit."""
    with pytest.raises(ValueError, match="days or hours"):
        period(text)
