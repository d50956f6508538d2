"""What every test run does: asks for the programs that a test needs, and says what was skipped and why."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import settings

from tests import programs
from tests.virtualclock import VirtualClock

# Hypothesis gives each example 200 ms by default. That is an absolute time, which a busy machine breaks.
settings.register_profile("heddle", deadline=None)
settings.load_profile("heddle")


def pytest_configure() -> None:
    """Refuse a word in HEDDLE_REQUIRE that names no kind of programs."""
    programs.required()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip or fail a test whose programs are missing before any of its fixtures starts."""
    for mark in item.iter_markers("needs"):
        programs.need(*mark.args)


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Give tests marked `virtual_clock` an event loop that jumps from timer to timer; others Python's own."""
    if item.get_closest_marker("virtual_clock"):
        return {"virtual clock": VirtualClock}
    return {"wall clock": asyncio.new_event_loop}


def pytest_report_header() -> str:
    """Say on which nodes the contract suite runs."""
    nodes = "stand-ins and official nodes" if _has_nodes() else "stand-ins (no official nodes on PATH)"
    return f"contract suite: {nodes}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say the same in quiet runs, which have no header, and give each reason for a skip once."""
    if terminalreporter.verbosity < 0:
        terminalreporter.write_line(pytest_report_header())
    terminalreporter.section("skipped", sep="-")
    for line in programs.summary(terminalreporter.stats):
        terminalreporter.write_line(line)


def _has_nodes() -> bool:
    return all(map(programs.path_of, ("orderer", "peer")))
