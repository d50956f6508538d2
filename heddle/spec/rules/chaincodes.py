"""Chaincodes: their channel, their endorsers, their environment."""

from collections.abc import Iterator

from heddle.spec.policies import Endorsement
from heddle.spec.problems import Problem
from heddle.spec.rules.expressions import broken_expression
from heddle.spec.rules.reading import Data, Place, items, listed, members_of, names_of, problem, section, text

_RESERVED = ("CHAINCODE_", "CORE_")
"""Beginnings of variables that Heddle sets itself, by the language."""


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with chaincodes, their collections apart."""
    channels = names_of(data, "channels")
    for index, chaincode in items(data, "chaincodes"):
        channel = chaincode.get("channel")
        if channels is not None and isinstance(channel, str) and channel not in channels:
            allowed = f"a channel of this file: {listed(channels)}"
            yield problem(("chaincodes", index, "channel"), channel, allowed)
        endorsement = text(chaincode, "endorsement")
        if is_expression(endorsement):
            place = ("chaincodes", index, "endorsement")
            yield from broken_expression(place, endorsement, msp_ids_of(data, chaincode))
        for key in ("environment", "secretEnvironment"):
            yield from _variables(("chaincodes", index, key), section(chaincode, key))
        plain = section(chaincode, "environment")
        for name in (each for each in section(chaincode, "secretEnvironment") if each in plain):
            both = ("chaincodes", index, "secretEnvironment", name)
            yield problem(both, name, "in environment or in secretEnvironment, not in both")


def _variables(place: Place, variables: Data) -> Iterator[Problem]:
    for name, value in variables.items():
        if str(name).startswith(_RESERVED):
            allowed = "names that do not begin with CHAINCODE_ or CORE_: Heddle sets those"
            yield problem((*place, name), value, allowed)


def is_expression(policy: str) -> bool:
    """Tell whether a rule looks like an expression: neither a word nor the path of a channel policy."""
    return "(" in policy and not policy.startswith("/") and policy not in set(Endorsement)


def msp_ids_of(data: Data, chaincode: Data) -> list[str] | None:
    """Return the MSP ids of the members of a chaincode's channel; None if it or they are not known."""
    members = members_of(data, text(chaincode, "channel"))
    return [party.msp_id for party, _ in members.values()] if members else None
