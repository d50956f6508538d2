"""Measure incidents: the times to the alarm and to the recovery, by `heddle drill all`.

Rules wait as long as in operation, so that this takes some five minutes for each incident.
"""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

from bench.figures import Figure
from bench.place import CLUSTER, Place

__all__ = ["measure"]

_PROGRAM: Final = "prometheus"
_SECONDS: Final = 2 * 3600.0
_TIMES: Final[Mapping[str, str]] = {
    "to_alarm": "time to alarm",
    "to_recovery": "time to recovery",
    "pause": "longest pause",
}


def measure(place: Place) -> Iterator[Figure]:
    """Rehearse all incidents that the stack which ships can show; nothing where there is no Prometheus."""
    if shutil.which(_PROGRAM) is None:
        print(f"drills: left out, no {_PROGRAM} on PATH (Debian: {_PROGRAM})", file=sys.stderr)
        return
    project, out = place.project, place.project.folder / "drills.json"
    project.edit("publicAddress", value="none")
    place.timed("heddle", "up", CLUSTER, "--yes")
    words = ("heddle", "drill", "all", "--stack", CLUSTER, "--yes", "--out", str(out))
    ended = project.run(*words, timeout=_SECONDS)
    if not out.exists():
        raise RuntimeError(f"{' '.join(words)} ended with {ended.code}: {ended.output}")
    for result in json.loads(out.read_text())["drills"]:
        yield from _figures(place.nodes, result)
    place.timed("heddle", "destroy", CLUSTER, "--yes")
    place.forget()


def _figures(nodes: str, result: Mapping[str, Any]) -> Iterator[Figure]:
    if result["outcome"] == "not shown":
        return
    what = f"{result['drill']}: {result['outcome']}"
    for name, words in _TIMES.items():
        if result[name] is not None:
            yield Figure(what=f"{what}, {words}", on=nodes, value=result[name])
            what = "…"
    unit = f"of {result['sent']} transactions"
    yield Figure(
        what="… lost or twice", on=nodes, value=result["lost"] + result["doubled"], unit=unit, goal="0"
    )
    yield Figure(what="… given up", on=nodes, value=result["failed"], unit=unit)
