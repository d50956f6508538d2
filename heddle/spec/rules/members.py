"""Check whether an instance is private or a consortium, and its members managed or external."""

from collections.abc import Iterator

from heddle.spec.problems import MISSING, Problem
from heddle.spec.rules.reading import Data, items, problem

_NOT_EXTERNAL = {
    "mspId": "The MSP id is external.mspId.",
    "peers": "",
    "ports": "",
    "leaving": "Nothing of it is protected here: take it off the channels and out of the file at once.",
}
"""Keys that an external organization does not have, and what to do instead."""


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with the organizations of the instance."""
    consortium = data.get("type") == "consortium"
    if consortium and not data.get("domain"):
        step = "Name a domain of yours; the names of the nodes go on the ledger beneath it."
        allowed = "it is required in a consortium: others must resolve the nodes' names"
        yield problem(("domain",), data.get("domain") or MISSING, allowed, step)
    for index, item in items(data, "organizations"):
        if item.get("external") is None:
            continue
        if not consortium:
            yield problem(
                ("organizations", index, "external"),
                item["external"],
                "external organizations only in a consortium",
                "Set type: consortium, or take the organization out.",
            )
        for key, step in _NOT_EXTERNAL.items():
            if item.get(key) is not None:
                allowed = "not with external: its peers are run elsewhere"
                yield problem(("organizations", index, key), item[key], allowed, step)
