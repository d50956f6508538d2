"""Every command that README and docs/operations name is tried, and every verb and runbook has a page."""

import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from heddle.cli import subcommands
from heddle.cli.subcommands import SUBCOMMANDS
from heddle.runbooks.catalog import Runbook, runbooks
from tests.commands import ROOT, Trial, commands_of, pages, trials
from tests.shipped import git

OPERATIONS = ROOT / "docs/operations"
ELSEWHERE = {"quickstart": "make up", "cluster": "local cluster"}
"""Titles of pages for verbs that people reach in another way."""
REFERENCE = {"README", "couchdb", "places"}
"""Pages of no operation: the index, what happens to databases, where Heddle and its clusters can be."""


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_command_of_a_page_is_tried(page: Path) -> None:
    """A new one needs a line in tests/cases/newcomer/commands.yaml: how it is tried, or why not."""
    tried = {command for trial in trials() for command in trial.commands}

    assert [command for command in commands_of(page) if command not in tried] == []


def test_nothing_is_tried_that_no_page_names() -> None:
    """A command that left the pages leaves the list, and none is there twice."""
    named = {command for page in pages() for command in commands_of(page)}
    tried = [command for trial in trials() for command in trial.commands]

    assert [command for command in tried if command not in named] == []
    assert len(tried) == len(set(tried))


def test_what_the_pages_have_commands_write_is_never_committed(tmp_path: Path) -> None:
    """Keys of authorities, clients and backups among it: whoever follows a page in a clone keeps it clean."""
    words = [shlex.split(command) for trial in trials() for command in (*trial.commands, trial.run or "")]
    named = {
        value.rstrip("/")
        for command in words
        for option, value in pairwise(command)
        if option in {"--out", "--target", "-o"} and not value.startswith(("/", "…", "STACK", "s3:", "$"))
    }
    asked = [shape for name in sorted(named) for shape in (name, f"{name}/")]  # a file, or a folder
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text((ROOT / ".gitignore").read_text())
    ignored = {path.rstrip("/") for path in git(tmp_path, "check-ignore", *asked).split()}
    assert sorted(named - ignored) == []


@pytest.mark.parametrize("trial", [trial for trial in trials() if trial.by], ids=lambda trial: trial.name)
def test_the_test_that_tries_a_command_elsewhere_is_there(trial: Trial) -> None:
    """By its file and name."""
    file, _, name = trial.by.partition("::")
    assert f"def {name}(" in (ROOT / file).read_text()


@pytest.mark.parametrize("verb", SUBCOMMANDS)
def test_every_verb_has_a_page(verb: str) -> None:
    """Named like the verb, with the verb in its title."""
    page = OPERATIONS / f"{verb}.md"
    assert page.exists(), f"docs/operations/{verb}.md is missing"
    assert ELSEWHERE.get(verb, verb) in page.read_text().partition("\n")[0]


@pytest.mark.parametrize("page", sorted(OPERATIONS.glob("*.md")), ids=lambda page: page.stem)
def test_every_page_says_what_is_checked_what_can_go_wrong_and_how_it_resumes(page: Path) -> None:
    """Under the same three titles everywhere, so that people find them at night."""
    titles = [line.removeprefix("## ") for line in page.read_text().splitlines() if line.startswith("## ")]
    asked = () if page.stem in REFERENCE else ("What it checks", "What can go wrong", "How it resumes")
    assert [title for title in asked if titles.count(title) != 1] == []


def _leaves(verb: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The verbs that a verb of `heddle` groups, or itself, each with its command."""
    command = subcommands._load(verb)
    for name, inner in getattr(command, "commands", {}).items():
        yield (verb, name), inner
    if not hasattr(command, "commands"):
        yield (verb,), command


@pytest.mark.parametrize("verb", SUBCOMMANDS)
def test_a_page_names_every_option(verb: str) -> None:
    """Each verb of a group is on the group's page or has one of its own, with all its options."""
    for words, command in _leaves(verb):
        files = (OPERATIONS / f"{verb}.md", OPERATIONS / f"{'-'.join(words)}.md")
        text = "".join(file.read_text() for file in files if file.exists())
        options = {max(each.opts, key=len) for each in command.params} - {"--help"}
        wanted = {words[-1], *(option for option in options if option.startswith("--"))}
        assert [word for word in sorted(wanted) if word not in text] == [], " ".join(words)


@pytest.mark.parametrize("runbook", runbooks(), ids=lambda runbook: runbook.name)
def test_every_runbook_has_a_page_with_its_variables(runbook: Runbook) -> None:
    """And the page of all runbooks leads there."""
    name, variables = runbook.name, runbook.variables
    text = (OPERATIONS / f"runbook-{name}.md").read_text()
    assert [each.name for each in variables if f"`{each.name}`" not in text] == []
    assert f"(runbook-{name}.md)" in (OPERATIONS / "runbook.md").read_text()


def test_every_page_is_of_something() -> None:
    """Of a verb, a verb of a group, a runbook, or of a task that README or a verb's page leads to."""
    known = {*SUBCOMMANDS, *(f"runbook-{each.name}" for each in runbooks())}
    others = [page for page in OPERATIONS.glob("*.md") if page.stem not in known]
    texts = "".join(page.read_text() for page in pages())
    assert [page.name for page in others if f"({page.name}" not in texts and page.name not in texts] == []
