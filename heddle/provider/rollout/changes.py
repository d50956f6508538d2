"""Tell which nodes of a set restart because their template has another revision."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from heddle.planner.peers import peer_pauses
from heddle.plugin.values import has_unknown
from heddle.text import are, counted, part_of

__all__ = ["RevisionChanges"]

_FEWEST = 3
"""Orderers of which one may be away."""


@dataclass(frozen=True, kw_only=True)
class RevisionChanges:
    """Name the nodes of a set whose revision differs from that in the state, sorted.

    inputs: of the Rollout; its revisions are known, but for single ones.
    restarts: nodes that exist and get another revision.
    doubtful: nodes that exist and may: theirs is known after apply.
    new: nodes that do not exist yet.
    """

    inputs: Mapping[str, Any]
    restarts: tuple[str, ...]
    doubtful: tuple[str, ...]
    new: tuple[str, ...]

    @classmethod
    def of(cls, inputs: Mapping[str, Any], olds: Mapping[str, Any]) -> "RevisionChanges":
        """Return the changes between the old inputs of a Rollout and its new ones."""
        revisions, old = inputs["revisions"], olds.get("revisions", {})
        unknown = sorted(name for name, revision in revisions.items() if has_unknown(revision))
        return cls(
            inputs=inputs,
            restarts=tuple(
                name
                for name, revision in sorted(revisions.items())
                if name in old and name not in unknown and old[name] != revision
            ),
            doubtful=tuple(name for name in unknown if name in old),
            new=tuple(sorted(revisions.keys() - old.keys())),
        )

    def __bool__(self) -> bool:
        return bool(self.restarts or self.doubtful or self.new)

    @property
    def restarting(self) -> list[str]:
        """Return the nodes that restart, or may."""
        return [*self.restarts, *self.doubtful]

    def summary(self) -> str:
        """Return in a line how many nodes restart, or how many new ones are waited for."""
        kind, count, most = self.inputs["kind"], len(self.inputs["revisions"]), len(self.restarting)
        if not most:
            return f"wait until {counted(len(self.new), f'new {kind}')} {are(len(self.new))} ready"
        singly = ", one at a time" if most > 1 else ""
        if not self.doubtful:
            return f"restart {part_of(most, count, kind)}{singly}"
        least = f"{len(self.restarts)} to" if self.restarts else "up to"
        return f"restart {least} {part_of(most, count, kind)}{singly}"

    def lines(self) -> Iterator[str]:
        """Yield a line for each node that restarts or may, then what stands still meanwhile."""
        yield from self.restarts
        yield from (f"{name}: known after apply" for name in self.doubtful)
        yield from self._pauses()

    def _pauses(self) -> list[str]:
        """Return what stands still during the restarts, where too few nodes are left; else nothing."""
        inputs = self.inputs
        if not self.restarting:
            return []
        nodes = inputs["nodes"] if isinstance(inputs["nodes"], list) else []
        running = {node["name"]: node["mspId"] for node in nodes if node["name"] not in self.new}
        if inputs["kind"] == "peer":
            return peer_pauses(self.restarting, running, inputs.get("memberships") or {})
        if len(running) < _FEWEST:
            words = f"with {len(running)} of them channels wait until it is back"
            return [f"{words}: only with {_FEWEST} or more do they not"]
        return []
