"""Hand configuration updates in, and find out what becomes of them."""

import asyncio
import contextlib
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from fabric_protos.common.common_pb2 import Block, Envelope
from fabric_protos.common.configtx_pb2 import Config, ConfigUpdate

from heddle.configtx.blocks import config_of, config_of_channel
from heddle.configtx.progress import UpdateProgress, update_progress
from heddle.configtx.read import settings_of
from heddle.configtx.request import Request, request_envelope, update_of
from heddle.configtx.settings import BFT
from heddle.errors import ConfigtxError, FabricError, HeddleError, Refused, Unreachable
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.fabric.orderer import broadcast
from heddle.fabric.refusals import has_no_leader
from heddle.identity.signer import Signer
from heddle.network.answers import ask_orderer
from heddle.network.configuration import config_block_now, config_block_once_led, newest_config_block
from heddle.network.history import ConfigHistory
from heddle.network.network import Network
from heddle.planner.facts import orders
from heddle.waiting import Deadline, poll, retry

__all__ = ["UpdateDelivery", "read_config", "submit_request"]

_EFFECT = 20.0
"""Seconds until an accepted update must be in force; Raft may have dropped it (etcdraft/chain.go)."""
_BFT_EFFECT = 60.0
"""As `_EFFECT`: a follower hands it on to the leader after 5 s, and complains of that one after 20 s more."""
_ONE_ORDERER = 30.0
"""Seconds for one orderer, before the next one is offered the same."""
_LAST_OFFER = 1.0
_READING = 10.0
_SUBMITTING = 90.0
"""Seconds for a request that somebody hands in: one orderer that is silent, and the effect."""
_FIRST_LOOK = 0.05
_LONGEST_LOOK = 0.5
_STALE = ("be at version", "but key is at version", "was in the read set")
"""The refusal of an update that is in force, or that another one overtook (common/configtx/update.go)."""
_VERSIONS = re.compile(
    r"be at version (?P<wanted>\d+), but it is (?:currently )?at version (?P<read>\d+)"
    r"|to version (?P<next>\d+), but key is at version (?P<written>\d+)"
)
"""Versions in such a refusal: of an element that the update reads or writes, and as the orderer has it."""
_QUORUM_LOSS = re.compile(r"(\d+) out of \d+ nodes are alive, configuration will result in quorum loss")
"""Raft's refusal to change consenters, with its own count (etcdraft/chain.go, ValidateConsensusMetadata)."""
_SETTLING = 30.0
"""Seconds for Raft's count: a node that has just started knows of no active nodes, and the count lags."""


@dataclass(frozen=True, kw_only=True)
class UpdateDelivery:
    """Deliver signed updates to a channel.

    orderers: offered the update in this order.
    history: proves the channel's configuration, which the signer reads.
    running: number of consenters that are known to run; None: nobody has looked. Raft's own count lags behind
        this, and only while it does may it still allow what it has refused.
    """

    connections: Connections
    history: ConfigHistory
    orderers: Sequence[Node]
    signer: Signer
    running: int | None = None

    async def hand_in(
        self, envelope: Envelope, update: ConfigUpdate, before: Block, clock: Deadline
    ) -> Block:
        """Offer an update to one orderer after the other until one takes it, then wait for its effect.

        `before` is the configuration block in force before.
        Returns the newest configuration block: `update_progress` tells whether the update is in force in it.
        An update that was accepted and is still pending then was dropped by the orderers.

        Raises:
            Refused: an orderer refused the update for another reason than a leader that is missing, or blocks
                that it has still to get.
            Unreachable: no orderer answered.
        """
        for target in itertools.cycle(self._honest_first()):
            try:
                await self._offer(target, envelope, clock)
            except Refused as refusal:
                behind = _is_behind(refusal.words)
                if not behind and any(words in refusal.words for words in _STALE):
                    return await self._effect(self.orderers, update, before, clock)
                passes = behind or has_no_leader(refusal)
                if not passes or clock.left() <= _LAST_OFFER:
                    raise
            except Unreachable:
                if clock.left() <= _LAST_OFFER:
                    raise
            else:
                return await self._effect([target], update, before, clock)
            # The answer may have been lost, not the update: what is in force says whether it was taken.
            block = await config_block_once_led(
                self.connections, self.orderers, self.history, self.signer, clock
            )
            if _progress(update, block) is not UpdateProgress.PENDING:
                return block
            await clock.pause(_LONGEST_LOOK)
        raise Unreachable(f"channel {self.history.channel}: there is no orderer to hand the update to")

    def _honest_first(self) -> list[Node]:
        """Return the orderers, those whose configuration was not believed last: they may drop it."""
        return sorted(self.orderers, key=lambda node: node.name in self.history.refused)

    async def _offer(self, target: Node, envelope: Envelope, clock: Deadline) -> None:
        await retry(
            lambda left: broadcast(self.connections, target, envelope, deadline=min(_ONE_ORDERER, left)),
            self._may_settle,
            deadline=min(_SETTLING, clock.left()),
            least=_LAST_OFFER,
            until=f"until {target.name} takes the update",
        )

    def _may_settle(self, error: HeddleError) -> bool:
        """Tell whether an orderer refused only because its count of living consenters lags behind."""
        count = _QUORUM_LOSS.search(error.words) if isinstance(error, Refused) else None
        return count is not None and (self.running is None or int(count[1]) < self.running)

    async def _effect(
        self, asked: Sequence[Node], update: ConfigUpdate, before: Block, clock: Deadline
    ) -> Block:
        """Return the newest configuration block once the update is not pending any more, or time is up."""
        block = before

        async def look(left: float) -> Block:
            nonlocal block
            # While the lead changes hands nothing is handed out: look again.
            with contextlib.suppress(FabricError):
                block = await newest_config_block(
                    self.connections, asked, self.history, self.signer, deadline=left
                )
            return block

        return await poll(
            look,
            lambda newest: _progress(update, newest) is not UpdateProgress.PENDING,
            deadline=min(_patience(before), clock.left()),
            pause=_FIRST_LOOK,
            longest=_LONGEST_LOOK,
            until="until the update is in force",
        )


