"""Keep the proof of a run among its artifacts: what holds, as JSON for programs, as HTML for people."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from heddle.render import proof_html
from heddle.runbooks.context import VARIABLE, load_context, write_artifact, write_report
from heddle.runbooks.scrubbing import Scrubber

__all__ = ["Promise", "Proof", "write_proof"]


@dataclass(frozen=True, kw_only=True)
class Promise:
    """Hold a promise on the state after a run. outcome: passed, failed, skipped; words: why it failed."""

    promise: str
    outcome: str
    seconds: float = 0
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Hold the promises that a run was tested for. at: when that was, in RFC 3339."""

    runbook: str
    stack: str
    at: str
    promises: tuple[Promise, ...]

    @property
    def passed(self) -> int:
        """Return how many promises hold."""
        return sum(each.outcome == "passed" for each in self.promises)

    @property
    def kept(self) -> bool:
        """Tell whether nothing failed, and something was tested."""
        return self.passed > 0 and not any(each.outcome == "failed" for each in self.promises)

    def plain(self) -> Mapping[str, Any]:
        """Return the proof as JSON has it."""
        return {**asdict(self), "kept": self.kept, "passed": self.passed}


def write_proof(runbook: str, at: str, promises: tuple[Promise, ...]) -> None:
    """Write `proof.json` and `proof.html` among the artifacts of the run that this process belongs to.

    Outside of a run there are none. What a failed test shows is others' words: what may be a secret goes.
    """
    if not os.environ.get(VARIABLE):
        return
    scrub = Scrubber()
    clean = tuple(Promise(**{**asdict(each), "words": scrub(each.words)}) for each in promises)
    proof = Proof(runbook=runbook, stack=load_context().stack, at=at, promises=clean)
    write_report("proof.json", proof.plain())
    write_artifact("proof.html", proof_html(**proof.plain()))
