"""Answers that follow one another in place, on a terminal that is lower than they are."""

from io import StringIO

import pytest
from rich.console import Console

from heddle.cli import watching

LINES = [f"line {number}" for number in range(20)]


def test_an_answer_taller_than_the_terminal_is_cut_until_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its top stays in sight, where the state is; at Ctrl-C the last answer is there as a whole."""
    out, seen = StringIO(), list[str]()

    def console(**_: object) -> Console:
        return Console(file=out, force_terminal=True, width=80, height=8, highlight=False)

    def ask() -> list[str]:
        seen.append(out.getvalue())
        if len(seen) > 2:
            raise KeyboardInterrupt
        return LINES

    monkeypatch.setattr(
        watching, "Console", lambda **given: Console(**given) if given.get("file") else console()
    )
    watching.watch(ask, lambda shown, lines: shown.print("\n".join(lines)), pause=0)

    before = seen[-1]
    assert "line 0" in before
    assert "line 19" not in before
    assert "line 19" in out.getvalue()[len(before) :]
