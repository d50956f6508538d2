"""What a drill does beside the damage: look, follow commands, edit; one object, for which tests can stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from heddle.drills.alarms import Firing, read_firing
from heddle.drills.ground import Ground
from heddle.drills.model import Edits
from heddle.runbooks.following import Answer, Found, start_heddle, triage

__all__ = ["Hands", "OwnHands"]


class Hands(Protocol):
    """The ways by which a drill learns and acts."""

    async def firing(self) -> tuple[Firing, ...]:
        """Return the alarms that fire now."""

    async def triage(self) -> tuple[Found, ...]:
        """Return what `triage` finds, the most serious first."""

    async def run(self, command: Sequence[str]) -> Answer:
        """Run `heddle` with these arguments."""

    def edit(self, changes: Edits) -> None:
        """Change the stack file."""


@dataclass(frozen=True, kw_only=True)
class OwnHands:
    """Ask a real Prometheus, and run real commands. `prometheus`: its address; empty: there is none."""

    ground: Ground
    prometheus: str = ""

    async def firing(self) -> tuple[Firing, ...]:
        """Return the alarms that fire now; none where nobody evaluates them."""
        if not self.prometheus:
            return ()
        return await read_firing(self.prometheus, self.ground.namespace)

    async def triage(self) -> tuple[Found, ...]:
        """Return what `triage` finds, the most serious first."""
        return await triage(self.ground.stack, self.ground.folder)

    async def run(self, command: Sequence[str]) -> Answer:
        """Run `heddle` with these arguments in the project's folder."""
        return await start_heddle(command, self.ground.folder)

    def edit(self, changes: Edits) -> None:
        """Change the stack file."""
        self.ground.edit(changes)
