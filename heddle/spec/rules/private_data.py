"""Check private-data collections: who holds the data, and how many copies there can be.

Source: core/chaincode/lifecycle/scc.go validateCollectionConfigs (Fabric 3.1.5), which refuses the same.
"""

from collections.abc import Iterator, Mapping

from heddle.settings import CollectionTerms, settings_of
from heddle.spec.problems import MISSING, Problem
from heddle.spec.rules.chaincodes import channels_of, inherited, is_expression, peers_of
from heddle.spec.rules.expressions import (
    broken_expression,
    endorsable,
    msp_ids_in,
    roles_in,
    strangers_in,
)
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
    truth,
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
        yield from broken_expression((*place, "policy"), policy, only_or=True)
        yield from _roles(collection, place, roles_in(policy))
    endorsement = text(collection, "endorsementPolicy")
    if is_expression(endorsement):
        yield from broken_expression((*place, "endorsementPolicy"), endorsement)


def _roles(collection: Data, place: Place, roles: set[str]) -> Iterator[Problem]:
    """Yield a problem with roles that leave the data to nobody.

    Peers hold what they are members of, and clients of members alone may read and write (Fabric 3.1.5:
    gossip/privdata/distributor.go, core/common/privdata/store.go).
    """
    at, found = (*place, "policy"), collection["policy"]
    if roles and not roles & {"member", "peer"}:
        step = "With client, admin or orderer alone no peer would get the data."
        yield problem(at, found, "the role member, or peer", step)
    closed = [key for key in ("memberOnlyRead", "memberOnlyWrite") if truth(collection.get(key, True))]
    if roles and closed and not roles - {"peer", "orderer"}:
        step = f"With {closed[0]} no client could use the data. Write member, or say {closed[0]}: false."
        yield problem(at, found, "the role member, or another that clients have", step)


def _on_channel(collection: Data, place: Place, data: Data, channel: str) -> Iterator[Problem]:
    """Yield problems with who holds and who endorses on a channel, and with how many copies there can be."""
    members, peers = members_of(data, channel), peers_of(data, channel)
    for position, name in values(collection, "organizations"):
        if members is not None and isinstance(name, str) and name not in members:
            allowed = f"an organization of channel {channel}: {listed(list(members))}"
            yield problem((*place, "organizations", position), name, allowed)
    if is_expression(text(collection, "policy")):
        yield from strangers_in((*place, "policy"), text(collection, "policy"), peers)
    if is_expression(text(collection, "endorsementPolicy")):
        yield from endorsable((*place, "endorsementPolicy"), text(collection, "endorsementPolicy"), peers)
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
