"""Bring a channel to its wanted settings: read facts, take the next safe step, wait for its effect, repeat.

Nothing is remembered between the steps but what the channel itself says, so a run that was cut off anywhere
is taken up by the next one.
"""

import asyncio
from collections.abc import Collection

from fabric_protos.common.configtx_pb2 import ConfigUpdate

from heddle.configtx.envelope import sign_update, update_envelope
from heddle.configtx.settings import ChannelSettings, Consenter
from heddle.errors import FabricError, ProviderError, Unreachable
from heddle.fabric.node import Node
from heddle.fabric.participation import ChannelInfo
from heddle.fabric.refusals import has_no_leader
from heddle.network.updates import UpdateDelivery
from heddle.planner.channel import applied_after, planned_steps
from heddle.planner.consenters import key_in_use, outlook
from heddle.planner.facts import ChannelFacts
from heddle.planner.gateways import leaving_refusal, outdates_gateways
from heddle.planner.releases import CapabilityWait
from heddle.planner.standing import missing_consenters, standing
from heddle.planner.steps import Kind, Step
from heddle.provider.channel.client import ChannelClient, LiveConfig
from heddle.provider.channel.moves import await_restarts, expect_certified, mark_nodes
from heddle.provider.channel.prepared import MissingSignaturesError, prepare
from heddle.provider.channel.releases import ChannelReleases
from heddle.provider.refusing import raise_refusal
from heddle.provider.session import Session
from heddle.telling import doing
from heddle.text import counted
from heddle.waiting import Deadline, poll

__all__ = ["Updater"]

_SPREADING = 20.0
"""Seconds until every consenter must have an update that is in force."""
_RESTARTING = 60.0
"""Seconds for one peer after another to restart, before a channel that it need not wait for goes on."""
_HAVING = 60.0
"""Seconds for all nodes to tell that they have a capability: those that restart do within that."""
_LONGEST_PAUSE = 2.0
_ATTEMPTS = 5
_ONE_STEP = 60.0
"""Seconds for an update while no orderer takes it: then the facts are read anew, and may say why."""


