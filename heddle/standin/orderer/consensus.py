"""Agreement of a channel's consenters on its next block: Raft with a log of one entry.

Only committed blocks reach the ledger. The one block beyond, accepted but not known to be committed, is the
`pending` of each node's ballot; a leader has it accepted by a majority in its own term, then commits it. A
candidate must know at least as much as each of its voters, so no committed block is lost. Elections begin
with a trial vote (nobody's term moves), a leader that has lost its majority resigns, and one that stops hands
over.

This keeps stand-in orderers from forking in restarts and roll-outs. It is not tuned or proven for more.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any, Protocol

from fabric_protos.common import common_pb2

from heddle.standin.orderer.ballot import BallotFile, Pending
from heddle.standin.orderer.messages import Append, Message, TimeoutNow, Vote

__all__ = ["Call", "Chain", "Consensus"]

_LOG = logging.getLogger("orderer.consensus")
HEARTBEAT = 0.25
ELECTION = 2.0
"""Seconds of silence after which a follower stands for election; each waits up to twice as long."""

Call = Callable[[str, Message], Awaitable[dict[str, Any]]]
"""Send a message to a member (`host:port`); raises OSError or TimeoutError when there is no answer."""


class Chain(Protocol):
    """The ledger's side."""

    @property
    def height(self) -> int:
        """Committed blocks."""

    def commit(self, block: common_pb2.Block) -> None:
        """Append the next block, with its effects."""

    async def catch_up(self, source: str, height: int) -> None:
        """Fetch and commit blocks from a member until `height`."""


