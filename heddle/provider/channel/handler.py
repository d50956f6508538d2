"""Channel: the one writer of a channel's configuration (DESIGN, decision 5)."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fabric_protos.common.common_pb2 import Block

from heddle.configtx.blocks import config_of
from heddle.configtx.edit import apply_settings
from heddle.configtx.read import settings_of
from heddle.configtx.renewed import keep_renewed
from heddle.errors import FabricError, HeddleError, Unreachable
from heddle.network.drift import applied_of, genesis_of
from heddle.planner.facts import Answer, LedgerState, NoAnswer
from heddle.planner.operations import Operation
from heddle.plugin.interface import CheckFailure, DiffKind
from heddle.plugin.values import UNKNOWN, Properties, has_unknown
from heddle.provider.channel.asleep import is_renewal
from heddle.provider.channel.client import ChannelClient, LiveConfig
from heddle.provider.channel.gates import (
    Ahead,
    applied_config,
    assumed,
    expect_order,
    join_refusal,
    known_consenters,
    look_ahead,
    moved_nodes,
)
from heddle.provider.channel.genesis import join_all, make_or_adopt, wait_for_answers
from heddle.provider.channel.inputs import input_failures
from heddle.provider.channel.outside import ends_outside
from heddle.provider.channel.plan import plan_create, plan_unknown, plan_update, tell_drift
from heddle.provider.channel.prepared import MissingSignaturesError
from heddle.provider.channel.releases import ChannelReleases
from heddle.provider.channel.settings import settings_from, settings_inputs
from heddle.provider.channel.state import (
    current_request,
    encoded,
    first_outputs,
    history_of,
    merged_request,
    verified,
)
from heddle.provider.channel.update import Updater
from heddle.provider.handler import Call, Created, Gone, Handler, Partial, Plan, Seen
from heddle.provider.lost_volumes import without_lost_ledgers
from heddle.provider.refusing import raise_refusal
from heddle.provider.revocations import channel_revocations
from heddle.schema.channel import CHANNEL
from heddle.waiting import Deadline

__all__ = ["ChannelHandler"]

_DEADLINE = 300.0
_READING = 10.0


class ChannelHandler(Handler):
    """Makes, updates and reads channels, as `heddle.schema.channel` declares them.

    `applied` is a configuration that says exactly what was asked for last: the common ancestor when others
    have changed the channel since. It is not what the channel says where others' changes were kept.
    """

    declaration = CHANNEL
    operation = Operation.CONFIGURE

    def verify(self, inputs: dict[str, Any]) -> list[CheckFailure]:
        """Report consenters that are not among the orderers, and settings that no node would accept."""
        return input_failures(inputs)

    async def diff(self, call: Call) -> dict[str, DiffKind]:
        """Warn before a root or intermediate of somebody else's ends; those of this stack warn themselves."""
        if words := ends_outside(call.inputs):
            await self.session.warn(words, call.urn)
        return {}

    async def plan(self, call: Call) -> Plan:
        """Create: what the genesis will say. Update: the steps from what is in force now."""
        if not call.id:
            return Plan(outputs=dict.fromkeys(CHANNEL.outputs, UNKNOWN), message=plan_create(call.inputs))
        known = {name: call.old_outputs.get(name, UNKNOWN) for name in ("genesisBlock", "genesisHash")}
        changing = dict.fromkeys(("sequence", "verified", "applied", "request"), UNKNOWN)
        outputs = {**known, **changing}
        inputs = call.with_former_ways(CHANNEL)
        if has_unknown(_deciding(inputs)):
            return Plan(outputs=outputs, message=await self._plan_unknown(call, inputs))
        client, ahead = await self._ahead(call, inputs)
        lines = channel_revocations(inputs, ahead.live.settings, settings_from(inputs))
        return Plan(outputs=outputs, message="\n".join([plan_update(client, ahead), *lines]))

    def asleep_plan(self, call: Call) -> Plan | None:
        """Return that the channel stays as it is where consenters have the keys that it knows them by."""
        if not call.id or not is_renewal(call.inputs, call.old_inputs):
            return None
        outputs = {name: call.old_outputs[name] for name in CHANNEL.outputs if name in call.old_outputs}
        return Plan(outputs=outputs, message="asleep: certificates are renewed, the channel stays as it is")

    async def _plan_unknown(self, call: Call, inputs: Mapping[str, Any]) -> str:
        """Describe an update as far as it is known; the order of its steps does not need new certificates."""
        guessed = assumed(inputs, call.old_inputs)
        if has_unknown(_deciding(guessed)):
            return plan_unknown(inputs, call.old_inputs)
        _, ahead = await self._ahead(call, guessed)
        return plan_unknown(inputs, call.old_inputs, ahead)

    async def _ahead(self, call: Call, inputs: Mapping[str, Any]) -> tuple[ChannelClient, Ahead]:
        client = self._client(inputs, call.old_inputs, call.old_outputs)
        live, answers = await self._look(call, client)
        releases = ChannelReleases.of(self.session.connections, inputs)
        ahead = await look_ahead(client, settings_from(inputs), live, answers, call.old_outputs, releases)
        await self._warn_of_lies(call, client)
        if ahead.steps and ahead.refusal is None:
            # What depends on the channel, as a chaincode's definition, is done after its update.
            members = ahead.steps[-1].step.settings.peer_organizations
            self.session.expect_members(client.channel, members)
        return client, ahead

    async def create(self, call: Call) -> Created:
        """Make the genesis, once, and have all orderers order the channel.

        From the moment that an orderer may have the block, it is saved whatever happens.
        """
        wanted, clock = settings_from(call.inputs), Deadline(call.deadline(_DEADLINE))
        client = ChannelClient.of(self.session.connections, call.inputs)
        genesis = await make_or_adopt(client, wanted, clock)
        client.history.begin(genesis)
        first = first_outputs(genesis, config_of(genesis).config)
        try:
            outputs = await self._converge(call, client, first, clock)
        except (HeddleError, asyncio.CancelledError) as error:
            # Nothing counts as applied before every orderer is known to be on the channel.
            outputs = {**first, "applied": "", "request": _request(first, error)}
            raise Partial(id=client.channel, outputs=outputs, reasons=[_reason(error)]) from error
        return Created(id=client.channel, outputs=outputs)

    async def update(self, call: Call) -> Properties:
        """Join who has not joined, then take configuration updates until the wanted settings are in force.

        From the first one that is in force, what was reached is saved whatever happens: also for a program
        that asks for something else when it is run again.
        """
        clock = Deadline(call.deadline(_DEADLINE))
        client = self._client(call.inputs, call.old_inputs, call.old_outputs)
        last = {name: call.old_outputs.get(name, "") for name in CHANNEL.outputs}
        before = dict(last)
        try:
            return await self._converge(call, client, last, clock)
        except (HeddleError, asyncio.CancelledError) as error:
            outputs = {**last, "request": _request(last, error)}
            if outputs == before and not isinstance(error, MissingSignaturesError):
                raise
            raise Partial(id=call.id, outputs=outputs, reasons=[_reason(error)]) from error

    async def read(self, call: Call) -> Seen:
        """Read the configuration in force, as inputs and outputs. Gone when no orderer has the channel."""
        client = self._client(call.inputs, call.inputs, call.old_outputs)
        nodes = {node.name: node for node in client.orderers}
        answers = await without_lost_ledgers(self.session, nodes, await client.answers(deadline=_READING))
        if all(answer is None for answer in answers.values()):
            raise Gone(f"none of the orderers has the channel {client.channel} any more")
        live = await client.live_now(deadline=_READING)
        await self._warn_of_lies(call, client)
        inputs = settings_inputs(live.settings, call.inputs)
        without = {name for name, answer in answers.items() if answer is None}
        if without:
            inputs["orderers"] = [one for one in call.inputs["orderers"] if one["name"] not in without]
        known = {name: call.old_outputs[name] for name in ("genesisBlock", "genesisHash")}
        outputs = {**known, "sequence": live.sequence, "applied": encoded(live.config)}
        outputs |= verified(client.history)
        if "request" in call.old_outputs:  # not in the state of an earlier release
            outputs["request"] = current_request(str(call.old_outputs["request"]), live.sequence)
        base = settings_of(applied_of(call.old_outputs), channel=client.channel)
        return Seen(outputs=outputs, inputs=inputs, message=tell_drift(client.channel, live, base, without))

    def _client(
        self, inputs: Mapping[str, Any], olds: Mapping[str, Any], outputs: Properties
    ) -> ChannelClient:
        """Return the client of a channel that exists, with what the state knows to prove its answers by."""
        history, moved = history_of(inputs["channel"], outputs), moved_nodes(inputs, outputs)
        return ChannelClient.of(self.session.connections, inputs, olds, history, moved)

    async def _warn_of_lies(self, call: Call, client: ChannelClient) -> None:
        """Name the orderers whose configuration was not believed, while others' answers were used."""
        if refused := client.history.refused:
            lines = "\n".join(f"  {name}: {reason}" for name, reason in refused.items())
            await self.session.warn(
                f"channel {client.channel}: these orderers' configuration is not believed, others' is used\n"
                f"{lines}\nsuch a node is damaged or not honest: `heddle channel verify` looks at its blocks",
                call.urn,
            )

    async def _converge(
        self, call: Call, client: ChannelClient, last: Properties, clock: Deadline
    ) -> Properties:
        """Bring the channel from `last`, its outputs, to what is wanted; return the new outputs.

        If it does not come to its end, `last` says how far it came.
        """
        live = await self._joined(call, client, last, clock)
        base = settings_of(applied_of(last), channel=client.channel)
        wanted = settings_from(call.inputs)
        releases = ChannelReleases.of(self.session.connections, call.inputs)
        updater = Updater(self.session, client, wanted, base, releases, call.urn)
        try:
            live = await updater.run(live, clock)
        except (HeddleError, asyncio.CancelledError):
            last.update(_reached(updater, client))
            raise
        finally:
            await self._warn_of_lies(call, client)
        asked = apply_settings(live.config, keep_renewed(wanted, live.settings), None)
        reached: Properties = {"sequence": live.sequence, "applied": encoded(asked), "request": ""}
        return {**last, **reached, **verified(client.history)}

    async def _joined(
        self, call: Call, client: ChannelClient, last: Properties, clock: Deadline
    ) -> LiveConfig:
        """Have every orderer on the channel; the configuration in force.

        A consenter that is away when the channel has been applied before is on it already: it catches up.
        """
        genesis = genesis_of(last)
        spared = known_consenters(client, last) if call.id and last["applied"] else frozenset()
        answers = await wait_for_answers(client, clock, spared)
        block = genesis
        if any(answer is None for answer in answers.values()) and any(answers.values()):
            # The genesis does for a channel that is just beginning; one that lives hands out its latest.
            block = await _latest(client, genesis)
        if call.id and last["applied"] and any(answers.values()):
            await expect_order(client, last)
        raise_refusal(join_refusal(client, answers, client.live_of(block), last))
        away = [str(answer) for answer in answers.values() if isinstance(answer, NoAnswer)]
        if away:
            await self.session.warn("orderers that are away catch up later\n" + "\n".join(away), call.urn)
        await join_all(client, answers, block, str(last["genesisHash"]), clock)
        return await client.live_once_led(clock)

    async def _look(self, call: Call, client: ChannelClient) -> tuple[LiveConfig, dict[str, Answer]]:
        """Return the configuration in force, and the answers of the orderers that stay.

        Where the ledger cannot be read, with a warning, the configuration that is known, and no answers.
        """
        try:
            answers = await client.answers(deadline=_READING)
            if all(answer is None for answer in answers.values()):
                return applied_config(client, call.old_outputs), answers
            live = await client.live_now(deadline=_READING)
        except Unreachable as error:
            await self.session.warn(f"ledger not read, this is from the last known state\n{error}", call.urn)
            return applied_config(client, call.old_outputs), {}
        return live, answers


def _deciding(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs without the ways to ask nodes for their releases: those that are known do."""
    return {name: value for name, value in inputs.items() if name not in ("peers", "operationsTls")}


async def _latest(client: ChannelClient, genesis: Block) -> Block:
    """Return the latest configuration block, or the genesis while the channel has no leader."""
    answers = await client.answers(deadline=_READING)
    joined = [client.node(name) for name, answer in answers.items() if isinstance(answer, LedgerState)]
    try:
        return (await client.live(joined, deadline=_READING)).block
    except FabricError:
        return genesis


def _reached(updater: Updater, client: ChannelClient) -> Properties:
    """Return the outputs that say how far an update came; none if it did nothing."""
    if updater.live is None:
        return {}
    applied = apply_settings(updater.live.config, updater.base, None)
    reached: Properties = {"sequence": updater.live.sequence, "applied": encoded(applied)}
    return {**reached, **verified(client.history)}


def _reason(error: BaseException) -> str:
    return str(error) or "cancelled; run it again to go on"


def _request(last: Properties, error: BaseException) -> str:
    """Return the request that the state keeps: a new one if missing signatures stopped the update."""
    if not isinstance(error, MissingSignaturesError):
        return str(last["request"])
    return merged_request(str(last["request"]), error.request)
