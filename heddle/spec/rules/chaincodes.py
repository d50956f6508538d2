"""Check chaincodes: their channels, their endorsers, their environment."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from heddle.spec.indices import MOST_NODES
from heddle.spec.policies import Endorsement
from heddle.spec.problems import MISSING, Problem
from heddle.spec.rules.expressions import broken_expression, endorsable
from heddle.spec.rules.reading import (
    Data,
    Place,
    items,
    listed,
    members_of,
    names_of,
    problem,
    section,
    text,
    values,
)
from heddle.spec.rules.variables import said_twice

_RESERVED = ("CHAINCODE_", "CORE_")
"""Beginnings of variables that Heddle sets itself, by the language."""


@dataclass(frozen=True, kw_only=True)
class OnChannel:
    """A chaincode on one of its channels."""

    channel: str
    place: Place
    """Where the file says what differs there: the chaincode, or its entry under `channels`."""
    named: Place
    """Where the file names the channel."""
    said: Data
    """What it says there."""
    own: Data
    """The chaincode's own settings, which count where nothing else is said."""

    def place_of(self, key: str) -> Place:
        """Return where a setting of this channel is, or would be."""
        return (*self.place, key)

    def inherits(self, key: str) -> bool:
        """Tell whether a setting of the chaincode counts here that was written for another channel, too."""
        return self.said is not self.own and self.said.get(key) is None


def channels_of(chaincode: Data, index: int) -> Iterator[OnChannel]:
    """Yield a chaincode on each channel that it names; `index` is its own in the file."""
    place: Place = ("chaincodes", index)
    if channel := text(chaincode, "channel"):
        at = (*place, "channel")
        yield OnChannel(channel=channel, place=place, named=at, said=chaincode, own=chaincode)
    for position, value in values(chaincode, "channels"):
        entry: Data = {"name": value} if isinstance(value, str) else section({"entry": value}, "entry")
        at = (*place, "channels", position)
        if channel := text(entry, "name"):
            # A name alone reads as itself, however it was written.
            named: Place = at if len(entry) == 1 else (*at, "name")
            yield OnChannel(channel=channel, place=at, named=named, said=entry, own=chaincode)


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with chaincodes, their collections apart."""
    for index, chaincode in items(data, "chaincodes"):
        yield from _channels(data, chaincode, index)
        yield from _endorsement(data, chaincode, index)
        for key in ("environment", "secretEnvironment"):
            yield from _variables(("chaincodes", index, key), section(chaincode, key))
        yield from said_twice(chaincode, ("chaincodes", index))


def _channels(data: Data, chaincode: Data, index: int) -> Iterator[Problem]:
    """Yield problems with the channels that a chaincode names."""
    known = names_of(data, "channels")
    if chaincode.get("channel") is None and not chaincode.get("channels"):
        step = "Name of its channel, as under `channels`; or channels: a list of them."
        yield problem(("chaincodes", index, "channel"), MISSING, "it is required", step)
    seen: set[str] = set()
    for each in channels_of(chaincode, index):
        if known is not None and each.channel not in known:
            yield problem(each.named, each.channel, f"a channel of this file: {listed(known)}")
        elif each.channel in seen:
            yield problem(each.named, each.channel, "each channel once")
        seen.add(each.channel)


def _endorsement(data: Data, chaincode: Data, index: int) -> Iterator[Problem]:
    """Yield problems with who endorses: where the file says it, and on each channel that it counts for."""
    own = text(chaincode, "endorsement")
    if is_expression(own):
        yield from broken_expression(("chaincodes", index, "endorsement"), own)
    for each in channels_of(chaincode, index):
        place, peers = each.place_of("endorsement"), peers_of(data, each.channel)
        if each.inherits("endorsement"):
            yield from inherited(endorsable(place, own, peers) if is_expression(own) else ())
            continue
        said = text(each.said, "endorsement")
        if is_expression(said):
            if each.said is not chaincode:
                yield from broken_expression(place, said)
            yield from endorsable(place, said, peers)


def inherited(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield problems of a channel with a setting that is said for the chaincode, with what to do there."""
    step = "It is the chaincode's; give this channel one of its own."
    return (replace(each, step=each.step or step) for each in problems)


def _variables(place: Place, variables: Data) -> Iterator[Problem]:
    for name, value in variables.items():
        if str(name).startswith(_RESERVED):
            allowed = "names that do not begin with CHAINCODE_ or CORE_: Heddle sets those"
            yield problem((*place, name), value, allowed)


def is_expression(policy: str) -> bool:
    """Tell whether a rule looks like an expression: neither a word nor the path of a channel policy."""
    return "(" in policy and not policy.startswith("/") and policy not in set(Endorsement)


def peers_of(data: Data, channel: str) -> dict[str, int] | None:
    """Return how many peers each member has on a channel, by MSP id; None if it or they are not known.

    How many peers an external organization has is not known here: as many as anybody may ask for.
    """
    members = members_of(data, channel)
    if not members:
        return None
    return {party.msp_id: MOST_NODES if party.external else len(joined) for party, joined in members.values()}
