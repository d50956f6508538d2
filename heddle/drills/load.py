"""Submit transactions to the sample chaincode while something happens, and tell what became of each.

Each transaction writes an asset of its own, so the ledger itself tells what is lost and what is there twice.
The load is bounded: by transactions under way, by transactions in all, and by a time for each.
"""

import asyncio
import json
import re
import textwrap
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Final, TypeVar

from fabric_protos.common.common_pb2 import Envelope

from heddle.errors import HeddleError
from heddle.fabric import gateway
from heddle.fabric.connection import Connections
from heddle.fabric.endorser import Proposal, new_proposal
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.network.network import Network
from heddle.waiting import Deadline, retry

__all__ = ["CHAINCODE", "MOST", "Client", "Report", "loaded"]

DEADLINE: Final = 180.0
"""Seconds for one transaction: a client that is patient, on a machine that is busy."""
SHARE: Final = 15.0
"""Seconds that one peer may take before another of the organization is asked."""
OPEN: Final = 150
"""Transactions under way at most: an application's pool. A gateway of Fabric takes 500 calls at a time."""
MOST: Final = 20_000
"""Transactions in all at most: nobody's ledger is filled by a load that was forgotten."""
SIDE_BY_SIDE: Final = 16
"""Questions to the ledger at the same time, once the load has ended."""
REASON: Final = 100
"""Characters of each reason in the line of figures: a refusal can be a paragraph."""
CHAINCODE: Final = "assets"
"""The sample chaincode, as the stacks that ship call it: it has `put` and `history`."""
_VALID: Final = "VALID"

T = TypeVar("T")


