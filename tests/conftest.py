"""What every test run says: on which nodes the contract suite ran."""

import shutil

import pytest


def _nodes() -> str:
    real = all(shutil.which(program) for program in ("orderer", "peer"))
    nodes = "stand-ins and official nodes" if real else "stand-ins (no official `orderer` and `peer` on PATH)"
    return f"contract suite: {nodes}"


def pytest_report_header() -> str:
    """Always on stand-ins, on official nodes if they are on PATH."""
    return _nodes()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Quiet runs have no header."""
    if terminalreporter.verbosity < 0:
        terminalreporter.write_line(_nodes())
