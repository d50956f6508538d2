"""Pytest plugin of the verifications: show each promise with its result, not the name of its test."""

import json
import os
from collections.abc import Generator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def about() -> dict[str, Any]:
    """Return what the runbook says it has done."""
    return dict(json.loads(os.environ["HEDDLE_VERIFY"]))


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Report without a dot: the promise has a line of its own."""
    return (report.outcome, "", "") if report.when == "call" else None


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """Print the promise with its outcome."""
    report = (yield).get_result()
    if report.when == "call":
        promise = (getattr(item, "obj", None).__doc__ or item.name).splitlines()[0]
        mark = "✓" if report.passed else "✗"
        item.config.get_terminal_writer().line(f"{mark} {promise}")
