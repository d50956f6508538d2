"""Plan the way from a channel's live settings to the wanted ones, in steps that are safe one by one.

Raft takes one change of a consenter at a time (orderer/consensus/etcdraft/membership.go); with BFT that is
what the documentation advises. A node that joins is announced as an endpoint once it orders, one that leaves
is taken from the endpoints before (docs raft_configuration.md).

Nodes join before others leave, so that the channel always has enough of them. A broken node leaves first:
it does not vote, and a channel that grows while it is a member may lose its quorum. With BFT a new node
replaces the broken one in the same step, because three nodes instead of four bear no failure.

A consenter that gets another address stays what it is: that is a step of its own, once the endpoints say the
new one, at which it answers already. One that gets another key, too, is first known by that at its former
address, so that it orders again before anything else is done.

Addresses of orderers that the channel itself names are of earlier releases: peers ask those of organizations
before them, and V3_0 allows none. They go with the first step, once every organization has endpoints.

Capabilities are raised last, one by one: until then whoever has an older release may go on with the channel.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType

from heddle.configtx.moved import moved_consenters
from heddle.configtx.read import differences
from heddle.configtx.settings import BFT, ChannelSettings, Consenter, OrdererOrganization

__all__ = ["FormerAddresses", "Kind", "Step", "steps"]

_PARTS = ("orderer", "channel", "application")
"""Parts of a channel in the order of their capabilities: "cannot enable channel capabilities without orderer
support first" (common/channelconfig/bundle.go)."""


FormerAddresses = Mapping[str, Collection[str]]
"""By a wanted address (host:port), those that its node had before."""


class Kind(Enum):
    """Name the kinds of steps; all but SETTINGS and CAPABILITY change the consenters."""

    SETTINGS = "settings"
    CAPABILITY = "raise a capability"
    ROTATE = "new certificate of a consenter"
    MOVE = "new address of a consenter"
    ADD = "add a consenter"
    REMOVE = "remove a consenter"
    REPLACE = "put a consenter in the place of a broken one"


@dataclass(frozen=True, kw_only=True)
class Step:
    """Describe a configuration update. `settings` are those of the channel afterwards.

    `joins` is the consenter that is new or has a new certificate or address, `leaves` the one that is
    removed or, as it was, the one that moves.
    """

    kind: Kind
    settings: ChannelSettings
    joins: Consenter | None = None
    leaves: Consenter | None = None
    changes: tuple[str, ...]
    """The differences, in a line for people each."""

    def __str__(self) -> str:
        return "; ".join(self.changes)


def steps(
    live: ChannelSettings,
    target: ChannelSettings,
    broken: Collection[str] = frozenset(),
    former: FormerAddresses = MappingProxyType({}),
) -> list[Step]:
    """Return the steps from `live` to `target`, in an order in which each of them is safe.

    Args:
        live: the channel now.
        target: the channel at the end.
        broken: consenters (host:port) that do not order.
        former: by a wanted address, those that its node had before.
    """
    result: list[Step] = []
    current = live
    for kind, joins, leaves, settings in _Stages(live, target, broken, former).all():
        changes = tuple(_changes(kind, joins, leaves, differences(current, settings)))
        if changes:
            result.append(Step(kind=kind, joins=joins, leaves=leaves, settings=settings, changes=changes))
            current = settings
    return result


def _changes(
    kind: Kind, joins: Consenter | None, leaves: Consenter | None, lines: Sequence[str]
) -> Iterator[str]:
    """Yield the differences in words; a consenter that moves neither comes nor goes."""
    if kind is not Kind.MOVE or joins is None or leaves is None:
        yield from lines
        return
    two = (f"consenter {leaves.address}: removed", f"consenter {joins.address}: added")
    yield f"consenter {leaves.address}: moves to {joins.address}"
    yield from (line for line in lines if line not in two)


_Stage = tuple[Kind, Consenter | None, Consenter | None, ChannelSettings]


