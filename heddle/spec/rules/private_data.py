"""Private-data collections: who holds the data, and how many copies there can be.

Source: core/chaincode/lifecycle/scc.go validateCollectionConfigs (Fabric 3.1.5), which refuses the same.
"""

from collections.abc import Iterator, Mapping

from heddle.settings import CollectionTerms, settings_of
from heddle.spec.problems import MISSING, Problem
from heddle.spec.rules.chaincodes import channels_of, inherited, is_expression, msp_ids_of
from heddle.spec.rules.expressions import broken_expression, msp_ids_in, strangers_in
from heddle.spec.rules.naming import repeated
from heddle.spec.rules.reading import (
    Data,
    Members,
    Place,
    items,
    listed,
    members_of,
    problem,
    setting_value,
    text,
    values,
)

_TERMS = {each.key: each for each in settings_of(CollectionTerms)}


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with collections: where the file says them, and on each channel that they count for."""
    for index, chaincode in items(data, "chaincodes"):
        yield from _said(data, chaincode, ("chaincodes", index), text(chaincode, "channel"))
        for each in channels_of(chaincode, index):
            if each.inherits("collections"):
                for number, collection in items(chaincode, "collections"):
                    place = (*each.place_of("collections"), number)
                    yield from inherited(_on_channel(collection, place, data, each.channel))
            elif each.said is not chaincode:
                yield from _said(data, each.said, each.place, each.channel)


def _said(data: Data, owner: Data, at: Place, channel: str) -> Iterator[Problem]:
    """Yield problems with the collections that the file says at a place, for a channel."""
    names: list[tuple[Place, str]] = []
    for number, collection in items(owner, "collections"):
        place: Place = (*at, "collections", number)
        if text(collection, "name"):
            names.append(((*place, "name"), text(collection, "name")))
        yield from _holders(collection, place)
        yield from _counts(collection, place)
        yield from _on_channel(collection, place, data, channel)
    yield from repeated(names, "collection of the chaincode")


def _holders(collection: Data, place: Place) -> Iterator[Problem]:
    organizations, policy = collection.get("organizations"), collection.get("policy")
    if organizations is None and policy is None:
        step = "Or policy: an expression of MSP ids."
        yield problem((*place, "organizations"), MISSING, "it is required: whose peers hold the data", step)
    if organizations is not None and policy is not None:
        yield problem((*place, "policy"), policy, "either organizations or policy, not both")
    if isinstance(policy, str):
        yield from broken_expression((*place, "policy"), policy, None, only_or=True)
    endorsement = text(collection, "endorsementPolicy")
    if is_expression(endorsement):
        yield from broken_expression((*place, "endorsementPolicy"), endorsement, None)


def _on_channel(collection: Data, place: Place, data: Data, channel: str) -> Iterator[Problem]:
    """Yield problems with who holds and who endorses on a channel, and with how many copies there can be."""
    members, msp_ids = members_of(data, channel), msp_ids_of(data, channel)
    for position, name in values(collection, "organizations"):
        if members is not None and isinstance(name, str) and name not in members:
            allowed = f"an organization of channel {channel}: {listed(list(members))}"
            yield problem((*place, "organizations", position), name, allowed)
    for key in ("policy", "endorsementPolicy"):
        if is_expression(text(collection, key)):
            yield from strangers_in((*place, key), text(collection, key), msp_ids)
    yield from _copies(collection, place, members or {})


def _counts(collection: Data, place: Place) -> Iterator[Problem]:
    required, most = (setting_value(_TERMS[key], collection) for key in ("requiredPeerCount", "maxPeerCount"))
    if required is not None and most is not None and most < required:
        shown = collection.get("maxPeerCount", most)
        yield problem((*place, "maxPeerCount"), shown, f"at least requiredPeerCount, which is {required}")


def _copies(collection: Data, place: Place, members: Members) -> Iterator[Problem]:
    """Yield a problem where more copies are required than other peers can hold."""
    holders = _named_holders(collection, {party.msp_id: name for name, (party, _) in members.items()})
    if not holders or any(name not in members for name in holders):
        return
    # How many peers an external organization has is not known here.
    if any(members[name][0].external for name in holders):
        return
    others = sum(len(joined) for _, joined in (members[name] for name in holders)) - 1
    required = setting_value(_TERMS["requiredPeerCount"], collection)
    if required is not None and required > others:
        yield problem(
            (*place, "requiredPeerCount"),
            required,
            f"at most {others}: so many other peers of these organizations are on the channel",
            "With more, no transaction is endorsed.",
        )


def _named_holders(collection: Data, name_of: Mapping[str, str]) -> set[str]:
    """Return the organizations that hold the data; `name_of` are the members by their MSP ids."""
    names = {name for _, name in values(collection, "organizations") if isinstance(name, str)}
    policy = text(collection, "policy")
    return names or {name_of.get(msp_id, msp_id) for msp_id in (msp_ids_in(policy) if policy else ())}
