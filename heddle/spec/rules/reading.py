"""Read plain data that may have any shape; a value of another shape than expected counts as absent."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from heddle.settings import Duration, Setting, Size
from heddle.spec.defaults import default_msp_id
from heddle.spec.indices import LARGEST_INDEX, MOST_NODES, indices_in
from heddle.spec.members import Organization
from heddle.spec.ordering import DEFAULT_NODES, OrdererOrganization, Ordering
from heddle.spec.problems import Problem, path_of

Place = tuple[int | str, ...]
Data = Mapping[str, Any]

_TRUE = ("true", "t", "yes", "y", "on", "1")
DEFAULT_PEERS: int = Organization.model_fields["peers"].default


def problem(place: Place, found: object, allowed: str, step: str = "") -> Problem:
    """Return a problem at a place in the file."""
    return Problem(path=path_of(place), found=found, allowed=allowed, step=step)


def section(data: Data, *keys: str) -> Data:
    """Return the mapping at `keys`, empty if there is none."""
    for key in keys:
        value = data.get(key)
        if not isinstance(value, Mapping):
            return {}
        data = value
    return data


def items(data: Data, key: str) -> Iterator[tuple[int, Data]]:
    """Return index and mapping of every entry of a list that is a mapping."""
    for index, item in values(data, key):
        if isinstance(item, Mapping):
            yield index, item


def values(data: Data, key: str) -> Iterator[tuple[int, Any]]:
    """Return index and value of every entry of a list."""
    found = data.get(key)
    if isinstance(found, list | tuple):
        yield from enumerate(found)


def text(data: Data, key: str) -> str:
    """Return the text at a key, empty if there is none."""
    found = data.get(key)
    return found if isinstance(found, str) else ""


def whole(value: object, default: int | None = None) -> int | None:
    """Return a whole number, also if written as text, as the models take it; `default` for what is none."""
    if isinstance(value, bool):
        return default
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else default


def truth(value: object) -> bool:
    """Tell whether the models take a value for true; anything that they refuse counts as false."""
    return value is True or (isinstance(value, str) and value.lower() in _TRUE) or whole(value) == 1


def setting_value(setting: Setting, said: Data) -> Any:  # noqa: ANN401 - text or number, as the setting's kind says
    """Return what the file says of a setting, or its default; None for what the models refuse."""
    value = said.get(setting.key, setting.default)
    if not isinstance(setting.kind, Duration | Size):
        return whole(value)
    try:
        return setting.kind.read(value)
    except ValueError:
        return None


def named(data: Data, key: str) -> list[tuple[Place, str]]:
    """Return place and value of each name in a list of mappings."""
    return [
        ((key, index, "name"), item["name"])
        for index, item in items(data, key)
        if isinstance(item.get("name"), str)
    ]


def names_of(data: Data, key: str) -> list[str] | None:
    """Return the names in a list of mappings; None if one has none: nobody can tell whose is missing."""
    names = [name for _, name in named(data, key)]
    return names if len(names) == len(list(values(data, key))) else None


def listed(names: list[str]) -> str:
    """Return names for people."""
    return ", ".join(names) if names else "there is none yet"


def ordering_type(data: Data) -> str:
    """Return the type of ordering, `raft` or `bft`."""
    return text(section(data, "ordering"), "type") or str(Ordering.model_fields["type"].default)


def indices(value: object) -> tuple[int, ...] | None:
    """Return the indices that a number or a list of them says; None for what the models refuse."""
    if not isinstance(value, list | tuple):
        count = whole(value)
        return indices_in(count) if count is not None and 0 <= count <= MOST_NODES else None
    found = [whole(each, -1) or 0 for each in value]
    if len(set(found)) < len(found) or not all(0 <= each <= LARGEST_INDEX for each in found):
        return None
    return tuple(sorted(found))


def orderer_indices(data: Data) -> tuple[int, ...] | None:
    """Return the indices of the ordering nodes; None if the file does not say, or names no known type."""
    said = section(data, "ordering").get("nodes")
    return indices(said if said is not None else DEFAULT_NODES.get(ordering_type(data)))


def orderer_organization(data: Data) -> str:
    """Name of the organization that runs the ordering nodes; empty if the file says no text."""
    name = section(data, "ordering", "organization").get("name", OrdererOrganization().name)
    return name if isinstance(name, str) else ""


@dataclass(frozen=True, kw_only=True)
class Party:
    """An entry under `organizations`, as far as it can be read."""

    index: int
    name: str
    msp_id: str
    external: bool
    peers: tuple[int, ...]
    """The indices of its peers here."""
    leaving: bool
    """True: no channel has it, whether it names it or not."""


def parties(data: Data) -> dict[str, Party]:
    """Return the members of an instance that have a name; of two with one name, the first."""
    found: dict[str, Party] = {}
    for index, item in items(data, "organizations"):
        name = text(item, "name")
        if not name or name in found:
            continue
        external = item.get("external") is not None
        definition = section(item, "external") if external else item
        msp_id = text(definition, "mspId") or default_msp_id(name, text(data, "name"))
        peers = () if external else indices(item.get("peers", DEFAULT_PEERS)) or indices_in(DEFAULT_PEERS)
        found[name] = Party(
            index=index,
            name=name,
            msp_id=msp_id,
            external=external,
            peers=peers,
            leaving=truth(item.get("leaving")),
        )
    return found


@dataclass(frozen=True, kw_only=True)
class Seat:
    """An entry under a channel's `organizations`: a name, or a mapping."""

    place: Place
    name: str
    said: Data
    """The mapping, empty for a name alone."""


def seats(channel: Data, index: int) -> list[Seat]:
    """Return the members of a channel that have a name, valid or not."""
    found = []
    for position, value in values(channel, "organizations"):
        place: Place = ("channels", index, "organizations", position)
        if isinstance(value, str):
            found.append(Seat(place=place, name=value, said={}))
        elif isinstance(value, Mapping) and text(value, "name"):
            # A name alone reads as itself, however it was written.
            at: Place = place if len(value) == 1 else (*place, "name")
            found.append(Seat(place=at, name=text(value, "name"), said=value))
    return found


def joining(seat: Seat, party: Party) -> tuple[int, ...]:
    """Return the indices of the peers that join a channel: all unless the file says which."""
    return indices(seat.said.get("peers")) or party.peers


Members = Mapping[str, tuple[Party, tuple[int, ...]]]
"""The members of a channel by name, each with the indices of the peers that join."""


def members_of(data: Data, channel: str) -> Members | None:
    """Return the members of a channel that stay, with the indices of the peers that join, by name.

    None if there is no such channel, or not every member is an organization of the file.
    """
    known = parties(data)
    for index, item in items(data, "channels"):
        if text(item, "name") == channel:
            sitting = seats(item, index)
            if len(sitting) < len(list(values(item, "organizations"))):
                return None
            if any(seat.name not in known for seat in sitting):
                return None
            return {
                seat.name: (known[seat.name], joining(seat, known[seat.name]))
                for seat in sitting
                if not known[seat.name].leaving
            }
    return None
