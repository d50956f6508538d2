"""The table of cases of trouble: it is what its generator makes, without a blank, and leads somewhere."""

from collections.abc import Mapping
from typing import Any

import pytest

from docs.incidents.generate import PAGE, page, read_cases
from heddle.drills.catalog import DRILLS
from heddle.monitoring.alarms import ALARMS

CASES = read_cases()
RULES = {alarm.name for alarms in ALARMS.values() for alarm in alarms}
SOURCES = {
    *(f"BCS 6.3.{number}" for number in range(1, 15)),
    *(f"BCS 10.{number}" for number in (*range(8, 21), *range(23, 29), 30, *range(33, 36))),
    *(f"BCS 10.29.{number}" for number in range(2, 8)),
    "BCS 6.4",
    "BCS 10.1–10.3",
    "BCS 10.4–10.7",
    "BCS 10.21–10.22",
    "BCS 10.31–10.32",
    "OBP 2.1",
    "OBP 2.3",
    "OBP 11",
}
"""All alarms and all entries of the troubleshooting of the two guides."""


def test_the_page_is_what_its_generator_makes() -> None:
    """Otherwise: python -m docs.incidents.generate."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_no_cell_is_blank() -> None:
    """Every case says what deals with it, or why nothing has to."""
    rows = [line.strip("|").split("|") for line in page().splitlines() if line.startswith("| ")]

    assert {len(row) for row in rows} == {8}
    assert [row for row in rows if not all(cell.strip(" —") for cell in row)] == []


def test_every_case_of_the_guides_is_there() -> None:
    """By its number."""
    assert {case["source"] for case in CASES} == SOURCES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_a_case_names_what_there_is(case: Mapping[str, Any]) -> None:
    """Rules, drill and page; or why there is none, never both."""
    assert set(case.get("rules", ())) <= RULES
    assert case.get("drill") is None or case["drill"] in DRILLS
    if "none" in case:
        assert set(case) == {"case", "source", "none"}
        return
    assert ("rules" in case) != ("no_rule" in case)
    assert ("drill" in case) != ("no_drill" in case)
    if "page" in case:
        assert (PAGE.parent / case["page"]).exists()


def test_every_drill_is_of_a_case() -> None:
    """Nothing is rehearsed that no guide knows."""
    assert {case["drill"] for case in CASES if "drill" in case} == set(DRILLS)
