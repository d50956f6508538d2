"""Go's notation of durations."""

import pytest

from heddle.durations import nanoseconds, seconds


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
