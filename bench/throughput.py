"""Measure committed transactions a second: Heddle's settings against upstream's sample files.

The same network on the same cluster, rolled from one to the other and back: both meet the same machine.
Chaincode and clients are small Go programs: those in Python would be measured instead of the nodes.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import yaml

from bench.figures import Figure
from bench.place import CLUSTER, Place
from heddle.images.archive import File, Image, write_image

__all__ = ["measure"]

_HERE = Path(__file__).parent
_IMAGE = "localhost/heddle/bench-chaincode:1"
_TRANSACTIONS, _WORKERS, _ROUNDS = 6000, 600, 3
_SAMPLE = {
    "peer": {"FABRIC_LOGGING_SPEC": "info", "GOGC": "100", "CORE_METRICS_PROVIDER": "disabled"},
    "orderer": {"FABRIC_LOGGING_SPEC": "info", "GOGC": "100", "ORDERER_METRICS_PROVIDER": "disabled"},
}
"""Where upstream's sample files, and a node without variables, differ from what Heddle renders and sets."""


def measure(place: Place) -> Iterator[Figure]:
    """Load networks of both settings in turn; the figure is the median of the rounds."""
    with tempfile.TemporaryDirectory(prefix="heddle-bench-") as name:
        folder = Path(name)
        load = _built(_HERE / "load", folder / "load")
        _load_chaincode(place, folder)
        ours: list[float] = []
        theirs: list[float] = []
        for turn in range(_ROUNDS):
            for results, variables in ((ours, {}), (theirs, _SAMPLE)):
                _write(place, variables)
                place.timed("heddle", "up", CLUSTER, "--skip-preview")
                results.append(_rate(place, load, folder / "client", f"{turn}-{len(variables)}"))
    place.timed("heddle", "destroy", CLUSTER, "--skip-preview")
    yield Figure(
        what=f"throughput, {_WORKERS} clients",
        on=place.nodes,
        value=median(ours),
        unit="transactions/s",
        peer=median(theirs),
        peer_name="sample files",
        goal="1.2 times",
    )


def _built(source: Path, target: Path) -> Path:
    """Build a static program of a Go module."""
    subprocess.run(
        ["go", "build", "-C", str(source), "-o", str(target), "."],
        env=os.environ | {"CGO_ENABLED": "0"},
        check=True,
        timeout=600,
    )
    return target


def _load_chaincode(place: Place, folder: Path) -> None:
    program = _built(_HERE / "chaincode", folder / "chaincode")
    image = Image(
        name=_IMAGE,
        layers=((File(path="/chaincode", content=program, mode=0o755),),),
        entrypoint=("/chaincode",),
        user="1000:1000",
    )
    write_image(image, folder / "chaincode.tar")
    place.project.ok("heddle", "cluster", "load", str(folder / "chaincode.tar"), "--name", CLUSTER)


def _write(place: Place, variables: dict[str, dict[str, str]]) -> None:
    """Make the stack file of a network with the Go chaincode and these variables."""
    file = place.project.stack_file
    content = yaml.safe_load(file.read_text())
    instance = content["config"]["fabric:instance"]
    instance["organizations"] = [{"name": "organization", "peers": 2}]
    instance["channels"] = [{"name": "channel", "organizations": ["organization"]}]
    instance["chaincodes"] = [
        {
            "name": "load",
            "version": "1",
            "channel": "channel",
            "image": _IMAGE,
            "language": "go",
            "endorsement": "any",
        }
    ]
    instance["nodes"] = {kind: {"environment": own} for kind, own in variables.items()}
    file.write_text(yaml.safe_dump(content, sort_keys=False))


def _rate(place: Place, load: Path, client: Path, prefix: str) -> float:
    """Return transactions a second, after some that do not count."""
    who = ("--org", "organization", "--user", "user")
    place.project.ok("heddle", "sdk-config", CLUSTER, *who, "--out", str(client))
    for count, workers, name in ((100, 10, f"warm-{prefix}"), (_TRANSACTIONS, _WORKERS, prefix)):
        command = (str(load), str(client), str(count), str(workers), name)
        # What the program says of a failure is for the person who runs the benchmark.
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=600)
    return _TRANSACTIONS / float(json.loads(done.stdout))
