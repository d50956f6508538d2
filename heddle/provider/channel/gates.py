"""Judge by the facts of a channel what comes next, and what must not be done now."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from heddle.configtx.moved import moved_consenters
from heddle.configtx.read import settings_of
from heddle.configtx.settings import ChannelSettings
from heddle.errors import FabricError
from heddle.network.drift import applied_of, genesis_of
from heddle.planner.channel import planned_steps
from heddle.planner.consenters import Outlook, outlook, standstill
from heddle.planner.facts import Answer, ChannelFacts, NoAnswer, Refusal
from heddle.planner.gateways import leaving_refusal, outdates_gateways
from heddle.planner.joining import full_replacement_refusal, joining_refusal
from heddle.planner.releases import CapabilityWait
from heddle.planner.standing import missing_consenters, without_slow
from heddle.planner.steps import Kind, Step
from heddle.plugin.values import UNKNOWN, Properties
from heddle.provider.channel.client import ChannelClient, LiveConfig
from heddle.provider.channel.releases import ChannelReleases
from heddle.provider.channel.settings import settings_from
from heddle.provider.refusing import raise_refusal

__all__ = [
    "Ahead",
    "applied_config",
    "assumed",
    "expect_order",
    "join_refusal",
    "known_consenters",
    "look_ahead",
    "moved_nodes",
]

_READING = 10.0


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """Hold the steps from the configuration in force to the wanted one, and why they must not be taken.

    joining: names of orderers that join the channel.
    waits: what each capability that is raised waits for, in the order of the steps.
    restarting: names of nodes that restart afterwards, to dial what the channel names then.
    """

    live: LiveConfig
    steps: Sequence[Outlook]
    joining: Sequence[str]
    refusal: Refusal | None
    waits: Sequence[CapabilityWait] = ()
    restarting: Sequence[str] = ()


async def look_ahead(
    client: ChannelClient,
    wanted: ChannelSettings,
    live: LiveConfig,
    answers: Mapping[str, Answer],
    last: Properties,
    releases: ChannelReleases,
) -> Ahead:
    """Return what an update to the wanted settings would do now. Raises ConfigtxError for conflicts.

    Args:
        client: of the channel.
        wanted: what is asked for.
        live: the configuration in force.
        answers: of the orderers that stay; none where the ledger could not be read.
        last: the channel's outputs.
        releases: asks who has a capability before it is raised.
    """
    facts, newest = await client.facts(live, deadline=_READING)
    base = settings_of(applied_of(last), channel=client.channel)
    own = client.own_consenters(live.settings, wanted, base)
    heard = without_slow(facts)
    missing = missing_consenters(heard, newest)
    todo = planned_steps(live.settings, wanted, base, missing, own, client.moved)
    steps = list(outlook(heard, todo, newest))
    refusals: list[Refusal | None] = []
    if _somebody_answers(facts):
        refusals += [standstill(heard, newest), *(each.refusal for each in steps)]
    refusals.append(join_refusal(client, answers, live, last))
    refusals.append(leaving_refusal(client.channel, live.settings, todo))
    waits = await _waits(releases, live.settings, todo)
    # The same run brings this program's nodes up with their new images first: others' nodes it does not.
    refusals += [replace(each, nodes={}).refusal for each in waits]
    return Ahead(
        live=live,
        steps=steps,
        joining=[name for name, answer in answers.items() if answer is None],
        refusal=next(filter(None, refusals), None),
        waits=waits,
        restarting=_restarting(releases, live.settings, todo),
    )


def _restarting(releases: ChannelReleases, live: ChannelSettings, todo: Sequence[Step]) -> list[str]:
    """Return the peers whose gateways must learn of other orderers; all nodes where one moves."""
    settings = [live, *(step.settings for step in todo)]
    outdated = any(outdates_gateways(before, after) for before, after in pairwise(settings))
    moves = any(step.kind is Kind.MOVE for step in todo)
    orderers = releases.orderers if moves else ()
    return [node.name for node in (*orderers, *releases.peers)] if outdated or moves else []


async def _waits(
    releases: ChannelReleases, live: ChannelSettings, todo: Sequence[Step]
) -> list[CapabilityWait]:
    waits, before = [], live
    for step in todo:
        if step.kind is Kind.CAPABILITY:
            waits.append(await releases.wait_for(before, step.settings.capabilities, deadline=_READING))
        before = step.settings
    return waits


def assumed(inputs: Mapping[str, Any], olds: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs in which former certificates stand for those of consenters that do not exist yet.

    The order of the steps does not depend on them, only whether a step gives a node its new certificate.
    """
    consenters, former = inputs["consenters"], olds.get("consenters") or []
    if not isinstance(consenters, list) or not former or not all(isinstance(one, dict) for one in consenters):
        return dict(inputs)
    old = {one["node"]: one for one in former}
    filled = [
        {
            key: old.get(one["node"], former[0]).get(key, value) if value is UNKNOWN else value
            for key, value in one.items()
        }
        for one in consenters
    ]
    return {**inputs, "consenters": filled}


def moved_nodes(inputs: Mapping[str, Any], last: Properties) -> dict[str, str]:
    """Return the names of nodes that are wanted at another address, by the one that was applied last."""
    names = {f"{each['host']}:{each['port']}": each["node"] for each in inputs["consenters"]}
    before = settings_of(applied_of(last), channel=inputs["channel"])
    moved = moved_consenters(settings_from(inputs), before)
    return {former.address: names[address] for address, former in moved.items()}


def applied_config(client: ChannelClient, last: Properties) -> LiveConfig:
    """Return the configuration that was applied last: what is known while nobody hands out a newer one."""
    config = applied_of(last)
    settings = settings_of(config, channel=client.channel)
    return LiveConfig(block=genesis_of(last), config=config, settings=settings)


def _somebody_answers(facts: ChannelFacts) -> bool:
    """Tell whether any consenter answers; where none does, the update may well start them first."""
    return not all(isinstance(answer, NoAnswer) for answer in facts.answers.values())


async def expect_order(client: ChannelClient, last: Properties) -> None:
    """Raise ProviderError where the channel has no leader, and by the facts can have none: none will come."""
    with suppress(FabricError):
        await client.live_now(deadline=_READING)
        return
    facts, newest = await client.facts(applied_config(client, last), deadline=_READING)
    raise_refusal(standstill(without_slow(facts), newest))


def join_refusal(
    client: ChannelClient, answers: Mapping[str, Answer], live: LiveConfig, last: Properties
) -> Refusal | None:
    """Return why orderers without the channel must not join it; None if they may, or nothing is known."""
    if refusal := _all_replaced(client, last):
        return refusal
    if not answers:
        return None
    listed = {client.node_of.get(one.address, "") for one in live.settings.consenters}
    sequence = int(str(last["sequence"]))
    if live.sequence < sequence:  # nobody leads, so only the genesis is known: others have come since
        listed |= known_consenters(client, last)
    return joining_refusal(client.channel, answers, listed, sequence)


def _all_replaced(client: ChannelClient, last: Properties) -> Refusal | None:
    """Return why the wanted orderers must not take the place of all those that order the channel now."""
    leaving = {*(node.name for node in client.former.values()), *client.lost.values()}
    if not leaving:
        return None
    staying = known_consenters(client, last) - {""}
    return full_replacement_refusal(client.channel, set(client.node_of.values()), staying, leaving)


def known_consenters(client: ChannelClient, last: Properties) -> frozenset[str]:
    """Return the names of the nodes that ordered the channel when it was applied last."""
    settings = applied_config(client, last).settings
    return frozenset(client.node_of.get(one.address, "") for one in settings.consenters)