async def read_config(network: Network, history: ConfigHistory) -> Config:
    """Return the channel's configuration in force, read by the administrator that acts for it.

    `history` proves it, and knows afterwards whose answers do not hold. Raises FabricError where no orderer
    gives it, NotBelieved where no answer holds, and ConfigtxError for a block of another channel.
    """
    signer = network.channel_reader(history.channel)
    async with network.connections() as connections:
        block = await config_block_now(connections, network.orderers, history, signer, deadline=_READING)
    return config_of_channel(block, history.channel)


async def submit_request(network: Network, request: Request, signer: Signer) -> int:
    """Hand in a request that has its signatures; return the sequence of the configuration that it made.

    Raises:
        ConfigtxError: another update came first, so this one can never be in force.
        FabricError: an orderer refused it, or none put it in force in time.
    """
    update, envelope = update_of(request.update), request_envelope(request, signer)
    history = network.history(request.channel)
    async with network.connections() as connections:
        orderers = network.orderers
        before = await config_block_now(connections, orderers, history, signer, deadline=_READING)
        delivery = UpdateDelivery(
            connections=connections,
            history=history,
            orderers=orderers,
            signer=signer,
            running=await _running(network, connections, request.channel, before),
        )
        block = await delivery.hand_in(envelope, update, before, Deadline(_SUBMITTING))
    sequence = int(config_of(block).config.sequence)
    match _progress(update, block):
        case UpdateProgress.IN_FORCE:
            return sequence
        case UpdateProgress.OVERTAKEN:
            raise ConfigtxError(
                f"channel {request.channel}: another update came first: configuration {sequence} is in "
                "force, without this one",
                hint="Make the request anew from the channel as it is now; its signatures are void.",
            )
    raise FabricError(
        f"channel {request.channel}: accepted, but not in force: configuration {sequence} still is",
        hint="Look at the channel (`heddle channel show`) and at the leader's log.",
    )


async def _running(network: Network, connections: Connections, channel: str, block: Block) -> int:
    """Return how many consenters run, as far as this instance can ask; others' count as running."""
    consenters = {one.address for one in settings_of(config_of(block).config).consenters}
    own = [node for node in network.orderers if node.address in consenters]
    tls = network.client_tls()
    answers = await asyncio.gather(
        *(ask_orderer(connections, node, channel, tls, deadline=_READING) for node in own)
    )
    return len(consenters) - sum(not orders(answer) for answer in answers)


def _is_behind(words: str) -> bool:
    """Tell whether an orderer refused an update because it lacks the configuration that the update is for.

    An orderer that has just become a consenter, or started, lags so: the others take the update.
    """
    found = _VERSIONS.search(words)
    if found is None:
        return False
    if found["wanted"] is not None:
        return int(found["wanted"]) > int(found["read"])
    return int(found["next"]) > int(found["written"]) + 1


def _progress(update: ConfigUpdate, block: Block) -> UpdateProgress:
    return update_progress(update, config_of(block).config)


def _patience(block: Block) -> float:
    return _BFT_EFFECT if settings_of(config_of(block).config).consensus == BFT else _EFFECT