class Consensus:
    """One consenter of one channel.

    Args:
        me: own `host:port`, one of `members`.
        members: the consenters' `host:port`.
        file: keeps the ballot.
        chain: keeps the blocks.
        call: reaches the other members.
    """

    def __init__(
        self, *, me: str, members: tuple[str, ...], file: BallotFile, chain: Chain, call: Call
    ) -> None:
        self.me = me
        self.members = members
        self.leader = ""
        self.active: tuple[str, ...] = ()
        self.leader_changes = 0
        self._file = file
        self._ballot = file.load()
        self._chain = chain
        self._call = call
        self._heard = 0.0
        self._seen: dict[str, float] = {}
        self._accepted: set[str] = set()
        self._ordering = asyncio.Lock()
        self._kick = asyncio.Event()
        self._progress = asyncio.Event()
        self._resigned = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._senders: dict[str, asyncio.Task[None]] = {}
        self._fetching: asyncio.Task[None] | None = None

    # --- what the chain asks

    @property
    def leading(self) -> bool:
        """Whether this node leads."""
        return self.leader == self.me

    @property
    def quorum(self) -> int:
        """Smallest majority of the members."""
        return len(self.members) // 2 + 1

    def start(self) -> None:
        """Begin to take part."""
        self._spawn(self._watch())

    async def stop(self) -> None:
        """Hand leadership over if there is somebody, then end."""
        if self.leading:
            await self._hand_over()
        for task in (*self._tasks, *self._senders.values()):
            task.cancel()
        await asyncio.gather(*self._tasks, *self._senders.values(), return_exceptions=True)

    def change_members(self, members: tuple[str, ...]) -> None:
        """A configuration block changed the consenters."""
        removed = set(self.members) - set(members)
        self.members = members
        if self.leading:
            self._keep_senders()
            for member in removed - {self.me}:
                self._spawn(self._say_farewell(member))

    async def _say_farewell(self, member: str) -> None:
        """Tell a removed node of the block that removed it; upstream lets it find out by itself."""
        last = Append(
            term=self._ballot.term, leader=self.me, height=self._chain.height, active=self.active, block=None
        )
        await self._ask(member, last)

    async def order(self, build: Callable[[], common_pb2.Block]) -> bool:
        """Build the next block, have it accepted and commit it; false when leadership was lost before that.

        What an earlier leader left half-way goes first.
        """
        async with self._ordering:
            await self._finish()
            return self.leading and await self._propose(build())

    async def _propose(self, block: common_pb2.Block) -> bool:
        term = self._ballot.term
        self._remember(pending=Pending(term=term, block=block))
        self._accepted = {self.me}
        self._nudge()
        while self.leading and self._ballot.term == term:
            if len(self._accepted & set(self.members)) >= self.quorum:
                self._chain.commit(block)
                self._remember(pending=None)
                self._nudge()
                return True
            self._progress.clear()
            await self._progress.wait()
        return False

    # --- what the other members ask

    async def receive(self, message: Message) -> dict[str, Any]:
        """Answer one message."""
        if isinstance(message, Vote):
            return self._on_vote(message)
        if isinstance(message, Append):
            return self._on_append(message)
        self._spawn(self._campaign(transfer=True))
        return {"term": self._ballot.term}

    def _on_vote(self, vote: Vote) -> dict[str, Any]:
        content = self.leader and (self.leading or time.monotonic() - self._heard < ELECTION)
        known = (self._chain.height, self._pending_term())
        fit = vote.term > self._ballot.term or (
            vote.term == self._ballot.term and self._ballot.voted_for in {"", vote.candidate}
        )
        granted = fit and (vote.height, vote.pending_term) >= known and (not content or vote.transfer)
        if granted and not vote.trial:
            self._resign()
            self._remember(term=vote.term, voted_for=vote.candidate)
            self._heard = time.monotonic()
        return {"term": self._ballot.term, "granted": granted}

    def _on_append(self, append: Append) -> dict[str, Any]:
        if append.term < self._ballot.term:
            return {"term": self._ballot.term, "height": self._chain.height, "accepted": -1}
        self._follow(append)
        pending = self._ballot.pending
        if pending and pending.block.header.number < self._chain.height:
            self._remember(pending=None)
        elif pending and pending.term == append.term and self._chain.height < append.height:
            self._chain.commit(pending.block)
            self._remember(pending=None)
        if self._chain.height < append.height:
            self._fetch(append.leader, append.height)
        accepted = -1
        if append.block is not None and append.block.header.number == self._chain.height:
            self._remember(pending=Pending(term=append.term, block=append.block))
            accepted = self._chain.height
        return {"term": self._ballot.term, "height": self._chain.height, "accepted": accepted}

    def _follow(self, append: Append) -> None:
        if append.term > self._ballot.term:
            self._resign()
            self._remember(term=append.term, voted_for="")
        if self.leader != append.leader:
            _LOG.info("Raft leader changed: %s -> %s", self.leader or "none", append.leader)
            self.leader_changes += 1
        self.leader = append.leader
        self.active = append.active
        self._heard = time.monotonic()

    def _fetch(self, source: str, height: int) -> None:
        if self._fetching is None or self._fetching.done():
            self._fetching = self._spawn(self._chain.catch_up(source, height))

    # --- elections

    async def _watch(self) -> None:
        """Stand for election after silence; resign when the majority is silent."""
        patience = random.uniform(0.05, 0.3)  # noqa: S311  a first election need not wait
        self._heard = time.monotonic()
        while True:
            await asyncio.sleep(min(patience, HEARTBEAT))
            now = time.monotonic()
            if self.leading:
                self.active = (self.me, *(m for m in self.members if now - self._seen.get(m, 0) < ELECTION))
                if len(set(self.active) & set(self.members)) < self.quorum:
                    _LOG.warning("lost the majority: %d of %d", len(self.active), len(self.members))
                    self._resign()
            elif self.me in self.members and now - self._heard > patience:
                self.leader, self.active = "", ()
                patience = random.uniform(ELECTION, 2 * ELECTION)  # noqa: S311
                await self._campaign(transfer=False)
                if not self.leader and len(self.members) > 1:
                    # Nobody leads: ask again soon, the others may only just have started.
                    patience, self._heard = random.uniform(0.2, 0.8), time.monotonic()  # noqa: S311

    async def _campaign(self, *, transfer: bool) -> None:
        if not await self._won(trial=True, transfer=transfer):
            return
        self._remember(term=self._ballot.term + 1, voted_for=self.me)
        term = self._ballot.term
        if await self._won(trial=False, transfer=transfer) and self._ballot.term == term:
            self._lead()

    async def _won(self, *, trial: bool, transfer: bool) -> bool:
        vote = Vote(
            term=self._ballot.term + (1 if trial else 0),
            candidate=self.me,
            height=self._chain.height,
            pending_term=self._pending_term(),
            trial=trial,
            transfer=transfer,
        )
        answers = await asyncio.gather(*(self._ask(member, vote) for member in self._others()))
        for answer in answers:
            if answer and answer["term"] > max(self._ballot.term, vote.term):
                self._remember(term=answer["term"], voted_for="")
                return False
        return 1 + sum(bool(answer and answer["granted"]) for answer in answers) >= self.quorum

    def _lead(self) -> None:
        _LOG.info(
            "Raft leader changed: %s -> %s (self), term %d", self.leader or "none", self.me, self._ballot.term
        )
        self.leader = self.me
        self._resigned.clear()
        self.leader_changes += 1
        self.active = self.members
        self._seen = dict.fromkeys(self.members, time.monotonic())
        self._keep_senders()
        self._spawn(self._settle())

    async def _settle(self) -> None:
        async with self._ordering:
            await self._finish()

    async def _finish(self) -> None:
        """Propose again, in the own term, what an earlier leader left half-way."""
        pending = self._ballot.pending
        if self.leading and pending and pending.block.header.number == self._chain.height:
            await self._propose(pending.block)

    def _resign(self) -> None:
        if self.leading:
            self.leader, self.active = "", ()
            self._resigned.set()
            for task in self._senders.values():
                task.cancel()
            self._senders = {}
        self._progress.set()

    async def _hand_over(self) -> None:
        for member in sorted(self._others(), key=lambda m: self._seen.get(m, 0), reverse=True):
            if await self._ask(member, TimeoutNow()) is not None:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(2 * HEARTBEAT):
                        await self._resigned.wait()
                return

    # --- leading

    def _keep_senders(self) -> None:
        for member in set(self._senders) - set(self._others()):
            self._senders.pop(member).cancel()
        for member in self._others():
            if member not in self._senders:
                self._seen.setdefault(member, 0.0)
                self._senders[member] = asyncio.create_task(self._send(member))

    async def _send(self, member: str) -> None:
        """Keep one follower informed, at once when there is news, for as long as this leadership lasts."""
        term = self._ballot.term
        while self._leads_in(term):
            kick = self._kick
            pending = self._ballot.pending
            block = pending.block if pending and pending.term == term else None
            append = Append(
                term=term, leader=self.me, height=self._chain.height, active=self.active, block=block
            )
            answer = await self._ask(member, append)
            if answer and self._leads_in(term):
                self._heard_from(member, answer, append)
            # Not wait_for: it loses a cancellation that comes together with the kick (Python 3.11).
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT):
                    await kick.wait()

    def _heard_from(self, member: str, answer: dict[str, Any], append: Append) -> None:
        if answer["term"] > self._ballot.term:
            self._resign()
            self._remember(term=answer["term"], voted_for="")
            return
        self._seen[member] = time.monotonic()
        pending = self._ballot.pending
        current = append.block is not None and pending is not None and pending.block is append.block
        if current and answer["accepted"] == self._chain.height:
            self._accepted.add(member)
            self._progress.set()

    # --- small things

    def _leads_in(self, term: int) -> bool:
        return self.leading and self._ballot.term == term

    def _others(self) -> list[str]:
        return [member for member in self.members if member != self.me]

    def _pending_term(self) -> int:
        pending = self._ballot.pending
        return pending.term if pending and pending.block.header.number == self._chain.height else -1

    def _remember(self, **changes: Any) -> None:  # noqa: ANN401 - the ballot's fields
        changed = replace(self._ballot, **changes)
        if changed != self._ballot:
            self._ballot = changed
            self._file.save(changed)

    def _nudge(self) -> None:
        kick, self._kick = self._kick, asyncio.Event()
        kick.set()

    async def _ask(self, member: str, message: Message) -> dict[str, Any] | None:
        try:
            async with asyncio.timeout(1.0):
                return await self._call(member, message)
        except (OSError, TimeoutError) as error:
            _LOG.debug("%s does not answer: %s", member, error)
            return None

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            _LOG.error("consensus task failed", exc_info=task.exception())
