"""The page of what is checked names files that there are, and forgets no room of rules."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "checks.md"
WHEN = re.compile(r"(?:file|preview|up)\b")


def rows() -> list[list[str]]:
    """The cells of every row: what, who refuses, where, when."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    cells = [[each.strip() for each in line.strip("|").split("|")] for line in lines]
    return [each for each in cells if each[0] != "quantity or relation"]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:40])
def test_every_check_is_where_the_page_says(row: list[str]) -> None:
    """A check that moved, or that was taken away, makes the page wrong."""
    _, _, where, when = row
    paths = re.findall(r"`(heddle/[^`]+)`", where)

    assert [path for path in paths if not (ROOT / path).is_file()] == []
    assert bool(paths) == (when != "up"), "what only `up` can tell is checked nowhere"
    assert WHEN.match(when)


def test_every_room_of_rules_and_every_table_of_settings_is_on_the_page() -> None:
    """A new file of rules has its rows."""
    named = set(re.findall(r"`(heddle/[^`]+)`", PAGE.read_text()))
    rules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "heddle/spec/rules").glob("*.py")}
    helpers = {f"heddle/spec/rules/{name}.py" for name in ("__init__", "reading")}
    settings = {f"heddle/settings/{name}.py" for name in ("batch", "bft_options", "raft_options")}

    assert rules - helpers - named == set()
    assert (settings | {"heddle/settings/collection_terms.py"}) - named == set()
