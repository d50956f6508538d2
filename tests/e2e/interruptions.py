"""Operations that are killed at a write: how each is made wanted, as often as one likes, on one network."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from heddle.embedded.fabric.release import RELEASE
from tests.e2e.project import Project
from tests.failpoints import Failpoints

__all__ = ["LENGTHY", "OPERATIONS", "PHASES", "UP", "Interrupted", "killed_and_finished", "operations"]

DOMAIN = "fabric-killed.svc.heddle.test"
"""The local cluster answers for it."""
PORTS = {"orderer": 30450, "organization": 30460}
UP = ("up", "--yes", "--skip-preview")
PHASES = ("trusted", "issuing", "retired")
"""Of an exchange of authorities, in their order."""


@dataclass(frozen=True, kw_only=True)
class Interrupted:
    """Describe an operation.

    edit: makes it wanted, each time anew. writes: it takes about so many or more, on stand-ins.
    """

    edit: Callable[[], None]
    writes: int


def operations(stack: Project) -> Mapping[str, Interrupted]:
    """Return the operations on a network of three orderers, one organization and the sample chaincode."""
    edits = _Edits(stack)
    return {
        name: Interrupted(edit=getattr(edits, name), writes=writes) for name, writes in OPERATIONS.items()
    }


OPERATIONS = {
    "growth": 30,
    "removal": 20,
    "renewal": 45,
    "exchange": 30,
    "release": 30,
    "chaincode": 25,
    "settings": 8,
    "capability": 10,
    "move": 60,
    "departure": 40,
}


LENGTHY = ("exchange", "move", "departure")
"""Operations that take runs of their own before each kill, or a phase each: for those who ask for them."""


class _Edits:
    def __init__(self, stack: Project) -> None:
        self._stack = stack
        self._numbers: dict[str, Iterator[int]] = {name: count(1) for name in OPERATIONS}

    def growth(self) -> None:
        """Have a fourth orderer join, once the network has three again."""
        self._with_orderers(3)
        self._stack.edit("ordering", "nodes", value=4)

    def removal(self) -> None:
        """Have the fourth orderer leave, once there is one."""
        self._with_orderers(4)
        self._stack.edit("ordering", "nodes", value=3)

    def renewal(self) -> None:
        """Make all certificates anew; all nodes restart for it."""
        self._certify(renewal=self._next("renewal"))

    def exchange(self) -> None:
        """Come to the next phase of the orderers' next authorities; all orderers restart for it."""
        generation, phase = divmod(self._next("exchange") - 1, len(PHASES))
        entry = {"generation": 2 + generation, "phase": PHASES[phase]}
        self._certify(authorities={"orderer": entry})

    def release(self) -> None:
        """Have all nodes run another release."""
        release = f"v3.1.{3 + self._next('release') % 2}"
        said = {"environment": {RELEASE: release}}
        self._stack.edit("nodes", value={"orderer": said, "peer": said})

    def chaincode(self) -> None:
        """Give the chaincode another version, which is another package with servers of its own."""
        number = self._next("chaincode")
        self._stack.edit("chaincodes", 0, "version", value=f"2.{number}")
        self._stack.edit("chaincodes", 0, "sequence", value=1 + number)

    def settings(self) -> None:
        """Give the channel another size of blocks: an update of its configuration, and no restart."""
        self._stack.edit("ordering", "batch", "messages", value=400 + self._next("settings"))

    def capability(self) -> None:
        """Raise the capabilities of a channel that was made without them."""
        channel = {"name": f"raised{self._next('capability')}", "organizations": ["organization"]}
        before = {"channel": "V2_0", "application": "V2_0"}
        place = self._stack.append("channels", value={**channel, "capabilities": before})
        self._stack.ok("heddle", *UP, self._stack.stack)
        after = {"channel": "V3_0", "application": "V2_5"}
        self._stack.edit("channels", place, "capabilities", value=after)

    def move(self) -> None:
        """Give all nodes another domain and other ports, or those of before; they answer to both."""
        if self._stack.value().get("former"):
            self._write(self._stack.value().get("domain"), None)
            self._stack.ok("heddle", *UP, self._stack.stack)
        self._move()

    def departure(self) -> None:
        """Have all nodes answer to their new addresses alone, once they answer to both."""
        if not self._stack.value().get("former"):
            self._move()
            self._stack.ok("heddle", *UP, self._stack.stack)
        self._write(self._stack.value().get("domain"), None)

    def _move(self) -> None:
        if self._stack.value().get("domain"):
            self._write(None, {"domain": DOMAIN, "ports": PORTS})
        else:
            self._write(DOMAIN, {"domain": "none"})

    def _write(self, domain: str | None, former: object) -> None:
        """Say where nodes are, and where they were."""
        self._stack.edit("domain", value=domain)
        self._stack.edit("former", value=former)
        ports = {name: {"first": first} if domain else None for name, first in PORTS.items()}
        self._stack.edit("ordering", "organization", value={"name": "orderer", "ports": ports["orderer"]})
        self._stack.edit("organizations", 0, "ports", value=ports["organization"])

    def _with_orderers(self, number: int) -> None:
        if self._stack.value("ordering", "nodes") != number:
            self._stack.edit("ordering", "nodes", value=number)
            self._stack.ok("heddle", *UP, self._stack.stack)

    def _certify(self, **values: object) -> None:
        """Change a part of `certificates`, and keep the rest."""
        known = self._stack.value().get("certificates") or {}
        self._stack.edit("certificates", value={**known, **values})

    def _next(self, name: str) -> int:
        return next(self._numbers[name])


def killed_and_finished(points: Failpoints, operation: Interrupted, stack: str, number: int) -> str:
    """Kill an operation at a write, run it again, and see that nothing is left; return what was killed.

    Every second time not before the write, but once it is answered and nobody has heard of it.
    """
    operation.edit()
    run = points.run((*UP, stack), kill_at=number, after=bool(number % 2))
    assert run.was_killed or run.code == 0, f"write {number}:\n{run.output}"
    last = run.writes[-1] if run.writes else "no write"
    points.finish((*UP, stack))
    points.finish((*UP, stack, "--expect-no-changes"))
    return f"{'killed' if run.was_killed else 'ended'} {'after' if number % 2 else 'before'} {last}"
