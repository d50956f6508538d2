"""Verification shows each promise, not the name of its test."""

import json
import os
from typing import Any

import pytest


@pytest.fixture(scope="session")
def about() -> dict[str, Any]:
    """What the runbook says it has done."""
    return dict(json.loads(os.environ["HEDDLE_VERIFY"]))


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """No dots: the promise's own line tells."""
    return (report.outcome, "", "") if report.when == "call" else None


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # noqa: ANN201 - a hook wrapper
    """Print the promise with its outcome."""
    report = (yield).get_result()
    if report.when == "call":
        promise = (item.function.__doc__ or item.name).splitlines()[0]
        mark = "✓" if report.passed else "✗"
        item.config.get_terminal_writer().line(f"{mark} {promise}")
