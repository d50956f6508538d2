"""Check that names and MSP ids are unique."""

from collections.abc import Iterator

from heddle.spec.defaults import default_msp_id
from heddle.spec.problems import Problem, path_of
from heddle.spec.rules.reading import Data, Place, items, named, orderer_organization, problem, section, text


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with names."""
    yield from _names(data)
    # Equal names make equal default ids, and would be reported twice.
    if not any(_names(data)):
        yield from repeated(_msp_ids(data), "organization", "an MSP id")


def repeated(entries: list[tuple[Place, str]], what: str, thing: str = "a name") -> Iterator[Problem]:
    """Yield a problem for every entry that repeats an earlier one."""
    first: dict[str, Place] = {}
    for place, name in entries:
        if name in first:
            yield problem(place, name, f"{thing} that no other {what} has; {path_of(first[name])} has it too")
        first.setdefault(name, place)


def _names(data: Data) -> Iterator[Problem]:
    orderer: Place = ("ordering", "organization", "name")
    organizations = [(orderer, orderer_organization(data)), *named(data, "organizations")]
    yield from repeated(organizations, "organization")
    yield from repeated(named(data, "channels"), "channel")
    yield from repeated(named(data, "chaincodes"), "chaincode")
    yield from _meeting(data)


def _meeting(data: Data) -> Iterator[Problem]:
    """Yield chaincodes that are one name with an organization: a-b of c and a of b-c would be the same."""
    first: dict[str, tuple[str, str]] = {}
    organizations = [name for _, name in named(data, "organizations")]
    for place, name in named(data, "chaincodes"):
        for organization in organizations:
            other, its = first.setdefault(f"{name}-{organization}", (name, organization))
            if other != name:
                allowed = f"a name that with {organization} is not that of chaincode {other} with {its}"
                yield problem(place, name, allowed, "What is made for both would have one name in the state.")


def _msp_ids(data: Data) -> list[tuple[Place, str]]:
    instance = text(data, "name")
    orderer = text(section(data, "ordering", "organization"), "mspId")
    found: list[tuple[Place, str]] = [
        (
            ("ordering", "organization", "mspId"),
            orderer or default_msp_id(orderer_organization(data), instance),
        )
    ]
    for index, item in items(data, "organizations"):
        place: Place = ("organizations", index)
        if item.get("external") is not None:
            if text(section(item, "external"), "mspId"):
                found.append(((*place, "external", "mspId"), text(section(item, "external"), "mspId")))
        elif text(item, "name"):
            msp_id = text(item, "mspId") or default_msp_id(text(item, "name"), instance)
            found.append(((*place, "mspId"), msp_id))
    return found
