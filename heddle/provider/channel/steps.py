"""From the live settings to the wanted ones, in steps that are safe one by one. Pure.

Raft takes one change of a consenter at a time (orderer/consensus/etcdraft/membership.go). A node that joins
is announced as an endpoint once it orders, one that leaves is taken from the endpoints before
(docs raft_configuration.md). Nodes join before others leave: the channel never has fewer than it needs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from heddle.configtx.read import differences
from heddle.configtx.settings import ChannelSettings, Consenter, OrdererOrganization

__all__ = ["Kind", "Step", "steps"]


class Kind(Enum):
    """What a step does; all but SETTINGS change who orders."""

    SETTINGS = "settings"
    ROTATE = "new certificate of a consenter"
    ADD = "add a consenter"
    REMOVE = "remove a consenter"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One configuration update. `settings` is what the channel says afterwards."""

    kind: Kind
    settings: ChannelSettings
    consenter: Consenter | None = None
    changes: tuple[str, ...]
    """One readable line for each difference."""

    def __str__(self) -> str:
        return "; ".join(self.changes)


def steps(live: ChannelSettings, target: ChannelSettings) -> list[Step]:
    """All steps, in order; none if there is no difference."""
    result: list[Step] = []
    current = live
    for kind, consenter, settings in _stages(live, target):
        changes = tuple(differences(current, settings))
        if changes:
            result.append(Step(kind=kind, consenter=consenter, settings=settings, changes=changes))
            current = settings
    return result


_Stage = tuple[Kind, Consenter | None, ChannelSettings]


def _stages(live: ChannelSettings, target: ChannelSettings) -> Iterator[_Stage]:
    before, after = _by_address(live), _by_address(target)
    joining = [address for address in after if address not in before]
    leaving = [address for address in before if address not in after]
    consenters = dict(before)
    prepared = _prepared(live, target, joining, leaving)

    def stage(kind: Kind, consenter: Consenter | None = None) -> _Stage:
        return kind, consenter, replace(prepared, consenters=tuple(consenters.values()))

    yield stage(Kind.SETTINGS)
    for address, consenter in after.items():
        if address in before and before[address] != consenter:
            consenters[address] = consenter
            yield stage(Kind.ROTATE, consenter)
    while joining:
        address = joining.pop(0)
        consenters[address] = after[address]
        yield stage(Kind.ADD, after[address])
        prepared = _prepared(live, target, joining, leaving)
        yield stage(Kind.SETTINGS)
    for address in leaving:
        leaver = consenters.pop(address)
        yield stage(Kind.REMOVE, leaver)
    prepared = target
    yield stage(Kind.SETTINGS)


def _prepared(
    live: ChannelSettings, target: ChannelSettings, joining: list[str], leaving: list[str]
) -> ChannelSettings:
    """The target as far as it holds before anybody joins or leaves.

    Endpoints of joining nodes wait; organizations that go stay until their nodes have left.
    """
    present = {one.name: one for one in live.orderer_organizations}
    organizations = [_prepared_organization(one, present, joining) for one in target.orderer_organizations]
    if leaving:
        wanted = {one.name for one in organizations}
        organizations += [one for name, one in present.items() if name not in wanted]
    return replace(target, orderer_organizations=tuple(organizations))


def _prepared_organization(
    wanted: OrdererOrganization, present: dict[str, OrdererOrganization], joining: list[str]
) -> OrdererOrganization:
    """Without the endpoints of joining nodes, unless none would be left: Fabric demands one."""
    endpoints = tuple(one for one in wanted.endpoints if one not in joining)
    if not endpoints:
        old = present.get(wanted.name)
        endpoints = old.endpoints if old is not None else wanted.endpoints
    return replace(wanted, endpoints=endpoints)


def _by_address(settings: ChannelSettings) -> dict[str, Consenter]:
    return {one.address: one for one in settings.consenters}
