"""Subcommands are loaded when they are called, and not before."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from heddle.cli.app import app, main
from heddle.cli.subcommands import SUBCOMMANDS


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_listed_subcommand_is_there_and_says_its_summary(name: str) -> None:
    """The target in the table exists, and its help begins with the line that `heddle --help` shows."""
    result = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"})

    assert result.exit_code == 0, result.output
    assert SUBCOMMANDS[name].summary in result.output


def test_help_imports_no_subcommand() -> None:
    """`heddle --help` lists all of them without what they import."""
    program = (
        "import sys; from typer.testing import CliRunner; from heddle.cli.app import app;"
        "print(CliRunner().invoke(app, ['--help'], env={'COLUMNS': '200'}).output);"
        "print('IMPORTED', *(name for name in sys.modules if name.startswith('heddle.cli.')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    shown, _, imported = done.stdout.partition("IMPORTED")

    assert all(subcommand.summary in shown for subcommand in SUBCOMMANDS.values())
    assert set(imported.split()) == {"heddle.cli.app", "heddle.cli.subcommands"}


def test_a_name_that_is_none_is_answered_with_one_that_is() -> None:
    """A slip of the keyboard is no traceback."""
    result = CliRunner().invoke(app, ["stat"])

    assert result.exit_code == 2
    assert "'status'" in result.output


def test_windows_is_told_where_heddle_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is imported that Windows does not have."""
    with pytest.raises(SystemExit):
        main("win32")
    assert "WSL 2" in capsys.readouterr().err