class _Stages:
    """Lead from `live` to `target`; `consenters` are those of the stage reached so far."""

    def __init__(
        self,
        live: ChannelSettings,
        target: ChannelSettings,
        broken: Collection[str],
        former: FormerAddresses,
    ) -> None:
        before, self.after = _by_address(live), _by_address(target)
        self.live, self.target = live, target
        self.consenters = dict(before)
        self.moving = moved_consenters(target, live)
        self.rekeyed = _rekeyed_at_former_address(self.after, before, self.moving, former)
        moving = self.moving | self.rekeyed
        gone = {each.address for each in moving.values()}
        self.joining = [each for each in self.after if each not in before and each not in moving]
        leaving = [address for address in before if address not in self.after and address not in gone]
        self.last = [address for address in leaving if address not in broken]
        self.first = [address for address in leaving if address in broken]
        # Each as it is to be at the address that the channel has.
        self.rotating = [
            *(each for address, each in self.after.items() if before.get(address, each) != each),
            *self.rekeyed.values(),
        ]
        self.broken = frozenset(broken)
        self.any_leaves = bool(leaving)

    def all(self) -> Iterator[_Stage]:
        """Yield each stage with the channel's settings after it, also where they are no new ones."""
        yield self._stage(Kind.SETTINGS)
        # One that does not order already has its new key, and orders again once the channel knows it.
        yield from self._rotations([each for each in self.rotating if each.address in self.broken])
        for address, former in self.moving.items():
            yield self._move(address, former)
        while self.first and (self._swaps() or len(self.consenters) > 1):
            yield from self._broken_one(self.first.pop(0))
        while self.joining:
            yield from self._join()
        # One that orders waits for its restart with the new key, which others may have to join for.
        yield from self._rotations(list(self.rotating))
        for address in [*self.first, *self.last]:
            yield self._stage(Kind.REMOVE, leaves=self.consenters.pop(address))
        yield Kind.SETTINGS, None, None, replace(self.target, capabilities=self.live.capabilities)
        capabilities = self.live.capabilities
        for part in _PARTS:
            capabilities = replace(capabilities, **{part: getattr(self.target.capabilities, part)})
            yield Kind.CAPABILITY, None, None, replace(self.target, capabilities=capabilities)

    def _rotations(self, consenters: Sequence[Consenter]) -> Iterator[_Stage]:
        """Yield a stage for each new certificate, and the move of its consenter if it moves, too."""
        moves = {each.address: address for address, each in self.rekeyed.items()}
        for each in consenters:
            self.rotating.remove(each)
            self.consenters[each.address] = each
            yield self._stage(Kind.ROTATE, joins=each)
            if each.address in moves:
                yield self._move(moves[each.address], each)

    def _move(self, address: str, former: Consenter) -> _Stage:
        joiner = self.after[address]
        # In its place: people know consenters by it.
        self.consenters = {
            (address if each is former else old): (joiner if each is former else each)
            for old, each in self.consenters.items()
        }
        return self._stage(Kind.MOVE, joins=joiner, leaves=former)

    def _broken_one(self, address: str) -> Iterator[_Stage]:
        leaver = self.consenters.pop(address)
        if self._swaps():
            yield from self._join(leaver)
        else:
            yield self._stage(Kind.REMOVE, leaves=leaver)

    def _swaps(self) -> bool:
        return self.target.consensus == BFT and bool(self.joining)

    def _join(self, leaver: Consenter | None = None) -> Iterator[_Stage]:
        address = self.joining[0]
        joiner = self.consenters[address] = self.after[address]
        kind = Kind.REPLACE if leaver is not None else Kind.ADD
        yield self._stage(kind, joins=joiner, leaves=leaver)
        self.joining.pop(0)
        yield self._stage(Kind.SETTINGS)

    def _stage(
        self, kind: Kind, *, joins: Consenter | None = None, leaves: Consenter | None = None
    ) -> _Stage:
        target = self.target
        if self.rotating and target.consensus == BFT:
            target = _without_new_lists(self.live, target)
        prepared = _prepared(self.live, target, self.joining, any_leaves=self.any_leaves)
        return kind, joins, leaves, replace(prepared, consenters=tuple(self.consenters.values()))


def _rekeyed_at_former_address(
    after: Mapping[str, Consenter],
    before: Mapping[str, Consenter],
    moved: Mapping[str, Consenter],
    former: FormerAddresses,
) -> dict[str, Consenter]:
    """Return consenters with another key and address, by that, each with the new key at its former address.

    Fabric knows them by nothing: that two consenters are one node is known from the stack alone.
    """
    taken = {*after, *(each.address for each in moved.values())}
    found = {}
    for address, each in after.items():
        if address in before or address in moved:
            continue
        for old in (before[other] for other in former.get(address, ()) if other in before):
            if old.address not in taken:
                found[address] = replace(each, host=old.host, port=old.port)
    return found


def _without_new_lists(live: ChannelSettings, target: ChannelSettings) -> ChannelSettings:
    """Return the target with the revocation lists that ordering organizations have now.

    What a BFT channel knows a consenter by must not be revoked before it knows it by another identity.
    """
    lists = {each.name: each.msp.revocation_lists for each in live.orderer_organizations}
    organizations = (
        replace(each, msp=replace(each.msp, revocation_lists=lists.get(each.name, ())))
        for each in target.orderer_organizations
    )
    return replace(target, orderer_organizations=tuple(organizations))


def _prepared(
    live: ChannelSettings, target: ChannelSettings, joining: list[str], *, any_leaves: bool
) -> ChannelSettings:
    """Return the target as far as it holds before a node joins or leaves.

    Endpoints of joining nodes wait; organizations that leave stay until their nodes have left.
    """
    present = {one.name: one for one in live.orderer_organizations}
    organizations = [_prepared_organization(one, present, joining) for one in target.orderer_organizations]
    if any_leaves:
        wanted = {one.name for one in organizations}
        organizations += [one for name, one in present.items() if name not in wanted]
    return replace(target, orderer_organizations=tuple(organizations), capabilities=live.capabilities)


def _prepared_organization(
    wanted: OrdererOrganization, present: dict[str, OrdererOrganization], joining: list[str]
) -> OrdererOrganization:
    """Leave out the endpoints of joining nodes, unless none would be left: Fabric demands one."""
    endpoints = tuple(one for one in wanted.endpoints if one not in joining)
    if not endpoints:
        old = present.get(wanted.name)
        endpoints = old.endpoints if old is not None else wanted.endpoints
    return replace(wanted, endpoints=endpoints)


def _by_address(settings: ChannelSettings) -> dict[str, Consenter]:
    return {one.address: one for one in settings.consenters}
