"""The ordering service: sizes and times that belong together, and options of the other kind of consensus."""

from collections.abc import Iterator

from pydantic_core import PydanticCustomError

from heddle.durations import nanoseconds
from heddle.spec.kinds import parse_bytes
from heddle.spec.ordering import MEBIBYTE, Batch, Bft
from heddle.spec.problems import Problem
from heddle.spec.rules.reading import Data, Place, items, ordering_type, problem, section, whole

LARGEST_MESSAGE = 49 * MEBIBYTE
"""Fabric's advice (configtx.yaml): gRPC stops at 100 MB, and a message travels in larger ones."""
SMALLEST_MESSAGE = 128 * 1024
"""Some kilobytes per organization are in every configuration update, which passes the same filter (Fabric
3.1.5, orderer/common/msgprocessor/standardchannel.go): below, a channel could never be changed again."""
_SIZES = {"preferredMaxBytes": "preferred_max_bytes", "absoluteMaxBytes": "absolute_max_bytes"}

_NOT_LONGER = (
    ("requestForwardTimeout", "requestComplainTimeout"),
    ("requestComplainTimeout", "requestAutoRemoveTimeout"),
    ("viewChangeResendInterval", "viewChangeTimeout"),
)
"""Source: SmartBFT pkg/types/config.go, Configuration.Validate: an orderer stops over these."""


def broken(data: Data) -> Iterator[Problem]:
    """Problems with the ordering service and how channels cut blocks."""
    bft = ordering_type(data) == "bft"
    default = section(data, "ordering", "batch")
    places: list[tuple[Place, Data]] = [(("ordering",), section(data, "ordering"))]
    places += [(("channels", index), channel) for index, channel in items(data, "channels")]
    for place, owner in places:
        yield from _batch(section(owner, "batch"), default, (*place, "batch"), bft=bft)
        if bft and owner.get("snapshotIntervalSize") is not None:
            found = owner["snapshotIntervalSize"]
            yield problem(
                (*place, "snapshotIntervalSize"), found, "only with type raft: BFT takes no such snapshots"
            )
    yield from _bft(data, bft=bft)


def _batch(said: Data, inherited: Data, place: Place, *, bft: bool) -> Iterator[Problem]:
    """Problems of the limits that are said here; the others are `ordering.batch`'s, or the defaults."""
    batch = {**inherited, **said}
    try:
        preferred, absolute = (
            parse_bytes(batch.get(key, Batch.model_fields[name].default)) for key, name in _SIZES.items()
        )
    except PydanticCustomError:
        return
    if "absoluteMaxBytes" in said and absolute > LARGEST_MESSAGE:
        allowed = "at most 49 MB, or gRPC's limit of 100 MB may stop messages between nodes"
        yield problem((*place, "absoluteMaxBytes"), said["absoluteMaxBytes"], allowed)
    if "absoluteMaxBytes" in said and absolute < SMALLEST_MESSAGE:
        allowed = "at least 128 KB, or changes of the channel may not fit, and it stays as it is for ever"
        yield problem((*place, "absoluteMaxBytes"), said["absoluteMaxBytes"], allowed)
    elif preferred >= absolute and _SIZES.keys() & said.keys():
        yield problem(
            (*place, "preferredMaxBytes"),
            batch.get("preferredMaxBytes", preferred),
            f"less than absoluteMaxBytes, which is {absolute}",
            "Blocks are cut at the preferred size; the absolute one is where messages are refused.",
        )
    messages = whole(batch.get("messages", Batch.model_fields["messages"].default), 0) or 0
    if bft and messages > absolute and {"messages", "absoluteMaxBytes"} & said.keys():
        allowed = f"at most absoluteMaxBytes, which is {absolute}: a message has one byte or more"
        yield problem((*place, "messages"), batch.get("messages", messages), allowed)


def _bft(data: Data, *, bft: bool) -> Iterator[Problem]:
    said = section(data, "ordering").get("bft")
    if said is not None and not bft:
        yield problem(("ordering", "bft"), said, "only with type bft")
        return
    options = section(data, "ordering", "bft")
    for shorter, longer in _NOT_LONGER:
        times = [_nanoseconds(options, key) for key in (shorter, longer)]
        if None not in times and times[0] > times[1]:  # type: ignore[operator]
            shown = options.get(longer, _default(longer))
            allowed = f"at most {longer}, which is {shown}"
            yield problem(("ordering", "bft", shorter), options.get(shorter, _default(shorter)), allowed)


def _default(option: str) -> str:
    fields = {field.alias: field for field in Bft.model_fields.values()}
    return str(fields[option].default)


def _nanoseconds(options: Data, key: str) -> int | None:
    try:
        return nanoseconds(str(options.get(key, _default(key))))
    except ValueError:
        return None
