"""A client that submits a transaction every 100 ms until its input ends; then it tells what became of them.

    python -m tests.e2e.load FOLDER STACK

Each transaction writes an asset of its own, so the ledger itself tells what is lost and what is there twice.
Prints one line of JSON: a `Report`.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path

from heddle.errors import HeddleError
from heddle.fabric import gateway
from heddle.fabric.connection import Connections
from heddle.identity.signer import Signer
from heddle.network.network import Network, open_network

EVERY = 0.1
DEADLINE = 60.0
"""Seconds for one transaction: a client that is patient."""
CHAINCODE, CHANNEL = "assets", "channel"


@dataclass
class Report:
    """What became of the transactions.

    failed: errors of those that the client gave up. lost: told as committed, but not on the ledger.
    doubled: on the ledger more than once. pause: the longest time without a commit, in seconds.
    """

    sent: int = 0
    failed: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    pause: float = 0.0


class Client:
    """Submits through one peer's gateway, as an application does."""

    def __init__(self, network: Network, connections: Connections) -> None:
        representative = network.representatives(CHANNEL)[0]
        self.peer = representative.peers[0]
        self.signer: Signer = network.signer(representative.organization.name, "user")
        self.connections = connections
        self.commits: dict[str, float] = {}
        self.report = Report()

    async def submit(self, number: int) -> None:
        """Write asset number so-and-so, and note when it was committed."""
        name = f"load-{number:06}"
        self.report.sent += 1
        call = ("put", name, "load", str(number))
        try:
            await gateway.invoke(
                self.connections, self.peer, self.signer, CHANNEL, CHAINCODE, call, deadline=DEADLINE
            )
            self.commits[name] = time.monotonic()
        except HeddleError as error:
            self.report.failed.append(f"{name}: {error.message}")

    async def writes(self, name: str) -> int:
        """How often the ledger has an asset written."""
        call = ("history", name)
        found = await gateway.evaluate(
            self.connections, self.peer, self.signer, CHANNEL, CHAINCODE, call, deadline=DEADLINE
        )
        return len(json.loads(found))

    async def settle(self) -> Report:
        """Compare with the ledger."""
        times = sorted(self.commits.values())
        self.report.pause = max((later - earlier for earlier, later in pairwise(times)), default=0.0)
        for name in sorted(self.commits):
            count = await self.writes(name)
            if count != 1:
                (self.report.doubled if count else self.report.lost).append(name)
        return self.report


async def _run(folder: Path, stack: str) -> Report:
    network = open_network(stack, folder)
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    async with network.connections() as connections:
        client, tasks = Client(network, connections), set[asyncio.Task[None]]()
        await client.submit(0)
        print("begins", flush=True)
        while not ended.done():
            task = asyncio.create_task(client.submit(len(tasks) + 1))
            tasks.add(task)
            await asyncio.sleep(EVERY)
        await asyncio.gather(*tasks)
        return await client.settle()


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(_run(Path(sys.argv[1]), sys.argv[2])))), flush=True)
