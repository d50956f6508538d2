"""Configuration updates: read facts, take the next safe step, wait for its effect, repeat.

Nothing is remembered between the steps but what the channel itself says, so a run that was cut off anywhere
is taken up by the next one.
"""

import asyncio
import contextlib
from dataclasses import dataclass

from fabric_protos.common.configtx_pb2 import ConfigUpdate

from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.envelope import sign_update, update_envelope
from heddle.configtx.merge import merge
from heddle.configtx.settings import ChannelSettings
from heddle.errors import FabricError, ProviderError, Refused, Unreachable
from heddle.fabric.node import Node
from heddle.fabric.orderer import broadcast
from heddle.fabric.participation import ChannelInfo, join, wait_until
from heddle.fabric.retry import Deadline
from heddle.provider.channel.facts import Facts, Live, Reach, wait_for_leader
from heddle.provider.channel.settings import keep_renewed
from heddle.provider.channel.signatures import Consent, consents
from heddle.provider.channel.steps import Kind, Step, steps
from heddle.provider.session import Session

__all__ = ["Prepared", "Updater", "planned_steps", "prepare"]

_EFFECT = 20.0
"""Seconds until an accepted update must be in force; a dropped one (etcdraft/chain.go) is sent again then."""
_ATTEMPTS = 5
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


def planned_steps(live: ChannelSettings, wanted: ChannelSettings, base: ChannelSettings) -> list[Step]:
    """What is still to do. Raises ConfigtxError when others changed the same things differently."""
    base, wanted = keep_renewed(base, live), keep_renewed(wanted, live)
    return steps(live, merge(live, wanted, base))


def prepare(reach: Reach, live: Live, step: Step) -> Prepared:
    """Compute the update and its consents."""
    edited = apply_settings(live.config, step.settings, None)
    update = compute_update(reach.channel, live.config, edited)
    return Prepared(update=update, consents=tuple(consents(live.config, update, reach.signers)))


class Updater:
    """Brings a channel to its wanted settings. `base` is what was applied last."""

    def __init__(
        self, session: Session, reach: Reach, wanted: ChannelSettings, base: ChannelSettings, urn: str
    ) -> None:
        self._session = session
        self._reach = reach
        self._wanted = wanted
        self._base = base
        self._urn = urn

    async def run(self, live: Live, clock: Deadline) -> Live:
        """Take step after step until nothing is left to do; the configuration that is in force then."""
        attempts = 0
        while True:
            todo = planned_steps(live.settings, self._wanted, self._base)
            if not todo:
                return live
            before = live.sequence
            live = await self._take(live, todo[0], clock)
            attempts = attempts + 1 if live.sequence == before else 0
            if attempts == _ATTEMPTS:
                raise FabricError(
                    f"channel {self._reach.channel}: {todo[0]}: accepted {attempts} times, never in force",
                    hint="The orderers dropped it: look at the leader's log.",
                )

    async def _take(self, live: Live, step: Step, clock: Deadline) -> Live:
        """One step; the configuration in force afterwards, also if it is still the old one."""
        if step.kind is not Kind.SETTINGS:
            await self._prepare_members(live, step, clock)
        prepared = prepare(self._reach, live, step)
        if prepared.missing:
            raise _unsigned(self._reach, step, prepared)
        target = self._target(live, step)
        try:
            await self._submit(target, prepared, clock)
        except Refused as refusal:
            if _STALE not in refusal.words:
                raise
            return await wait_for_leader(self._reach, clock)
        except Unreachable:
            # It may have been taken all the same: what is in force decides.
            return await wait_for_leader(self._reach, clock)
        return await self._effect(live, step, target, clock)

    async def _submit(self, target: Node, prepared: Prepared, clock: Deadline) -> None:
        content = prepared.update.SerializeToString()
        signatures = [sign_update(content, signer) for signer in self._reach.signers]
        envelope = update_envelope(content, signatures, self._reach.signer)
        while True:
            try:
                return await broadcast(self._reach.connections, target, envelope, deadline=clock.left())
            except Refused as refusal:
                if _UNSETTLED not in refusal.words or clock.left() <= 1.0:
                    raise
            await clock.pause(1.0)

    async def _effect(self, live: Live, step: Step, target: Node, clock: Deadline) -> Live:
        """Wait until a newer configuration is in force where it was sent, then on the other consenters."""
        patience, pause = Deadline(min(_EFFECT, clock.left())), _FIRST_LOOK
        while not patience.passed():
            # While the lead changes hands nothing is handed out: look again.
            with contextlib.suppress(FabricError):
                found = await self._reach.live([target], deadline=patience.left())
                if found.sequence > live.sequence:
                    await self._spread(found, step, clock)
                    return found
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_LOOK)
        return live

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
        joins = step.kind is Kind.ADD and step.consenter is not None
        name = self._name(step) if joins else ""

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

    async def _prepare_members(self, live: Live, step: Step, clock: Deadline) -> None:
        """Everybody who stays must be well; who joins must have the ledger already (facts of §2.3)."""
        reach = self._reach
        facts = Facts(live=live, states=await reach.states(deadline=min(10.0, clock.left())))
        address = step.consenter.address if step.consenter else ""
        facts.expect_consenters(reach, but="" if step.kind is Kind.ADD else address)
        if step.kind is not Kind.ADD:
            return
        node = reach.node(self._name(step))
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

    def _target(self, live: Live, step: Step) -> Node:
        """Where to send an update: a consenter, and not the one that it is about.

        A leader that is to leave hands its lead on first, and may drop the message while it does.
        """
        about = self._name(step) if step.consenter is not None else ""
        consenters = self._consenters(live)
        others = [node for node in consenters if node.name != about]
        candidates = others or consenters
        if not candidates:
            raise ProviderError(
                f"channel {self._reach.channel}: none of its consenters is among the orderers given here",
                hint="List the nodes that order the channel under `orderers` and `consenters`.",
            )
        return candidates[0]

    def _consenters(self, live: Live) -> list[Node]:
        names = {self._reach.node_of.get(one.address) for one in live.settings.consenters}
        return [node for node in self._reach.orderers if node.name in names]

    def _name(self, step: Step) -> str:
        consenter = step.consenter
        return self._reach.node_of.get(consenter.address, "") if consenter else ""


def _unsigned(reach: Reach, step: Step, prepared: Prepared) -> ProviderError:
    have = ", ".join(f"{signer.msp_id}" for signer in reach.signers)
    lines = "\n  ".join(str(consent) for consent in prepared.missing)
    return ProviderError(
        f"channel {reach.channel}: {step}: signatures are missing\n  {lines}\n  signers here: {have}",
        hint="Add an administrator of each missing organization to `signers`. Nothing was sent.",
    )