@dataclass(kw_only=True)
class Report:
    """What became of the transactions.

    failed: errors of those that the client gave up. lost: told as committed, but not on the ledger.
    doubled: on the ledger more than once. pause: the longest time without a commit, in seconds; it began
    `pause_after` seconds after the first commit. latency: the median of seconds from the first attempt to
    the commit. again: why the client sent something again, and how often.
    """

    sent: int = 0
    failed: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    pause: float = 0.0
    pause_after: float = 0.0
    latency: float = 0.0
    again: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the figures in one line."""
        counts = ((name, len(getattr(self, name))) for name in ("failed", "lost", "doubled"))
        counted = ", ".join(f"{count} {name}" for name, count in counts)
        reasons = (
            f"{count} × {textwrap.shorten(reason, REASON, placeholder=' …')}"
            for reason, count in self.again.items()
        )
        again = f", sent again: {'; '.join(reasons)}" if self.again else ""
        pause = f"longest pause {self.pause:.1f} s after {self.pause_after:.0f} s"
        return f"{self.sent} sent, {counted}, {pause}{again}"


class Client:
    """Submits through the gateways of one organization's peers, as an application does.

    What a peer or an orderer does not take is sent again, through the next peer: a transaction that was
    endorsed keeps its id, so the ledger takes it once. Others begin with that peer from then on: a call to
    one that restarts waits for its connection, for seconds on a busy machine.
    """

    def __init__(self, network: Network, connections: Connections) -> None:
        channel = network.instance.chaincode(CHAINCODE).channel
        representative = network.representatives(channel)[0]
        self.channel, self.peers = channel, representative.peers
        self.signer: Signer = network.signer(representative.organization.name, "user")
        self.connections = connections
        self.commits: dict[str, float] = {}
        self.report = Report()
        self._latencies: list[float] = []
        self._again: Counter[str] = Counter()
        self._places = asyncio.Semaphore(SIDE_BY_SIDE)
        self._first = 0
        self._begun = int(time.time())

    async def submit(self, number: int) -> None:
        """Write asset number so-and-so, and note when it was committed."""
        name, clock, begin = self._name(number), Deadline(DEADLINE), time.monotonic()
        self.report.sent += 1
        call = ("put", name, "load", str(number))
        code = ""
        try:
            while code != _VALID:
                proposal = new_proposal(self.signer, self.channel, CHAINCODE, call)
                code = await self._commit(proposal, clock)
                self._note(code)
            self.commits[name] = time.monotonic()
            self._latencies.append(self.commits[name] - begin)
        except HeddleError as error:
            self.report.failed.append(f"{name}: {error.message}")

    def _name(self, number: int) -> str:
        """Return the name of an asset of this load alone: another one may have been here before."""
        return f"load-{self._begun}-{number:06}"

    def _note(self, reason: str) -> None:
        if reason != _VALID:
            self._again[reason] += 1

    async def _commit(self, proposal: Proposal, clock: Deadline) -> str:
        """Return the code with which the ledger has the transaction: one that is not VALID never will be."""
        connections, signer = self.connections, self.signer

        async def endorse(peer: Node, left: float) -> Envelope:
            # A peer that is back and has not found the others yet: the next one is asked at once.
            return await gateway.endorse(connections, peer, proposal, signer, deadline=left, gossip=0)

        envelope = await self._any_peer(endorse, clock)

        async def order(peer: Node, left: float) -> str:
            await gateway.submit(connections, peer, proposal, envelope, deadline=left, attempts=1)
            found = await gateway.commit_status(
                connections, peer, self.channel, proposal.transaction_id, signer, deadline=left
            )
            return found.code

        return await self._any_peer(order, clock)

    async def _any_peer(self, ask: Callable[[Node, float], Awaitable[T]], clock: Deadline) -> T:
        """Ask one peer after the other, from the one that answered last, until one answers or time is up."""
        number = self._first

        async def attempt(left: float) -> T:
            return await ask(self.peers[number % len(self.peers)], min(SHARE, left))

        def again(error: HeddleError) -> bool:
            nonlocal number
            number += 1
            self._first = max(self._first, number)
            # Without what differs from one transaction to the next, and where the peer stands.
            words = re.sub(
                r"[0-9a-f]{64}|load-\d+-\d+|\([^()]*, pod [^()]*\)", "…", " ".join(error.message.split())
            )
            self._note(words[:300])
            return True

        return await retry(attempt, again, deadline=clock, longest=0.5)

    async def writes(self, name: str) -> int:
        """Return how often the ledger has an asset written."""

        async def evaluate(peer: Node, left: float) -> bytes:
            call = ("history", name)
            return await gateway.evaluate(
                self.connections, peer, self.signer, self.channel, CHAINCODE, call, deadline=left
            )

        async with self._places:
            return len(json.loads(await self._any_peer(evaluate, Deadline(DEADLINE))))

    async def settle(self) -> Report:
        """Compare with the ledger; also what the client gave up must not be there twice."""
        times = sorted(self.commits.values())
        first = times[0] if times else 0.0
        self.report.pause, since = max(
            ((later - earlier, earlier) for earlier, later in pairwise(times)), default=(0.0, first)
        )
        self.report.pause_after = since - first
        self.report.latency = median(self._latencies) if self._latencies else 0.0
        self.report.again = dict(self._again)
        names = [self._name(number) for number in range(self.report.sent)]
        counts = dict(zip(names, await asyncio.gather(*map(self.writes, names)), strict=True))
        self.report.lost = [name for name in sorted(self.commits) if not counts[name]]
        self.report.doubled = [name for name in names if counts[name] > 1]
        return self.report


@asynccontextmanager
async def loaded(client: Client, *, every: float, most: int = MOST) -> AsyncIterator[None]:
    """Submit a transaction `every` so many seconds while the body runs; at its end wait for those under way.

    The first one is committed before the body begins, or, if it is given up, raises its reason's error.
    """
    await client.submit(0)
    if client.report.failed:
        raise HeddleError(
            f"the load's first transaction failed: {client.report.failed[0]}",
            hint=f"Try it alone: heddle chaincode invoke STACK --name {CHAINCODE} put test somebody 1.",
        )
    tasks: set[asyncio.Task[None]] = set()
    submitter = asyncio.create_task(_submit(client, every, most, tasks))
    try:
        yield
    finally:
        submitter.cancel()
        await asyncio.gather(submitter, return_exceptions=True)
        await asyncio.gather(*tasks)


async def _submit(client: Client, every: float, most: int, tasks: set[asyncio.Task[None]]) -> None:
    number = 0
    while number < most:
        if sum(not task.done() for task in tasks) < OPEN:
            number += 1
            tasks.add(asyncio.create_task(client.submit(number)))
        await asyncio.sleep(every)  # the pace of the load, not a wait for anything
