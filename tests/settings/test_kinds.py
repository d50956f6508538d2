"""Kinds of settings: how values are read, compared and shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heddle.durations import nanoseconds
from heddle.settings import Duration, Size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (1, 1),
        ("1", 1),
        ("2 MB", 2097152),
        ("2MiB", 2097152),
        ("0.5 KB", 512),
        ("2 mb", 2097152),
        ("1 GB", 1 << 30),
    ],
)
def test_sizes_are_powers_of_1024(text: object, size: int) -> None:
    """As in Fabric's own files."""
    assert Size().read(text) == size


@pytest.mark.parametrize("text", [0, -1, True, None, "", "2 MegaByte", "1.5", "0.1 KB", 1.5])
def test_what_is_no_size_is_refused(text: object) -> None:
    """Fractions of a byte, truth values and nothing."""
    with pytest.raises(ValueError, match="a number of bytes"):
        Size().read(text)


@given(st.integers(1, 3_600_000))
def test_a_duration_keeps_its_length_in_its_shortest_form(milliseconds: int) -> None:
    """And that form is stable."""
    short = Duration().read(f"{milliseconds}ms")

    assert nanoseconds(short) == milliseconds * 1_000_000
    assert Duration().read(short) == short
