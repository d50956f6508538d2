"""Configuration updates: read facts, take the next safe step, wait for its effect, repeat.

Nothing is remembered between the steps but what the channel itself says, so a run that was cut off anywhere
is taken up by the next one.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from fabric_protos.common.common_pb2 import Envelope
from fabric_protos.common.configtx_pb2 import ConfigUpdate

from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.envelope import sign_update, update_envelope
from heddle.configtx.flat import flatten, same, unflatten
from heddle.configtx.merge import merge
from heddle.configtx.request import new_request, sign_request
from heddle.configtx.settings import BFT, ChannelSettings, Consenter
from heddle.errors import FabricError, ProviderError, Refused, Unreachable
from heddle.fabric.node import Node
from heddle.fabric.orderer import broadcast
from heddle.fabric.participation import ChannelInfo, join, wait_until
from heddle.planner.channel import Kind, Step, steps
from heddle.provider.channel.facts import Facts, Live, Reach, wait_for_leader
from heddle.provider.channel.settings import keep_renewed
from heddle.provider.channel.signatures import Consent, consents
from heddle.provider.session import Session
from heddle.waiting import Deadline

__all__ = [
    "MissingSignaturesError",
    "Prepared",
    "Updater",
    "advanced",
    "planned_steps",
    "prepare",
    "prepare_all",
]

_EFFECT = 20.0
"""Seconds until an accepted update must be in force; a dropped one (etcdraft/chain.go) is sent again then."""
_ATTEMPTS = 5
_BFT_EFFECT = 60.0
"""As `_EFFECT`: a follower hands it on to the leader after 5 s, and complains of that one after 20 s more."""
_ONE_ORDERER = 30.0
"""Seconds for one orderer, before the next one is offered the same."""
_LAST_OFFER = 1.0
_NO_LEADER = "no Raft leader"
_FIRST_LOOK = 0.05
_LONGEST_LOOK = 0.5
_STALE = "be at version"
"""Somebody else's update came between: read again, compute again (common/configtx/update.go)."""
_UNSETTLED = "nodes are alive, configuration will result in quorum loss"
"""A node that has just started knows of no active nodes yet, and Raft's own count lags by seconds."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A step as an update of the live configuration, and whose consent it needs."""

    update: ConfigUpdate
    consents: tuple[Consent, ...]

    @property
    def missing(self) -> tuple[Consent, ...]:
        """Policies that the signers at hand do not satisfy."""
        return tuple(consent for consent in self.consents if consent.missing is not None)


def planned_steps(
    live: ChannelSettings,
    wanted: ChannelSettings,
    base: ChannelSettings,
    broken: Collection[str] = frozenset(),
) -> list[Step]:
    """What is still to do; `broken` are consenters (host:port) that do not order.

    Raises ConfigtxError when others changed the same things differently.
    """
    base, wanted = keep_renewed(base, live), keep_renewed(wanted, live)
    return steps(live, merge(live, wanted, base), broken)


def prepare(reach: Reach, live: Live, step: Step) -> Prepared:
    """Compute the update and its consents."""
    edited = apply_settings(live.config, step.settings, None)
    update = compute_update(reach.channel, live.config, edited)
    return Prepared(update=update, consents=tuple(consents(live.config, update, reach.signers)))


def prepare_all(reach: Reach, live: Live, todo: Sequence[Step]) -> list[Prepared]:
    """All steps, each as if those before it were in force: whose consent they will need."""
    result = []
    for step in todo:
        result.append(prepare(reach, live, step))
        edited = apply_settings(live.config, step.settings, None)
        live = replace(live, config=edited, settings=step.settings)
    return result


def advanced(
    base: ChannelSettings, before: ChannelSettings, step: ChannelSettings, found: ChannelSettings
) -> ChannelSettings:
    """What counts as applied once a step is in force: `base`, and what the step changed.

    Without it, what a run did that stopped later would look like others' doing to the next one: kept, even
    where the program does not ask for it any more.

    Args:
        base: what was applied before.
        before: the channel before the step.
        step: the channel as the step wanted it.
        found: the channel after it.
    """
    old, wanted, now, applied = flatten(before), flatten(step), flatten(found), flatten(base)
    for key in {**old, **wanted}:
        mine = not same(key, old.get(key), wanted.get(key))
        if mine and same(key, wanted.get(key), now.get(key)):
            applied.pop(key, None)
            applied |= {key: now[key]} if key in now else {}
    return unflatten(applied, base.channel)


