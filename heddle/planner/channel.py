"""Plan what a channel needs, from what is wanted, what is in force, and what was applied last.

Others change a channel, too: what differs from the settings that were applied last, and was not asked for
here, is theirs and stays.
"""

from collections.abc import Collection
from dataclasses import replace
from types import MappingProxyType

from heddle.configtx.flat import ORDERER, Key, flatten, same, unflatten
from heddle.configtx.merge import merge
from heddle.configtx.renewed import keep_renewed
from heddle.configtx.settings import ChannelSettings
from heddle.errors import ConfigtxError
from heddle.planner.releases import lowered
from heddle.planner.steps import FormerAddresses, Step, steps

__all__ = ["applied_after", "planned_steps"]


def planned_steps(
    live: ChannelSettings,
    wanted: ChannelSettings,
    base: ChannelSettings,
    broken: Collection[str] = frozenset(),
    own: Collection[str] = frozenset(),
    former: FormerAddresses = MappingProxyType({}),
) -> list[Step]:
    """Return the steps to the wanted settings that keep what others have changed since `base` was applied.

    Raises ConfigtxError where the two contradict, and for a capability that would be lowered.

    Args:
        live: the channel now.
        wanted: what is asked for.
        base: what was applied last, as far as the state knows.
        broken: consenters (host:port) that do not order.
        own: consenters of the organizations managed here, whoever made them consenters.
        former: by a wanted address, those that its node had before.
    """
    base, wanted = keep_renewed(base, live), keep_renewed(wanted, live)
    base = _with_own_as_now(base, live, own)
    if all(each.endpoints for each in wanted.orderer_organizations):
        base = replace(base, orderer_addresses=live.orderer_addresses)
    target = merge(live, wanted, base)
    if lines := list(lowered(live.channel, live.capabilities, target.capabilities)):
        raise ConfigtxError(
            "\n  ".join(lines), hint="Put the channel's value back into the stack file (`capabilities`)."
        )
    return steps(live, target, broken, former)


def _with_own_as_now(base: ChannelSettings, live: ChannelSettings, own: Collection[str]) -> ChannelSettings:
    """Return what was applied last, with one's own consenters and their endpoints as the channel has them.

    Nobody else declares them: what differs is of a run that was killed before it could save what it did.
    """

    def is_own(key: Key) -> bool:
        return (key[0] == "consenter" and key[1] in own) or (key[0] == ORDERER and key[-1] in own)

    kept = {key: value for key, value in flatten(base).items() if not is_own(key)}
    now = {key: value for key, value in flatten(live).items() if is_own(key)}
    return unflatten({**kept, **now}, base.channel)


def applied_after(
    base: ChannelSettings, before: ChannelSettings, step: ChannelSettings, found: ChannelSettings
) -> ChannelSettings:
    """Return the settings that count as applied once a step is in force: `base`, and what the step changed.

    Without it, changes of a run that stops half-way would look to the next run like changes by others: it
    would keep them even if the stack file no longer asks for them.

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
