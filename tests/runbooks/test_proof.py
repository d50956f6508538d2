"""What a run has proved is kept among its artifacts, for programs and for people."""

import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from heddle.runbooks.catalog import PLAYBOOKS
from heddle.runbooks.context import VARIABLE, save_context
from tests.runbooks.samples import CONTEXT

FILES = PLAYBOOKS / "roles/verify/files"
TESTS = '''
import pytest

def test_one():
    """The <channel> orders & all is well."""

def test_two(about):
    """Nothing is lost."""
    assert about["blocks"] == 9, "password=hunter22"

@pytest.fixture
def cluster():
    raise OSError("the API server is <away>")

def test_three(cluster):
    """The cluster has it."""
'''


class Page(HTMLParser):
    """Collects a page's tags with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


def proved(folder: Path, tests: str, *, within_a_run: bool = True) -> subprocess.CompletedProcess[str]:
    """Run tests as the role `verify` does."""
    (folder / "tests").mkdir()
    (folder / "tests/test_it.py").write_text(tests)
    save_context(folder / "context.json", CONTEXT)
    command = [sys.executable, "-m", "pytest", f"--config-file={FILES}/pytest.ini"]
    command += [f"--rootdir={folder}/tests", "--hosts=local://", f"{folder}/tests"]
    environment = os.environ | {
        "PYTHONPATH": str(FILES),
        "HEDDLE_VERIFY": json.dumps({"blocks": 8}),
        "HEDDLE_VERIFY_RUNBOOK": "node-logs",
        VARIABLE: str(folder / "context.json") if within_a_run else "",
    }
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artifacts of a proof of which a part fails, and a part cannot be tested."""
    folder = tmp_path_factory.mktemp("run")
    done = proved(folder, TESTS)
    assert done.returncode == 1, done.stdout
    assert "✓ The <channel> orders & all is well." in done.stdout
    assert "✗ Nothing is lost." in done.stdout
    return folder / "artifacts"


def test_the_report_for_programs_has_every_promise(failing: Path) -> None:
    """With its result, and why it does not hold; one that could not be tested does not hold, either."""
    report = json.loads((failing / "proof.json").read_text())

    assert (report["runbook"], report["stack"], report["kept"], report["passed"]) == (
        "node-logs",
        "dev",
        False,
        1,
    )
    assert [(each["promise"], each["outcome"]) for each in report["promises"]] == [
        ("The <channel> orders & all is well.", "passed"),
        ("Nothing is lost.", "failed"),
        ("The cluster has it.", "failed"),
    ]
    assert "assert 8 == 9" in report["promises"][1]["words"]
    assert "the API server is <away>" in report["promises"][2]["words"]


def test_the_page_for_people_says_the_same_without_a_network(failing: Path) -> None:
    """No tag asks for anything from elsewhere, and words of others are no markup."""
    text = (failing / "proof.html").read_text()
    page = Page(text)

    assert "node-logs on dev: not proved" in page.words
    assert "1 of 3 promises hold" in page.words
    assert "The <channel> orders & all is well." in page.words
    assert "the API server is <away>" in page.words
    assert {tag for tag, _ in page.tags} <= {
        *(
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "h1",
            "span",
            "p",
            "table",
            "tr",
            "th",
            "td",
            "pre",
        )
    }
    assert not [attributes for _, attributes in page.tags if {"src", "href"} & attributes.keys()]
    assert "url(" not in text


def test_no_secret_is_kept(failing: Path) -> None:
    """A failed comparison shows values as they are."""
    assert "hunter22" not in (failing / "proof.json").read_text() + (failing / "proof.html").read_text()


def test_where_all_holds_the_page_says_so(tmp_path: Path) -> None:
    done = proved(tmp_path, TESTS.partition("def test_two")[0])

    assert done.returncode == 0, done.stdout
    assert "node-logs on dev: proved" in Page((tmp_path / "artifacts/proof.html").read_text()).words


def test_outside_of_a_run_nothing_is_kept(tmp_path: Path) -> None:
    """Whoever runs the tests by hand sees them on the terminal."""
    done = proved(tmp_path, TESTS.partition("def test_two")[0], within_a_run=False)

    assert done.returncode == 0, done.stdout
    assert not (tmp_path / "artifacts").exists()
