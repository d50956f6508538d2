"""Wait until an incident is over, and keep what must be as before: other pods, and every ledger's height."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from heddle.errors import RunbookError
from heddle.fabric.connection import Connections
from heddle.kube.client import KubeClient
from heddle.planner.looks import Facts
from heddle.planner.responses import open_findings
from heddle.planner.responses.model import Closer
from heddle.planner.responses.pods import ended_again
from heddle.planner.triage import Finding
from heddle.runbooks.context import Context
from heddle.runbooks.triagefacts import look
from heddle.waiting import Deadline

__all__ = ["Before", "wait_until_over"]

_ANSWER = 10.0
_AGAIN = 3.0
"""Seconds between two looks: what was mended must last, since a container that ends at once has run, too."""


@dataclass(frozen=True, kw_only=True)
class Before:
    """Hold what was there before a runbook acted: pods by name with their uid and restarts, and heights."""

    pods: Mapping[str, str]
    heights: Mapping[str, Mapping[str, int]]

    @classmethod
    def of(cls, facts: Facts, closer: Closer) -> "Before":
        """Return it as the facts say."""
        return cls(
            pods={each.name: f"{each.uid} {each.restarts}" for each in closer.pods.values()},
            heights={each.name: dict(each.heights) for each in facts.nodes if each.heights},
        )

    def plain(self) -> dict[str, Any]:
        """Return it as plain data, which Ansible can hold."""
        return asdict(self)


async def wait_until_over(
    context: Context,
    cluster: KubeClient,
    connections: Connections,
    runbook: str,
    about: Sequence[str],
    *,
    deleted: Collection[str],
    patience: float,
) -> list[str]:
    """Wait until nothing is wrong any more with what a runbook acted on, twice in a row.

    deleted: the pods that it deleted. Raises RunbookError with what still is wrong when `patience` seconds
    are over, and at once where a new pod ends again and again.
    """
    clock, quiet = Deadline(patience), 0
    while True:
        facts = await look(context, cluster, connections, patience=_ANSWER)
        if needs := ended_again(facts, about, deleted):
            raise RunbookError(f"{runbook}: a new pod did not help", hint="\n".join(needs))
        left = open_findings(runbook, facts, about)
        quiet = 0 if left else quiet + 1
        if quiet == 2:
            return [f"{', '.join(about)}: well again"]
        if clock.passed():
            raise RunbookError(_still_wrong(runbook, left, patience), hint="Run it again: it looks first.")
        await asyncio.sleep(_AGAIN)  # nothing tells of all facts at once, so they are asked again


def _still_wrong(runbook: str, left: Sequence[Finding], patience: float) -> str:
    lines = [f"{each.about}: {each.words}" for each in left] or ["it was well only for a moment"]
    return f"{runbook}: after {patience:.0f} s:\n  " + "\n  ".join(lines)
