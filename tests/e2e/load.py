"""A client that submits a transaction every 100 ms until its input ends; then it tells what became of them.

    python -m tests.e2e.load FOLDER STACK

Each transaction writes an asset of its own, so the ledger itself tells what is lost and what is there twice.
Prints one line of JSON: a `Report`.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from heddle.drills import load as drills
from heddle.drills.load import Client, loaded
from heddle.network.network import open_network
from tests.e2e.project import ROOT, Project

EVERY = 0.1


@dataclass(kw_only=True)
class Report(drills.Report):
    """What became of the transactions, as a test expects it."""

    def expect_all(self, *, pause: float) -> None:
        """Assert that every transaction is on the ledger once, and that no pause was longer."""
        assert (self.failed, self.lost, self.doubled) == ([], [], []), str(self)
        assert self.pause < pause, str(self)


@dataclass
class Load:
    """The client's process, and its report once it has ended."""

    process: "subprocess.Popen[str]"
    report: Report


@contextmanager
def load(stack: Project) -> Iterator[Load]:
    """Submit a transaction every 100 ms meanwhile, then print what became of them."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.load", str(stack.folder), stack.stack],
        cwd=ROOT,
        env=stack.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "begins\n"
        client, since = Load(process, Report()), time.monotonic()
        try:
            yield client
        finally:
            seconds = time.monotonic() - since
            process.stdin.close()
            said = process.stdout.read()
        client.report = Report(**json.loads(said))
        print(f"{client.report}, in {seconds:.0f} s")


async def _run(folder: Path, stack: str) -> drills.Report:
    network = open_network(stack, folder)
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    async with network.connections() as connections:
        client = Client(network, connections)
        async with loaded(client, every=EVERY):
            print("begins", flush=True)
            await ended
        return await client.settle()


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(_run(Path(sys.argv[1]), sys.argv[2])))), flush=True)
