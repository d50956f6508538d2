"""Measure operations of day two under a client's load: how long each takes, and its longest pause.

Each is an edit of the stack file and an `up`, on a network that a client writes to every 100 ms
(`tests/e2e/load.py`). To add one is to add it to OPERATIONS. `python -m bench operations/NAME` measures one.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bench.figures import Figure
from bench.place import CLUSTER, Place
from tests.e2e.load import Report, load
from tests.e2e.project import Project

__all__ = ["NETWORKS", "OPERATIONS", "Operation", "measure"]

_GOAL: Final = 5.0
"""Seconds without a commit that people do not notice."""
_AFTER: Final = 5.0
"""Seconds for which the load goes on: the last step's effect is measured, too."""
_UP: Final = ("heddle", "up", CLUSTER, "--yes", "--skip-preview")

Edits = Mapping[tuple[str | int, ...], Any]
"""Values of `fabric:instance` by their path in the stack file."""

_RAFT: Final[Edits] = {
    ("name",): "operations-raft",
    ("publicAddress",): "none",
    ("ordering",): {"type": "raft", "nodes": 3, "batch": {"timeout": "200ms"}},
    ("organizations",): [{"name": name, "peers": 2} for name in ("north", "south")],
    ("channels", 0, "organizations"): ["north", "south"],
    ("chaincodes", 0, "endorsement"): "all",
}
NETWORKS: Final[Mapping[str, Edits]] = {
    "Raft": _RAFT,
    "BFT": {**_RAFT, ("name",): "operations-bft", ("ordering",): {"type": "bft", "nodes": 4}},
}
"""The networks that operations run on, as edits of the stack `dev`: two organizations with two peers each."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """Describe an operation.

    name: one word, by which it is measured alone.
    what: for people.
    network: on which of NETWORKS it runs. Operations of a network run in their order, each after the other.
    edits: what changes in the stack file.
    commands: what is run then; one after the other, all of them under load.
    """

    name: str
    what: str
    network: str
    edits: Edits = field(default_factory=dict)
    commands: Sequence[Sequence[str]] = (_UP,)


def _spoken(words: str) -> Edits:
    """Return an edit that gives all nodes another environment, which restarts each, as a new image does."""
    variables = {"environment": {"FABRIC_LOGGING_SPEC": words}}
    return {("nodes",): {"orderer": variables, "peer": variables}}


OPERATIONS: Final[Sequence[Operation]] = (
    Operation(
        name="renewal",
        what="all certificates are renewed",
        network="Raft",
        edits={("certificates",): {"renewal": 1}},
    ),
    Operation(
        name="restart",
        what="all nodes restart",
        network="Raft",
        edits=_spoken("info:gossip=warning"),
    ),
    Operation(
        name="chaincode-server",
        what="chaincode servers are replaced",
        network="Raft",
        edits={("chaincodes", 0, "environment"): {"ROUND": "1"}},
    ),
    Operation(
        name="chaincode-upgrade",
        what="a chaincode is upgraded",
        network="Raft",
        edits={("chaincodes", 0, "version"): "2.0", ("chaincodes", 0, "sequence"): 2},
    ),
    Operation(
        name="five-orderers",
        what="3 → 5 orderers",
        network="Raft",
        edits={("ordering", "nodes"): 5},
    ),
    Operation(
        name="three-orderers",
        what="5 → 3 orderers",
        network="Raft",
        edits={("ordering", "nodes"): 3},
    ),
    Operation(
        name="third-peer",
        what="a third peer joins",
        network="Raft",
        edits={("organizations", 0, "peers"): 3},
    ),
    Operation(
        name="bft-renewal",
        what="all certificates are renewed",
        network="BFT",
        edits={("certificates",): {"renewal": 1}},
    ),
    Operation(
        name="bft-restart",
        what="all nodes restart",
        network="BFT",
        edits=_spoken("info:gossip=warning"),
    ),
    Operation(
        name="bft-five-orderers",
        what="4 → 5 orderers",
        network="BFT",
        edits={("ordering", "nodes"): 5},
    ),
)


def measure(place: Place, only: Collection[str] = ()) -> Iterator[Figure]:
    """Run the operations of each network, or those that are named; remove the network in the end."""
    for network, edits in NETWORKS.items():
        chosen = [each for each in OPERATIONS if each.network == network and (not only or each.name in only)]
        if not chosen:
            continue
        _edit(place.project, edits)
        place.timed(*_UP)
        for operation in chosen:
            yield from _measured(place, operation)
        place.timed("heddle", "destroy", CLUSTER, "--yes")
        place.forget()


def _measured(place: Place, operation: Operation) -> Iterator[Figure]:
    what = f"{operation.network}: {operation.what}"
    _edit(place.project, operation.edits)
    with load(place.project) as client:
        seconds = sum(place.timed(*command) for command in operation.commands)
        time.sleep(_AFTER)
    yield Figure(what=what, on=place.nodes, value=seconds)
    yield from _figures(place.nodes, client.report)


def _figures(nodes: str, report: Report) -> Iterator[Figure]:
    yield Figure(what="… longest pause", on=nodes, value=report.pause, goal=f"{_GOAL:.0f} s")
    counts = {"lost": report.lost, "doubled": report.doubled, "given up": report.failed}
    unit = f"of {report.sent} transactions"
    for word, names in counts.items():
        yield Figure(what=f"… {word}", on=nodes, value=len(names), unit=unit, goal="0")


def _edit(project: Project, edits: Edits) -> None:
    for path, value in edits.items():
        project.edit(*path, value=value)
