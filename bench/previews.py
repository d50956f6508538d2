"""Measure how a preview grows with the network: organizations of four peers, ten on a channel, no chaincode.

On an empty cluster everything is to be created, on a populated one nothing is to be done.
Pulumi's CLI runs the same program beside it, where it is on PATH.
"""

import os
import shutil
from collections.abc import Iterator

import yaml

from bench.figures import Figure
from bench.place import CLUSTER, Place

__all__ = ["measure"]

PEERS = 4
SIZES = (10, 40, 100)
_TOGETHER = 10
"""Organizations on a channel: gossip of 160 peers with each other is more than a small machine can do."""
_LARGE = 40
POPULATED = _LARGE if (os.cpu_count() or 1) >= 16 else 10
"""Organizations of the network that is brought up. 163 pods fit one machine, but 160 peers that start and
gossip keep two processors busy for more than ten minutes."""


def measure(place: Place) -> Iterator[Figure]:
    """Time previews of each size on an empty cluster, then of one that is up."""
    for organizations in SIZES:
        _write(place, organizations)
        yield _preview(place, organizations, "on an empty cluster")
    _write(place, POPULATED)
    up = place.timed("heddle", "up", CLUSTER, "--skip-preview", timeout=3600)
    yield Figure(what=f"up of {_size(POPULATED)}", on=place.nodes, value=up)
    yield _preview(place, POPULATED, "on a populated cluster", "--expect-no-changes")
    state = next(place.project.folder.glob(f"state/.pulumi/stacks/*/{CLUSTER}.json"))
    megabytes = state.stat().st_size / 1e6
    yield Figure(what=f"state of {_size(POPULATED)}", on=place.nodes, value=megabytes, unit="MB")
    place.timed("heddle", "destroy", CLUSTER, "--skip-preview", timeout=3600)


def _preview(place: Place, organizations: int, where: str, *more: str) -> Figure:
    expect = [option for option in more if option.startswith("--expect")]
    theirs = None
    if shutil.which("pulumi"):
        place.project.run("pulumi", "stack", "select", "--create", CLUSTER)
        theirs = place.timed("pulumi", "preview", "--stack", CLUSTER, "--non-interactive", *expect)
    return Figure(
        what=f"preview of {_size(organizations)} {where}",
        on=place.nodes,
        value=place.timed("heddle", "preview", CLUSTER, *expect),
        peer=theirs,
        peer_name="pulumi preview",
        goal="10 s" if organizations == _LARGE else "",
    )


def _write(place: Place, organizations: int) -> None:
    """Make the stack file of a network of so many organizations."""
    file = place.project.stack_file
    content = yaml.safe_load(file.read_text())
    names = [f"org{number}" for number in range(organizations)]
    instance = content["config"]["fabric:instance"]
    instance["organizations"] = [{"name": name, "peers": PEERS} for name in names]
    instance["channels"] = [
        {"name": f"channel{first}", "organizations": names[first : first + _TOGETHER]}
        for first in range(0, organizations, _TOGETHER)
    ]
    instance.pop("chaincodes", None)
    # By default a peer asks for a tenth of a processor; all of them together for more than one machine has.
    instance["nodes"] = {"peer": {"resources": {"requests": {"cpu": "5m", "memory": "16Mi"}}}}
    file.write_text(yaml.safe_dump(content, sort_keys=False))


def _size(organizations: int) -> str:
    return f"{organizations} organizations × {PEERS} peers"
