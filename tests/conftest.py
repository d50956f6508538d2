"""What every test run says first."""

import shutil


def pytest_report_header() -> str:
    """On which nodes the contract suite runs: always on stand-ins, on official ones if they are on PATH."""
    real = all(shutil.which(program) for program in ("orderer", "peer"))
    nodes = "stand-ins and official nodes" if real else "stand-ins (no official `orderer` and `peer` on PATH)"
    return f"contract suite: {nodes}"
