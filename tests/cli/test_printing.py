"""Text of others is printed as it is: no markup is read in it, and it moves no cursor."""

import io
import re

import pytest
from rich.console import Console
from rich.table import Table

from heddle.cli.printing import (
    cell,
    listing,
    marked,
    print_findings,
    print_line,
    print_listing,
    print_pairs,
    print_paragraphs,
    print_text,
)
from heddle.doctor.findings import Finding

HOSTILE = "[/]3.1.5\x1b[2K\x9b1A"


def test_a_table_shows_hostile_text_without_failing() -> None:
    """Markup that closes nothing ends rich in an error; here it is text."""
    table = Table("version", "node")
    table.add_row(cell(HOSTILE), marked(HOSTILE, good=False))
    out = io.StringIO()

    Console(file=out, width=100).print(table)

    assert "[/]3.1.5" in out.getvalue()
    assert not {"\x1b", "\x9b"} & set(out.getvalue())


def test_errors_are_folded_between_words_at_the_width_of_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard error, if that is the terminal; a step stays indented below its error."""
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)

    print_paragraphs(["error: the instance is hibernated, and sleeps", "  Wake it first"], err=True)

    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "error: the instance is",
        "    hibernated, and sleeps",
        "  Wake it first",
    ]


def test_lines_and_findings_keep_their_words_and_lose_their_controls(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A line is whole, however long: an administrator signs what it says."""
    print_line("x" * 5000 + HOSTILE)
    print_findings([Finding(what="cluster", found=HOSTILE, step=f"mend it {HOSTILE}")])

    shown = capsys.readouterr().out

    assert "x" * 5000 in shown
    assert shown.count("[/]3.1.5") == 3
    assert not {"\x1b", "\x9b"} & set(shown.replace("\x1b[31m", "").replace("\x1b[0m", ""))


@pytest.mark.parametrize(("terminal", "controls"), [(True, set()), (False, {"\x1b", "\x9b"})])
def test_a_text_controls_no_terminal_and_reaches_a_file_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], terminal: bool, controls: set[str]
) -> None:
    """A block may hold anything, and its JSON escapes nothing above 0x7f; a pipe takes every sign of it."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)

    print_text(HOSTILE)

    assert {"\x1b", "\x9b"} & set(capsys.readouterr().out) == controls


def test_a_listing_breaks_no_word() -> None:
    """A path or an MSP id in pieces cannot be copied; where the width is too small it is exceeded."""
    words = ("/Channel/Application/Endorsement", "FirstOrganizationMSP, SecondOrganizationMSP")
    table = listing("CHAINCODE", "CHANNEL", "ENDORSEMENT", "APPROVED BY")
    table.add_row("assets", "deliveries-of-the-north", *map(cell, words))
    out = io.StringIO()

    print_listing(Console(file=out, width=80), table)

    shown = out.getvalue().split()
    assert {"deliveries-of-the-north", words[0], *words[1].split()} <= set(shown)


@pytest.mark.parametrize("columns", [80, 130])
def test_addresses_are_never_broken_in_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int
) -> None:
    """They are copied; a list of them is folded between two, and stands beneath its beginning."""
    nodes = [f"orderer{index}-orderer.fabric-offline.svc.cluster.local:7050" for index in range(3)]
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("FORCE_COLOR", "1")

    print_pairs([("consenters", ", ".join(nodes))])

    lines = [re.sub(r"\x1b\[\d*m", "", line) for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, lines)) <= columns
    assert [word for line in lines for word in line.replace(",", "").split()] == ["consenters", *nodes]
    assert {len(line) - len(line.lstrip()) for line in lines[1:]} == {16}


def test_a_file_has_a_name_and_its_value_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """However long: it is searched for."""
    print_pairs([("consenters", "x " * 200)])

    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize("width", [60, 80, 130])
def test_a_table_with_little_room_keeps_every_word(width: int) -> None:
    """Rich would give the first columns more than they need, and cut the last one off."""
    rows = [
        (
            "2026-11-28 19:20:11",
            "3s",
            "root@build-machine-7",
            "up",
            "failed",
            "2 created, Channel trade: failed",
        ),
        (
            "2026-11-28 19:20:11",
            "1m 28s",
            "ben",
            "runbook run rejoin-peer peer1-organization",
            "interrupted",
            "—",
        ),
    ]
    table = listing("WHEN (UTC)", "TOOK", "BY", "WHAT", "RESULT", "CHANGES")
    for row in rows:
        table.add_row(*map(cell, row))
    out = io.StringIO()

    print_listing(Console(file=out, width=width), table)

    words = out.getvalue().split()
    assert [word for row in rows for cells in row for word in cells.split() if word not in words] == []
    if width > 120:
        assert "runbook run rejoin-peer peer1-organization" in out.getvalue()


@pytest.mark.parametrize("width", [40, 60, 80])
def test_columns_without_room_stand_beneath_their_rows(width: int) -> None:
    """Nothing is wider than the terminal, which would fold it anywhere; a time is never cut."""
    table = listing("WHEN (UTC)", "WHAT", "CHANGES")
    table.columns[0].no_wrap = True
    changes = "StatefulSet dev-peers-organization-peer1-organization-statefulset created"
    table.add_row("2026-11-28 19:20:11", "up", changes)
    table.add_row("2026-11-28 19:20:12", "destroy", "nothing")
    out = io.StringIO()

    print_listing(Console(file=out, width=width, force_terminal=True, color_system=None), table)

    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    longest = max(map(len, changes.split()))
    assert max(map(len, lines)) <= max(width, longest + 8)
    assert lines[0].split() == ["WHEN", "(UTC)", "WHAT"]
    assert "2026-11-28 19:20:12  destroy" in lines
    assert "    CHANGES  nothing" in lines
    assert " ".join(" ".join(lines).split()).count(changes) == 1


def test_in_a_file_a_row_is_one_line() -> None:
    """However wide: it is searched for."""
    table = listing("WHAT", "CHANGES")
    table.add_row("up", "x " * 200)
    out = io.StringIO()

    print_listing(Console(file=out, width=80), table)

    assert len(out.getvalue().splitlines()) == 2