class Updater:
    """Brings a channel to its wanted settings.

    `base` is what was applied last, `live` the configuration in force: both go on with every step.
    """

    def __init__(
        self, session: Session, reach: Reach, wanted: ChannelSettings, base: ChannelSettings, urn: str
    ) -> None:
        self._session = session
        self._reach = reach
        self._wanted = wanted
        self.base = base
        self.live: Live | None = None
        self._urn = urn

    async def run(self, live: Live, clock: Deadline) -> Live:
        """Take step after step until nothing is left to do; the configuration that is in force then."""
        attempts = 0
        while True:
            broken = await self._reach.broken(live.settings, deadline=min(10.0, clock.left()))
            todo = planned_steps(live.settings, self._wanted, self.base, broken)
            if not todo:
                return live
            before = live
            live = await self._take(live, todo[0], broken, clock)
            self._in_force(before, todo[0], live)
            attempts = attempts + 1 if live.sequence == before.sequence else 0
            if attempts == _ATTEMPTS:
                raise FabricError(
                    f"channel {self._reach.channel}: {todo[0]}: accepted {attempts} times, never in force",
                    hint="The orderers dropped it: look at the leader's log.",
                )

    async def _take(self, live: Live, step: Step, broken: Collection[str], clock: Deadline) -> Live:
        """One step; the configuration in force afterwards, also if it is still the old one."""
        prepared = prepare(self._reach, live, step)
        if prepared.missing:
            raise MissingSignaturesError(self._reach, live, step, prepared)
        if step.kind is not Kind.SETTINGS:
            await self._prepare_members(live, step, broken, clock)
        content = prepared.update.SerializeToString(deterministic=True)
        signatures = [sign_update(content, signer) for signer in self._reach.signers]
        envelope = update_envelope(content, signatures, self._reach.signer)
        return await self._hand_in(live, step, envelope, clock)

    async def _hand_in(self, live: Live, step: Step, envelope: Envelope, clock: Deadline) -> Live:
        """Offer the update to one consenter after the other; what is in force says whether it was taken."""
        targets = itertools.cycle(self._targets(live, step))
        while True:
            target = next(targets)
            try:
                await self._offer(target, envelope, clock)
            except Refused as refusal:
                if _STALE in refusal.words:
                    return await wait_for_leader(self._reach, clock)
                if _NO_LEADER not in refusal.words or clock.left() <= _LAST_OFFER:
                    raise
            except Unreachable:
                if clock.left() <= _LAST_OFFER:
                    raise
            else:
                return await self._effect(live, step, target, clock)
            found = await wait_for_leader(self._reach, clock)
            if found.sequence > live.sequence:
                return found
            await clock.pause(_LONGEST_LOOK)

    async def _offer(self, target: Node, envelope: Envelope, clock: Deadline) -> None:
        patience = Deadline(min(_ONE_ORDERER, clock.left()))
        while True:
            try:
                return await broadcast(self._reach.connections, target, envelope, deadline=patience.left())
            except Refused as refusal:
                if _UNSETTLED not in refusal.words or clock.left() <= 1.0:
                    raise
            await clock.pause(1.0)
            patience = Deadline(min(_ONE_ORDERER, clock.left()))

    async def _effect(self, live: Live, step: Step, target: Node, clock: Deadline) -> Live:
        """Wait until a newer configuration is in force where it was sent, then on the other consenters."""
        longest = _BFT_EFFECT if live.settings.consensus == BFT else _EFFECT
        patience, pause = Deadline(min(longest, clock.left())), _FIRST_LOOK
        while not patience.passed():
            # While the lead changes hands nothing is handed out: look again.
            with contextlib.suppress(FabricError):
                found = await self._reach.live([target], deadline=patience.left())
                if found.sequence > live.sequence:
                    self._in_force(live, step, found)
                    await self._spread(found, step, clock)
                    return found
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_LOOK)
        return live

    def _in_force(self, before: Live, step: Step, found: Live) -> None:
        self.base, self.live = advanced(self.base, before.settings, step.settings, found.settings), found

    async def _spread(self, found: Live, step: Step, clock: Deadline) -> None:
        """Wait until the consenters have the block. One that is down catches up later: that is a warning."""
        height = int(found.block.header.number) + 1
        consenters = self._consenters(found)
        results = await asyncio.gather(
            *(self._reached(node, height, step, clock) for node in consenters), return_exceptions=True
        )
        late = [str(result) for result in results if isinstance(result, FabricError)]
        if late:
            message = f"configuration {found.sequence} is in force, but not everywhere yet\n"
            await self._session.warn(message + "\n".join(late), self._urn)

    async def _reached(self, node: Node, height: int, step: Step, clock: Deadline) -> None:
        name = self._name(step.joins) if step.kind in (Kind.ADD, Kind.REPLACE) else ""

        def enough(info: ChannelInfo) -> bool:
            return info.height >= height and (node.name != name or info.relation == "consenter")

        await wait_until(
            self._reach.connections,
            node,
            self._reach.channel,
            self._reach.admin_tls,
            enough,
            deadline=min(_EFFECT, clock.left()),
            wanted=f"at height {height}",
        )
        if step.kind is not Kind.SETTINGS:
            # The lead may have moved: the channel is well when everybody serves it again.
            await wait_for_leader(self._reach, Deadline(min(_EFFECT, clock.left())), [node])

    async def _prepare_members(
        self, live: Live, step: Step, broken: Collection[str], clock: Deadline
    ) -> None:
        """Everybody who stays must be well; who joins must have the ledger already (facts of §2.3)."""
        reach = self._reach
        facts = Facts(live=live, states=await reach.states(deadline=min(10.0, clock.left())))
        facts.expect_consenters(reach, step, broken)
        if step.kind not in (Kind.ADD, Kind.REPLACE):
            return
        node = reach.node(self._name(step.joins))
        await join(reach.connections, node, reach.channel, live.block, reach.admin_tls, deadline=clock.left())
        height = int(live.block.header.number) + 1
        await wait_until(
            reach.connections,
            node,
            reach.channel,
            reach.admin_tls,
            lambda info: info.status == "active" and info.height >= height,
            deadline=clock.left(),
            wanted=f"active at height {height}",
        )

    def _targets(self, live: Live, step: Step) -> list[Node]:
        """Where to send an update: consenters, last the one that it is about.

        A leader that is to leave hands its lead on first, and may drop the message while it does.
        """
        about = {self._name(one) for one in (step.joins, step.leaves)}
        consenters = sorted(self._consenters(live), key=lambda node: node.name in about)
        if not consenters:
            raise ProviderError(
                f"channel {self._reach.channel}: none of its consenters is among the orderers given here",
                hint="List the nodes that order the channel under `orderers` and `consenters`.",
            )
        return consenters

    def _consenters(self, live: Live) -> list[Node]:
        names = {self._reach.node_of.get(one.address) for one in live.settings.consenters}
        return [node for node in self._reach.orderers if node.name in names]

    def _name(self, consenter: Consenter | None) -> str:
        return self._reach.node_of.get(consenter.address, "") if consenter else ""


class MissingSignaturesError(ProviderError):
    """A step that the signers here cannot sign alone. `request` goes to those who can, signed as far."""

    def __init__(self, reach: Reach, live: Live, step: Step, prepared: Prepared) -> None:
        have = ", ".join(signer.msp_id for signer in reach.signers)
        lines = "\n  ".join(str(consent) for consent in prepared.missing)
        super().__init__(
            f"channel {reach.channel}: {step}: signatures are missing\n  {lines}\n  signers here: {have}",
            hint="Nothing of it was sent. Add an administrator of each to `signers`; where they are others' "
            f"own: `heddle channel request STACK {reach.channel} --out FILE`, have them sign FILE with "
            "`heddle channel sign`, hand it in with `heddle channel submit`, then run this again.",
        )
        # The same bytes in every run: signatures that were collected for them hold for no others.
        content = prepared.update.SerializeToString(deterministic=True)
        request = new_request(content, live.config, summary=step.changes)
        for signer in reach.signers:
            request = sign_request(request, signer)
        self.request = request
