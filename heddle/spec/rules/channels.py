"""Check that members of channels are organizations of the file, and so many of their peers can join."""

from collections.abc import Iterator

from heddle.spec.indices import indices_in
from heddle.spec.problems import Problem
from heddle.spec.rules.reading import (
    Data,
    Party,
    Seat,
    items,
    joining,
    listed,
    names_of,
    parties,
    problem,
    seats,
    whole,
)

_ALL_EXTERNAL = "A channel of external organizations alone belongs into one of their stacks."
_ALL_LEAVE = "Who leaves is off the channel with this `up`: let another organization join it first."


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with the members of channels."""
    known = parties(data)
    names = names_of(data, "organizations")
    for index, channel in items(data, "channels"):
        sitting = seats(channel, index)
        seen: set[str] = set()
        for seat in sitting:
            if seat.name not in known:
                if names:
                    yield problem(seat.place, seat.name, f"an organization of this file: {listed(names)}")
            elif seat.name in seen:
                yield problem(seat.place, seat.name, "each organization once")
            else:
                yield from _peers(seat, known[seat.name])
            seen.add(seat.name)
        if seen and seen <= {name for name, party in known.items() if party.external or party.leaving}:
            yield problem(
                ("channels", index, "organizations"),
                sorted(seen),
                "at least one organization that is managed here and stays",
                _ALL_LEAVE if any(known[name].leaving for name in seen) else _ALL_EXTERNAL,
            )


def _peers(seat: Seat, party: Party) -> Iterator[Problem]:
    place = seat.place[:-1]
    if party.external:
        for key in ("peers", "anchorPeers"):
            if seat.said.get(key) is not None:
                step = "Its anchor peers are external.anchorPeers." if key == "anchorPeers" else ""
                allowed = f"nothing: {party.name} is external, its own people join its peers"
                yield problem((*place, key), seat.said[key], allowed, step)
        return
    join = [index for index in joining(seat, party) if index in party.peers]
    if len(join) < len(joining(seat, party)):
        yield problem((*place, "peers"), seat.said["peers"], _allowed(party), _step(seat, party))
    anchors = whole(seat.said.get("anchorPeers"), 0) or 0
    if anchors > len(join):
        allowed = f"at most {len(join)}: so many peers join"
        yield problem((*place, "anchorPeers"), seat.said["anchorPeers"], allowed)


def _allowed(party: Party) -> str:
    if party.peers == indices_in(len(party.peers)):
        return f"at most {len(party.peers)}: so many peers {party.name} has"
    return f"peers of {party.name}: {listed([str(index) for index in party.peers])}"


def _step(seat: Seat, party: Party) -> str:
    """Return what to write where a number means other peers than its author may think."""
    if isinstance(seat.said["peers"], list | tuple) or party.peers == indices_in(len(party.peers)):
        return ""
    return f"A number counts from peer 0; write the indices, as {list(party.peers)}."
