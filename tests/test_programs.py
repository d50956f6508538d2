"""A run that lacks programs says so: by its summary, or by failing where HEDDLE_REQUIRE asks for them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import programs

ROOT = Path(__file__).parent.parent
EXAMPLES = """
from tests.programs import here, needs


@needs("{program}")
def test_whole() -> None:
    pass


def test_in_part(request) -> None:
    here("{program}", request.node)
"""
LONG = """
from tests.programs import CLUSTERS, need_asking


def test_long() -> None:
    need_asking(CLUSTERS)
"""
CONFTEST = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.conftest import *
"""


def run(folder: Path, program: str, *arguments: str, require: str = "") -> tuple[int, str]:
    """Run two tests that ask for a program, with nothing but Python on PATH."""
    (folder / "test_examples.py").write_text(EXAMPLES.format(program=program))
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = needs: see tests/programs.py\n")
    (folder / "bin").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env={**os.environ, "PATH": str(folder / "bin"), programs.VARIABLE: require, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "two workers"])
def test_the_summary_says_what_was_skipped_and_why(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """One line per reason with the number of tests, also of what a test that passed left out."""
    code, output = run(tmp_path, "pulumi", *arguments)

    assert code == 0
    assert "skipped, 1 test: Pulumi's CLI: not on PATH: pulumi\n" in output
    assert "tried in part, 1 test: Pulumi's CLI: not on PATH: pulumi\n" in output


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["alone", "two workers"])
def test_what_is_required_fails_instead(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Both tests fail, also the one that goes on without the program elsewhere; nothing is skipped."""
    code, output = run(tmp_path, "pulumi", *arguments, require="fabric, pulumi")

    assert code == 1
    assert output.count("Pulumi's CLI: not on PATH: pulumi (HEDDLE_REQUIRE asks for pulumi)") >= 2
    assert "skipped: nothing" in output


def test_other_kinds_are_skipped_as_ever(tmp_path: Path) -> None:
    """Whoever asks for Fabric's programs has not asked for Pulumi's."""
    code, output = run(tmp_path, "pulumi", require="fabric")

    assert code == 0
    assert "skipped, 1 test: Pulumi's CLI" in output


def test_an_unknown_word_is_an_error(tmp_path: Path) -> None:
    """A slip of the pen must not let a run pass that tried nothing."""
    code, output = run(tmp_path, "pulumi", require="fabrik,pulumi")

    assert code == pytest.ExitCode.USAGE_ERROR
    assert (
        "HEDDLE_REQUIRE: fabrik — use any of fabric, pulumi, node, kubectl, go, zsh, prometheus, couchdb, "
        "fabric-ca, older, clusters" in output
    )


def test_the_contract_suite_on_real_nodes_is_required_too() -> None:
    """With HEDDLE_REQUIRE=fabric and no programs, a case of the suite fails on the kind `real`."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-k", "real", "tests/contract/test_gateway.py"],
        cwd=ROOT,
        env={**os.environ, "PATH": "", programs.VARIABLE: "fabric"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "HEDDLE_REQUIRE asks for fabric" in done.stdout


@pytest.mark.parametrize(("require", "passed"), [("", 0), ("pulumi", 0), ("clusters", 1)])
def test_what_costs_minutes_runs_only_when_asked_for(tmp_path: Path, require: str, passed: int) -> None:
    """The summary says how to ask."""
    (tmp_path / "test_long.py").write_text(LONG)

    _, output = run(tmp_path, "python3", "test_long.py", require=require)

    assert ("1 passed" in output) == bool(passed)
    assert ("a local cluster of its own: only with HEDDLE_REQUIRE=clusters" in output) == (not passed)
