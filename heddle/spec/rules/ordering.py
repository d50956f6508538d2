"""Check sizes and times of ordering that belong together, and options of the other consensus."""

from collections.abc import Iterator

from heddle.durations import nanoseconds
from heddle.quantities import KB, show_size
from heddle.settings import NOT_LONGER, BatchSettings, BftOptions, RaftOptions, settings_of
from heddle.spec.problems import Problem
from heddle.spec.rules.outside import CERTIFICATE_LISTS
from heddle.spec.rules.reading import (
    Data,
    Place,
    items,
    orderer_indices,
    ordering_type,
    problem,
    section,
    setting_value,
    values,
)

_BATCH = {each.name: each for each in settings_of(BatchSettings)}
_BFT = {each.name: each for each in settings_of(BftOptions)}
_PREFERRED, _ABSOLUTE = _BATCH["preferred_max_bytes"], _BATCH["absolute_max_bytes"]
_MESSAGES = _BATCH["max_message_count"]
_FIRST_BYTES, _EACH_BYTES = 16 * KB, 4 * KB
"""Bytes of a channel's configuration by itself, and of each member or consenter with its certificates and its
signature; measured: 5 KB and 1.7 to 3.3 KB."""


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with the ordering service and how channels cut blocks."""
    bft = ordering_type(data) == "bft"
    default = section(data, "ordering", "batch")
    places: list[tuple[Place, Data]] = [(("ordering",), section(data, "ordering"))]
    places += [(("channels", index), channel) for index, channel in items(data, "channels")]
    for place, owner in places:
        yield from _batch(section(owner, "batch"), default, (*place, "batch"), bft=bft)
        if place[0] == "channels":
            yield from _room(data, owner, default, place)
        for option in settings_of(RaftOptions) if bft else ():
            if (found := owner.get(option.key)) is not None:
                allowed = "only with type raft: BFT takes no such snapshots"
                yield problem((*place, option.key), found, allowed)
    yield from _bft(data, bft=bft)


def _batch(said: Data, inherited: Data, place: Place, *, bft: bool) -> Iterator[Problem]:
    """Yield problems of the limits that are said here; the others are `ordering.batch`'s, or the defaults."""
    batch = {**inherited, **said}
    preferred, absolute, messages = (
        setting_value(each, batch) for each in (_PREFERRED, _ABSOLUTE, _MESSAGES)
    )
    if absolute is None:
        return
    limit = f"{_ABSOLUTE.key}, which is {show_size(absolute)}"
    if preferred is not None and preferred >= absolute and {_PREFERRED.key, _ABSOLUTE.key} & said.keys():
        yield problem(
            (*place, _PREFERRED.key),
            batch.get(_PREFERRED.key, show_size(preferred)),
            f"less than {limit}",
            "Blocks are cut at the preferred size; the absolute one is where messages are refused.",
        )
    if bft and messages is not None and messages > absolute and {_MESSAGES.key, _ABSOLUTE.key} & said.keys():
        allowed = f"at most {limit}: a message has one byte or more"
        yield problem((*place, _MESSAGES.key), batch.get(_MESSAGES.key, messages), allowed)


def _room(data: Data, channel: Data, default: Data, place: Place) -> Iterator[Problem]:
    """Yield a problem where a channel's own configuration may be larger than a message may be.

    Whatever is changed, orderers put the whole configuration into a message and weigh that, too: a channel
    without room for it can never be changed again. Source: orderer/common/msgprocessor/standardchannel.go,
    ProcessConfigUpdateMsg (Fabric 3.1.5).
    """
    said = section(channel, "batch")
    absolute = setting_value(_ABSOLUTE, {**default, **said})
    members = [item for _, item in values(channel, "organizations")]
    certificates = sum(
        len(found)
        for _, item in items(data, "organizations")
        for key in CERTIFICATE_LISTS
        for _, found in values(section(item, "external"), key)
        if isinstance(found, str)
    )
    needed = _FIRST_BYTES + _EACH_BYTES * (len(members) + len(orderer_indices(data) or ())) + certificates
    if absolute is None or absolute >= needed:
        return
    at: Place = place if _ABSOLUTE.key in said else ("ordering",)
    found = {**default, **said}.get(_ABSOLUTE.key, show_size(absolute))
    allowed = (
        f"at least {show_size(_whole_kilobytes(needed))}: so much may the configuration of this channel take"
    )
    yield problem((*at, "batch", _ABSOLUTE.key), found, allowed, "With less it could never be changed again.")


def _whole_kilobytes(count: int) -> int:
    return -(-count // KB) * KB


def _bft(data: Data, *, bft: bool) -> Iterator[Problem]:
    said = section(data, "ordering").get("bft")
    if said is not None and not bft:
        yield problem(("ordering", "bft"), said, "only with type bft")
        return
    options = section(data, "ordering", "bft")
    for shorter, longer in ((_BFT[low], _BFT[high]) for low, high in NOT_LONGER):
        length, bound = setting_value(shorter, options), setting_value(longer, options)
        if length is not None and bound is not None and nanoseconds(length) > nanoseconds(bound):
            allowed = f"at most {longer.key}, which is {bound}"
            yield problem(("ordering", "bft", shorter.key), options.get(shorter.key, length), allowed)
