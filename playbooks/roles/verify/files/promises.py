"""Pytest plugin of the verifications: show each promise with its result, and keep all of them as a report."""

import json
import os
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

import pytest

from heddle.runbooks.proof import Promise, write_proof

_FOUND = pytest.StashKey[list[Promise]]()


@pytest.fixture(scope="session")
def about() -> dict[str, Any]:
    """Return what the runbook says it has done."""
    return dict(json.loads(os.environ["HEDDLE_VERIFY"]))


def pytest_configure(config: pytest.Config) -> None:
    """Begin a list of the promises."""
    config.stash[_FOUND] = []


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Report without a dot: the promise has a line of its own."""
    return (report.outcome, "", "") if report.when == "call" else None


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """Print the promise with its outcome; one that could not be tested is kept as failed, too."""
    report = (yield).get_result()
    promise = (getattr(item, "obj", None).__doc__ or item.name).splitlines()[0]
    if report.when == "call":
        mark = "✓" if report.passed else "✗"
        item.config.get_terminal_writer().line(f"{mark} {promise}")
    if report.when == "call" or not report.passed:
        item.config.stash[_FOUND].append(
            Promise(
                promise=promise, outcome=report.outcome, seconds=report.duration, words=report.longreprtext
            )
        )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Keep the report among the run's artifacts."""
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    found = session.config.stash[_FOUND]
    write_proof(os.environ.get("HEDDLE_VERIFY_RUNBOOK", ""), at, tuple(found))
