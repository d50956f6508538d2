"""Lines become entries: nothing is lost, nothing doubled, and a stack stays with what it is of."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from heddle.logs.entries import Assembler, Entry, Line, entries_of, read_line
from heddle.text import without_colours

CASES = Path(__file__).parent.parent / "cases/logs/formats.yaml"


def made_of(kind: str, lines: list[str]) -> list[Entry]:
    return list(entries_of([Line(time, text) for time, text in enumerate(lines)], source="x", kind=kind))


@pytest.mark.parametrize("case", yaml.safe_load(CASES.read_text()), ids=lambda case: case["name"])
def test_the_forms_of_logs_are_read(case: dict[str, Any]) -> None:
    """Level, logger and message of the first line, and how many lines belong to it."""
    found = made_of(case["kind"], case["lines"])

    assert [[each.level, each.logger, each.message, len(each.more)] for each in found] == case["entries"]


ALPHABET = st.sampled_from(
    [
        *(line for case in yaml.safe_load(CASES.read_text()) for line in case["lines"] if "\\n" not in line),
        "",
        "words",
        "\tof a table",
    ]
)


@given(st.lists(ALPHABET), st.sampled_from(["peer", "chaincode"]))
def test_every_line_is_in_one_entry_in_its_place(lines: list[str], kind: str) -> None:
    """Whatever follows what: an entry's lines are the log's, one after the other, at the first one's time."""
    place = 0
    for entry in made_of(kind, lines):
        assert entry.time == place
        assert entry.message in without_colours(lines[place])
        assert list(entry.more) == [without_colours(each) for each in lines[place + 1 :][: len(entry.more)]]
        place += 1 + len(entry.more)
    assert place == len(lines)


def test_lines_that_come_late_have_the_level_of_their_entry() -> None:
    """Who follows a log is shown what came after a moment; the rest of a stack is not less serious."""
    assembler = Assembler("peer0", "peer")
    assembler.feed(Line(1, "panic: x"))
    first, rest = assembler.flush(), [assembler.feed(Line(2, "goroutine 1 [running]:")), assembler.flush()]

    assert first is not None
    assert rest[1] is not None
    assert (first.level, rest[0], rest[1].level, rest[1].message) == (
        "panic",
        None,
        "panic",
        "goroutine 1 [running]:",
    )


@pytest.mark.parametrize(
    ("raw", "time", "text"),
    [
        ("2026-11-29T19:40:00.382226296Z a b", 1795981200382226296, "a b"),
        ("2026-11-29T20:40:00.5+01:00 x", 1795981200500000000, "x"),
        ("2026-11-29T19:40:00Z ", 1795981200000000000, ""),
        ("2026-11-29T19:40:00Z   indented", 1795981200000000000, "  indented"),
        ("2026-13-29T19:40:00Z x", None, "2026-13-29T19:40:00Z x"),
        ("no time", None, "no time"),
        ("", None, ""),
    ],
)
def test_the_time_of_a_line_is_the_runtimes(raw: str, time: int | None, text: str) -> None:
    """To the nanosecond; a line without one is shown as it is."""
    assert read_line(raw) == Line(time, text)
