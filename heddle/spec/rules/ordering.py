"""Check sizes and times of ordering that belong together, and options of the other consensus."""

from collections.abc import Iterator

from heddle.durations import nanoseconds
from heddle.quantities import show_size
from heddle.settings import NOT_LONGER, BatchSettings, BftOptions, RaftOptions, settings_of
from heddle.spec.problems import Problem
from heddle.spec.rules.reading import Data, Place, items, ordering_type, problem, section, setting_value

_BATCH = {each.name: each for each in settings_of(BatchSettings)}
_BFT = {each.name: each for each in settings_of(BftOptions)}
_PREFERRED, _ABSOLUTE = _BATCH["preferred_max_bytes"], _BATCH["absolute_max_bytes"]
_MESSAGES = _BATCH["max_message_count"]


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with the ordering service and how channels cut blocks."""
    bft = ordering_type(data) == "bft"
    default = section(data, "ordering", "batch")
    places: list[tuple[Place, Data]] = [(("ordering",), section(data, "ordering"))]
    places += [(("channels", index), channel) for index, channel in items(data, "channels")]
    for place, owner in places:
        yield from _batch(section(owner, "batch"), default, (*place, "batch"), bft=bft)
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