class Updater:
    """Brings a channel to its wanted settings.

    `base` is what was applied last, `live` the configuration in force: both go on with every step.
    """

    def __init__(
        self,
        session: Session,
        client: ChannelClient,
        wanted: ChannelSettings,
        base: ChannelSettings,
        releases: ChannelReleases,
        urn: str,
    ) -> None:
        self._session = session
        self._client = client
        self._wanted = wanted
        self.base = base
        self.live: LiveConfig | None = None
        self._releases = releases
        self._urn = urn

    async def run(self, live: LiveConfig, clock: Deadline) -> LiveConfig:
        """Take step after step until nothing is left to do; return the configuration in force then."""
        attempts = 0
        while True:
            facts, newest = await self._client.facts(live, deadline=clock.left())
            missing = missing_consenters(facts, newest)
            own = self._client.own_consenters(live.settings, self._wanted, self.base)
            moved = self._client.moved
            todo = planned_steps(live.settings, self._wanted, self.base, missing, own, moved)
            if not todo:
                return live
            raise_refusal(leaving_refusal(self._client.channel, live.settings, todo))
            before = live
            with doing(todo[0].changes[0]):
                live = await self._take(live, todo[0], facts, newest, clock)
            attempts = attempts + 1 if live.sequence == before.sequence else 0
            if attempts == _ATTEMPTS:
                raise FabricError(
                    f"channel {self._client.channel}: {todo[0]}: accepted {counted(attempts, 'time')}, "
                    "never in force",
                    hint="The orderers dropped it: look at the leader's log.",
                )

    async def _take(
        self, live: LiveConfig, step: Step, facts: ChannelFacts, newest: int, clock: Deadline
    ) -> LiveConfig:
        """Take one step; return the configuration in force afterwards, also if it is still the old one."""
        if step.kind is Kind.CAPABILITY:  # before others are asked to sign it
            await self._expect_capability(live, step, clock)
        prepared = prepare(self._client, live, step)
        if prepared.missing:
            raise MissingSignaturesError(self._client, live, step, prepared)
        _expect_safe(facts, step, newest)
        raise_refusal(key_in_use(facts, step))
        facts, newest = await self._make_ready(live, step, facts, newest, clock)
        after = await self._put_in_force(live, step, prepared.update, facts, newest, clock)
        self.base = applied_after(self.base, live.settings, step.settings, after.settings)
        self.live = after
        if after.sequence > live.sequence:
            await self._spread(after, step, clock)
        return after

    async def _make_ready(
        self, live: LiveConfig, step: Step, facts: ChannelFacts, newest: int, clock: Deadline
    ) -> tuple[ChannelFacts, int]:
        """Have nodes do what a step asks of them before the channel has it; return the facts afterwards.

        A new consenter follows the channel; nodes that are to dial other addresses are marked for a restart.
        """
        if step.kind in (Kind.ADD, Kind.REPLACE):
            await self._have_follow(live, step, clock)
            facts, newest = await self._client.facts(live, deadline=clock.left())
            _expect_safe(facts, step, newest)  # following takes its time
        if outdates_gateways(live.settings, step.settings):
            # Before the channel has them: a run that is killed in between has one restart more.
            await await_restarts(self._session, self._releases.peers, patience=_RESTARTING)
            await mark_nodes(self._session, self._releases.peers)
        if step.kind is Kind.MOVE and step.joins is not None:
            node = self._client.node(self._name(step.joins))
            await expect_certified(self._client, node, step.joins.host, deadline=clock.left())
            await mark_nodes(self._session, [*self._client.orderers, *self._releases.peers])
        return facts, newest

    async def _put_in_force(
        self,
        live: LiveConfig,
        step: Step,
        update: ConfigUpdate,
        facts: ChannelFacts,
        newest: int,
        clock: Deadline,
    ) -> LiveConfig:
        """Hand a step's update in; return the configuration in force then, which may still be the old one."""
        missing = missing_consenters(facts, newest)
        running = standing(live.settings, missing, bft=facts.bft).running
        try:
            return await self._hand_in(live, step, update, running, missing, clock)
        except FabricError as error:
            if not _passes(error) or clock.passed():
                raise
            # Another consenter may have failed meanwhile: the facts say so, and the way is planned anew.
            facts, newest = await self._client.facts(live, deadline=clock.left())
            _expect_safe(facts, step, newest)
            return await self._client.live_once_led(clock)

    async def _expect_capability(self, live: LiveConfig, step: Step, clock: Deadline) -> None:
        """Wait until every node of every member has the capability that a step raises.

        Nodes that have just restarted, or do in this run, have it in a moment. Raises ProviderError.
        """

        async def look(left: float) -> CapabilityWait:
            return await self._releases.wait_for(live.settings, step.settings.capabilities, deadline=left)

        def settled(found: CapabilityWait) -> bool:
            return found.over or bool(found.others)

        found = await poll(
            look,
            settled,
            deadline=min(_HAVING, clock.left()),
            longest=_LONGEST_PAUSE,
            until="until every node of every member has the capability",
        )
        raise_refusal(found.refusal)

    async def _hand_in(
        self,
        live: LiveConfig,
        step: Step,
        update: ConfigUpdate,
        running: int,
        missing: Collection[str],
        clock: Deadline,
    ) -> LiveConfig:
        client, content = self._client, update.SerializeToString(deterministic=True)
        signatures = [sign_update(content, signer) for signer in client.signers]
        delivery = UpdateDelivery(
            connections=client.connections,
            history=client.history,
            orderers=self._targets(live, step, missing),
            signer=client.signer,
            running=running,
        )
        envelope = update_envelope(content, signatures, client.signer)
        share = Deadline(min(_ONE_STEP, clock.left()))
        return client.live_of(await delivery.hand_in(envelope, update, live.block, share))

    async def _spread(self, live: LiveConfig, step: Step, clock: Deadline) -> None:
        """Wait until the consenters have the block. One that is down catches up later: that is a warning."""
        height = int(live.block.header.number) + 1
        results = await asyncio.gather(
            *(self._reached(node, height, step, clock) for node in self._consenters(live)),
            return_exceptions=True,
        )
        late = [str(result) for result in results if isinstance(result, FabricError)]
        if late:
            message = f"configuration {live.sequence} is in force, but not everywhere yet\n"
            await self._session.warn(message + "\n".join(late), self._urn)

    async def _reached(self, node: Node, height: int, step: Step, clock: Deadline) -> None:
        """Wait until the consenter has the blocks and, after a change of consenters, serves the channel."""
        client = self._client
        joiner = self._name(step.joins)

        def enough(info: ChannelInfo) -> bool:
            return info.height >= height and (node.name != joiner or info.relation == "consenter")

        share = min(_SPREADING, clock.left())
        await client.wait_until(node, enough, deadline=share, wanted=f"at height {height}")
        if step.kind not in (Kind.SETTINGS, Kind.CAPABILITY):
            # The lead may have moved: the channel is well when everybody serves it again.
            await client.live_once_led(Deadline(min(_SPREADING, clock.left())), [node])

    async def _have_follow(self, live: LiveConfig, step: Step, clock: Deadline) -> None:
        """Let the node that joins follow the channel first.

        It must have the ledger already: it would count for the quorum, and not order.
        """
        client = self._client
        node, height = client.node(self._name(step.joins)), int(live.block.header.number) + 1
        await client.join(node, live.block, deadline=clock.left())
        await client.wait_until(
            node,
            lambda info: info.status == "active" and info.height >= height,
            deadline=clock.left(),
            wanted=f"active at height {height}",
        )

    def _targets(self, live: LiveConfig, step: Step, missing: Collection[str]) -> list[Node]:
        """Return the consenters that are offered an update, last those that are `missing` (host:port).

        Before these the one that it is about: a leader that is to leave hands its lead on first, and may drop
        the message while it does. One that only follows, with a new certificate, refuses what it is offered.
        """
        about = {self._name(consenter) for consenter in (step.joins, step.leaves)}
        idle = {self._client.node_of.get(address) for address in missing}
        consenters = sorted(self._consenters(live), key=lambda node: (node.name in idle, node.name in about))
        if not consenters:
            raise ProviderError(
                f"channel {self._client.channel}: none of its consenters is among the orderers given here",
                hint="List the nodes that order the channel under `orderers` and `consenters`.",
            )
        return consenters

    def _consenters(self, live: LiveConfig) -> list[Node]:
        names = {self._client.node_of.get(consenter.address) for consenter in live.settings.consenters}
        return [node for node in self._client.orderers if node.name in names]

    def _name(self, consenter: Consenter | None) -> str:
        return self._client.node_of.get(consenter.address, "") if consenter else ""


def _expect_safe(facts: ChannelFacts, step: Step, newest: int) -> None:
    """Raise ProviderError with the planner's refusal, if it has one."""
    (ahead,) = outlook(facts, [step], newest)
    raise_refusal(ahead.refusal)


def _passes(error: FabricError) -> bool:
    """Tell whether an update that ended so may be taken later: no answer, or no leader."""
    return isinstance(error, Unreachable) or has_no_leader(error)
