"""Rules between the parts of a stack file: references, uniqueness, sizes that belong together.

They read the file's plain data, whatever it holds, so that they can be checked when some fields are wrong: a
part that is not of the expected shape is skipped here, the models report it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from heddle.spec.defaults import default_msp_id
from heddle.spec.ordering import MEBIBYTE, Batch, OrdererOrganization
from heddle.spec.problems import Problem, path_of
from heddle.spec.quantities import parse_bytes

LARGEST_MESSAGE = 49 * MEBIBYTE
"""Fabric's advice (configtx.yaml): gRPC stops at 100 MB, and a message travels in larger ones."""

Place = tuple[int | str, ...]


def broken_rules(data: object) -> list[Problem]:
    """Every rule between the parts of `data` (the instance, camelCase keys) that does not hold."""
    if not isinstance(data, Mapping):
        return []
    rules = (
        _unique_names,
        _unique_msp_ids,
        _members_exist,
        _channels_exist,
        _batches_fit,
        _images_make_sense,
    )
    return [problem for rule in rules for problem in rule(data)]


def _section(data: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """The mapping at `keys`, empty if there is none."""
    for key in keys:
        value = data.get(key)
        if not isinstance(value, Mapping):
            return {}
        data = value
    return data


def _items(data: Mapping[str, Any], key: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Index and mapping of every entry of a list that is a mapping."""
    values = data.get(key)
    if isinstance(values, list | tuple):
        yield from ((index, item) for index, item in enumerate(values) if isinstance(item, Mapping))


def _names(data: Mapping[str, Any], key: str) -> list[tuple[Place, str]]:
    """Place and value of each name in a list."""
    return [
        ((key, i, "name"), item["name"]) for i, item in _items(data, key) if isinstance(item.get("name"), str)
    ]


def _orderer_organization(data: Mapping[str, Any]) -> str:
    name = _section(data, "ordering", "organization").get("name", OrdererOrganization().name)
    return name if isinstance(name, str) else ""


def _repeated(named: list[tuple[Place, str]], what: str) -> Iterator[Problem]:
    first: dict[str, Place] = {}
    for place, name in named:
        if name in first:
            allowed = f"a name that no other {what} has; {path_of(first[name])} has it too"
            yield Problem(path=path_of(place), found=name, allowed=allowed)
        first.setdefault(name, place)


def _unique_names(data: Mapping[str, Any]) -> Iterator[Problem]:
    orderer: Place = ("ordering", "organization", "name")
    yield from _repeated(
        [(orderer, _orderer_organization(data)), *_names(data, "organizations")], "organization"
    )
    yield from _repeated(_names(data, "channels"), "channel")
    yield from _repeated(_names(data, "chaincodes"), "chaincode")


def _msp_ids(data: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    instance = data.get("name")
    instance = instance if isinstance(instance, str) else ""
    orderer = _section(data, "ordering", "organization").get("mspId")
    yield (
        ("ordering", "organization", "mspId"),
        orderer or default_msp_id(_orderer_organization(data), instance),
    )
    for index, item in _items(data, "organizations"):
        name = item.get("name")
        if isinstance(name, str):
            yield ("organizations", index, "mspId"), item.get("mspId") or default_msp_id(name, instance)


def _unique_msp_ids(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Equal names are reported as such, and would repeat here."""
    if not any(_unique_names(data)):
        yield from _repeated(list(_msp_ids(data)), "organization")


def _members_exist(data: Mapping[str, Any]) -> Iterator[Problem]:
    known = [name for _, name in _names(data, "organizations")]
    for index, channel in _items(data, "channels"):
        members = _members(channel)
        for place, name in enumerate(members):
            path = path_of(("channels", index, "organizations", place))
            if isinstance(name, str) and name not in known:
                yield Problem(
                    path=path, found=name, allowed=f"an organization of this file: {_listed(known)}"
                )
            elif isinstance(name, str) and name in members[:place]:
                yield Problem(path=path, found=name, allowed="each organization once")


def _members(channel: Mapping[str, Any]) -> list[Any]:
    """What a channel calls its members, each a name or a mapping."""
    members = channel.get("organizations")
    if not isinstance(members, list | tuple):
        return []
    return [each.get("name") if isinstance(each, Mapping) else each for each in members]


def _channels_exist(data: Mapping[str, Any]) -> Iterator[Problem]:
    known = [name for _, name in _names(data, "channels")]
    for index, chaincode in _items(data, "chaincodes"):
        name = chaincode.get("channel")
        if isinstance(name, str) and name not in known:
            path = path_of(("chaincodes", index, "channel"))
            yield Problem(path=path, found=name, allowed=f"a channel of this file: {_listed(known)}")


def _listed(names: list[str]) -> str:
    return ", ".join(names) if names else "there is none yet"


def _batches_fit(data: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _batch_fits(_section(data, "ordering", "batch"), ("ordering", "batch"))
    for index, channel in _items(data, "channels"):
        yield from _batch_fits(_section(channel, "batch"), ("channels", index, "batch"))


def _batch_fits(batch: Mapping[str, Any], place: Place) -> Iterator[Problem]:
    defaults = Batch.model_fields
    try:
        preferred = parse_bytes(batch.get("preferredMaxBytes", defaults["preferred_max_bytes"].default))
        absolute = parse_bytes(batch.get("absoluteMaxBytes", defaults["absolute_max_bytes"].default))
    except PydanticCustomError:
        return
    if absolute > LARGEST_MESSAGE:
        allowed = "at most 49 MB, or gRPC's limit of 100 MB may stop messages between nodes"
        path = path_of((*place, "absoluteMaxBytes"))
        yield Problem(path=path, found=batch.get("absoluteMaxBytes"), allowed=allowed)
    if preferred >= absolute:
        yield Problem(
            path=path_of((*place, "preferredMaxBytes")),
            found=batch.get("preferredMaxBytes", preferred),
            allowed=f"less than absoluteMaxBytes, which is {absolute}",
            step="Blocks are cut at the preferred size; the absolute one is where messages are refused.",
        )


def _images_make_sense(data: Mapping[str, Any]) -> Iterator[Problem]:
    if data.get("standin") is not True:
        return
    for key, image in _section(data, "images").items():
        yield Problem(
            path=path_of(("images", key)),
            found=image,
            allowed="no image where standin is true",
            step="Take the images away, or standin: a stand-in never runs under another image's name.",
        )
