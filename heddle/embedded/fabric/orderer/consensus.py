"""Agree with a channel's other consenters on its next block, under one leader at a time.

Leaderships are numbered: in each term a member votes for one candidate, and who has the votes of a quorum
leads. A leader of an earlier term is refused, however late its messages come. While a member hears from a
leader it votes for no other. The leader has the next block accepted by a quorum, then commits it, and the
others fetch it. A candidate must know at least as much as each of its voters: as many blocks, and the next
one accepted in a term as late. So a block that a quorum accepted outlives its leader, and one that fewer
accepted gives way to it. Votes and what was accepted are on disk before they are told (`Ballot`): a process
that is killed keeps its word. Source: Ongaro and Ousterhout, In Search of an Understandable Consensus
Algorithm, §5.
"""

import asyncio
import base64
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from fabric_protos.common import common_pb2

from heddle.embedded.fabric.orderer.ballot import Ballot
from heddle.embedded.fabric.orderer.consented import Call, Chain
from heddle.embedded.fabric.orderer.fetching import Fetching
from heddle.embedded.fabric.orderer.messages import Append, Bye, Message, Stand, Vote
from heddle.embedded.fabric.tasks import Tasks

__all__ = ["Consensus"]

_LOG = logging.getLogger("orderer.consensus")
HEARTBEAT = 0.25
"""Seconds between two words of a leader; each member waits that much longer than the one before to stand."""
ELECTION = 2.0
"""Seconds for which a promise holds after the leader's last word."""


class Consensus:
    """Take part in consensus as one consenter of one channel.

    Args:
        me: own `host:port`, one of the members.
        chain: keeps the blocks.
        call: reaches the other members.
        ballot: what this node has voted for and accepted, also before its last start.
    """

    def __init__(self, *, me: str, chain: Chain, call: Call, ballot: Ballot) -> None:
        self.me = me
        self.leader = ""
        self.leader_changes = 0
        self._chain = chain
        self._call = call
        self._ballot = ballot
        self._promised = ""
        self._heard = _now() - ELECTION
        self._accepted: dict[str, bytes] = {}
        self._seen: dict[str, float] = {}
        self._known_active: tuple[str, ...] = ()
        self._ordering = asyncio.Lock()
        self._kick = asyncio.Event()
        self._progress = asyncio.Event()
        self._tasks = Tasks(_LOG)
        self._senders: dict[str, asyncio.Task[None]] = {}
        self._fetching = Fetching(chain, self._tasks)

    # --- what the chain asks

    @property
    def leading(self) -> bool:
        """Tell whether this node leads the channel."""
        return self.leader == self.me

    @property
    def active(self) -> tuple[str, ...]:
        """Return the members that the leader has heard from lately and itself; none without a leader."""
        if not self.leading:
            return self._known_active if self.leader else ()
        since = _now() - ELECTION
        return tuple(m for m in self._chain.members if m == self.me or self._seen.get(m, 0) > since)

    def start(self) -> None:
        """Begin to take part in consensus."""
        self._tasks.spawn(self._watch())

    async def stop(self) -> None:
        """Tell the others if this was the leader, then end."""
        was_leading, senders = self.leading, list(self._senders.values())
        self._resign()
        await self._tasks.cancel()
        await asyncio.gather(*senders, return_exceptions=True)
        if was_leading:
            await asyncio.gather(*(self._ask(member, Bye(leader=self.me)) for member in self._others()))

    async def order(self, build: Callable[[], common_pb2.Block] | None = None) -> bool:
        """Build the next block, have it accepted, commit it; false when leadership was lost before that.

        What an earlier leader left half-way goes first; without `build` that is all.
        """
        async with self._ordering:
            if self.leading and (pending := self._pending) is not None:
                await self._propose(pending)
            return self.leading and build is not None and await self._propose(build())

    async def hand_over(self, member: str) -> None:
        """Have another member lead, between two blocks. Without a quorum's promises it does not."""
        async with self._ordering:
            if self.leading and member in self._others():
                await self._ask(member, Stand(leader=self.me, height=self._chain.height))

    async def _propose(self, block: common_pb2.Block) -> bool:
        term = self._ballot.term
        self._ballot.accept(term, block)
        self._accepted = {self.me: self._chain.sign(block)}
        self._nudge()
        # What was accepted in one leadership must not be counted in the next.
        while self.leading and self._ballot.term == term:
            if len(self._accepted) >= self._chain.quorum:
                self._chain.commit(block, self._accepted)
                self._nudge()
                return True
            self._progress.clear()
            await self._progress.wait()
        return False

    # --- what the other members ask

    async def receive(self, message: Message) -> dict[str, Any]:
        """Answer one message of another consenter."""
        match message:
            case Vote():
                return self._on_vote(message)
            case Append():
                return self._on_append(message)
            case Bye(leader=leader) if leader == self._promised:
                self._resign()
            case Stand(leader=leader, height=height) if leader == self._promised:
                if fetching := self._fetching.begin(leader, height):
                    await asyncio.wait({fetching})
                await self._stand(handed_by=leader)
        return {}

    def _on_vote(self, vote: Vote) -> dict[str, Any]:
        fit = vote.candidate in self._chain.members and (vote.height, vote.pending) >= self._knowledge()
        handed = vote.handed_by != "" and vote.handed_by == self._promised
        free = handed or self._free_for(vote.candidate)
        granted = fit and free and self._ballot.may_vote(vote.candidate, vote.term)
        if granted:
            self._promise(vote.candidate)
            self._ballot.vote(vote.candidate, vote.term)
        return {"granted": granted, "height": self._chain.height, "term": self._ballot.term}

    def _on_append(self, append: Append) -> dict[str, Any]:
        if append.term < self._ballot.term:
            return {"accepted": None, "refused": True, "term": self._ballot.term}
        self._promise(append.leader)
        self._ballot.enter(append.term)
        if self.leader != append.leader:
            self.leader = append.leader
            self.leader_changes += 1
        self._known_active = append.active
        self._fetching.begin(append.leader, append.height)
        signature = None
        if append.block is not None and append.block.header.number == self._chain.height:
            self._ballot.accept(append.term, append.block)
            signature = base64.b64encode(self._chain.sign(append.block)).decode()
        return {"accepted": signature, "refused": False, "term": append.term}

    def _free_for(self, member: str) -> bool:
        """Tell whether no promise to another candidate stands in the way."""
        if self.leading and len(self.active) >= self._chain.quorum:
            return False
        return self._promised == member or _now() - self._heard >= ELECTION

    def _promise(self, member: str) -> None:
        if self._promised != member:
            self._resign()
        self._promised, self._heard = member, _now()

    # --- leadership comes and goes

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            rank = self._chain.members.index(self.me) if self.me in self._chain.members else 0
            if self.leading and len(self.active) < self._chain.quorum:
                _LOG.info("lost the quorum, %s steps down", self.me)
                self._resign()
            elif self.leading:
                self._keep_senders()
            elif _now() - self._heard >= ELECTION + HEARTBEAT * rank:
                await self._stand()

    async def _stand(self, handed_by: str = "") -> None:
        """Ask everybody for a vote in the next term; learn instead from who knows more."""
        self._promise(self.me)
        before, term = self._ballot.term, self._ballot.term + 1
        height, pending = self._knowledge()
        vote = Vote(candidate=self.me, term=term, height=height, pending=pending, handed_by=handed_by)
        answers = await asyncio.gather(*(self._ask(member, vote) for member in self._others()))
        if self._promised != self.me or self._ballot.term != before:
            return
        promised = [m for m, answer in zip(self._others(), answers, strict=True) if answer.get("granted")]
        # Its own vote comes last: until then it follows the leader that the others may still have.
        if 1 + len(promised) >= self._chain.quorum:
            self._ballot.vote(self.me, term)
            self._lead(promised)
            return
        self._resign()
        self._ballot.enter(max([before, *(answer.get("term", 0) for answer in answers)]))
        for member, answer in zip(self._others(), answers, strict=True):
            if answer.get("height", 0) > self._chain.height:
                await self._fetching.catch_up(member, answer["height"])

    def _lead(self, promised: list[str]) -> None:
        _LOG.info("Raft leader changed: %s -> %s (self)", self.leader or "none", self.me)
        self.leader = self.me
        self.leader_changes += 1
        self._seen = dict.fromkeys(promised, _now())
        self._keep_senders()
        self._tasks.spawn(self.order())

    def _resign(self) -> None:
        """Give up the lead and every promise; the next candidate may stand at once."""
        self.leader, self._promised, self._heard = "", "", _now() - ELECTION
        for task in self._senders.values():
            task.cancel()
        self._senders = {}
        self._progress.set()

    # --- leading

    def _keep_senders(self) -> None:
        for member in set(self._senders) - set(self._others()):
            self._senders.pop(member).cancel()
        for member in self._others():
            if member not in self._senders:
                self._senders[member] = asyncio.create_task(self._send(member))

    async def _send(self, member: str) -> None:
        """Keep one member informed, at once when there is news, for as long as this leadership lasts."""
        while True:
            kick, block, term = self._kick, self._pending, self._ballot.term
            append = Append(
                leader=self.me, term=term, height=self._chain.height, active=self.active, block=block
            )
            answer = await self._ask(member, append)
            if answer.get("term", 0) > term:
                _LOG.info("%s is in a later term, %s steps down", member, self.me)
                self._ballot.enter(answer["term"])
                self._resign()
                return
            if answer and not answer["refused"]:
                self._seen[member] = _now()
            if answer and answer["accepted"] is not None and self._pending is block:
                self._accepted[member] = base64.b64decode(answer["accepted"])
                self._progress.set()
            # Not wait_for: it loses a cancellation that comes together with the kick (Python 3.11).
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT):
                    await kick.wait()

    # --- small things

    def _others(self) -> list[str]:
        return [member for member in self._chain.members if member != self.me]

    @property
    def _pending(self) -> common_pb2.Block | None:
        """Return the next block, if this node has accepted it and does not have it yet."""
        block = self._ballot.block
        return block if block is not None and block.header.number == self._chain.height else None

    def _knowledge(self) -> tuple[int, int]:
        """Return the height, and the term in which the next block was accepted, or 0."""
        return self._chain.height, 0 if self._pending is None else self._ballot.accepted

    def _nudge(self) -> None:
        kick, self._kick = self._kick, asyncio.Event()
        kick.set()

    async def _ask(self, member: str, message: Message) -> dict[str, Any]:
        """Return the answer; empty when there is none."""
        try:
            async with asyncio.timeout(1.0):
                return await self._call(member, message)
        except (OSError, TimeoutError) as error:
            _LOG.debug("%s does not answer: %s", member, error)
            return {}


def _now() -> float:
    """Return the event loop's own time in seconds, by which its timers go."""
    return asyncio.get_running_loop().time()
