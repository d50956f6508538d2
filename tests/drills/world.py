"""A stack that breaks and is mended in memory: what a drill does to it, and what it hears."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import httpx

from heddle.drills.alarms import Firing
from heddle.drills.conduct import Load
from heddle.drills.ground import Ground
from heddle.drills.load import Report
from heddle.drills.model import Drill, Edits, Facts
from heddle.drills.note import NAME
from heddle.runbooks.following import Answer, Found

ALARM = "NodeDoesNotAnswer"
REJOIN = "heddle runbook run rejoin-peer --stack dev -e peer=peer0 --check"
BROKEN = Found(cause="broken", about="peer0", words="it is broken", command=REJOIN, severity="error")
WARNING = Found(
    cause="backup", about="backups", words="overdue", command="heddle backup create dev", severity="warning"
)


class Maps:
    """The ConfigMaps of a namespace, as an API server answers about them."""

    def __init__(self) -> None:
        self.note: dict[str, Any] | None = None

    async def get(self, path: str) -> dict[str, Any] | None:
        """Return the note."""
        assert path.endswith(f"/configmaps/{NAME}")
        return self.note

    async def send(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Make the note, or delete it."""
        request = httpx.Request(method, f"https://api{path}")
        if method == "POST" and self.note is not None:
            return httpx.Response(409, request=request)
        self.note = given["json"] if method == "POST" else None
        return httpx.Response(201 if method == "POST" else 200, request=request)


@dataclass
class World:
    """One stack. mends: words of a command that does. alarm: seconds until one fires; None: never."""

    mends: str = "rejoin-peer"
    alarm: float | None = 30.0
    command: str = "heddle runbook run triage --stack dev"
    names: str = REJOIN
    edits: dict[tuple[str, ...], Any] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    standing: tuple[Found, ...] = (WARNING,)
    broken_since: float | None = None
    maps: Maps = field(default_factory=Maps)
    run_commands: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    commits: dict[str, float] = field(default_factory=dict)

    @property
    def ground(self) -> Ground:
        """The stack as a drill takes it."""
        instance = SimpleNamespace(name="dev", namespace="fabric-dev", chaincodes={"assets": None})
        ground = SimpleNamespace(
            stack="dev", instance=instance, namespace="fabric-dev", cluster=self.maps, network=None
        )
        return cast("Ground", ground)

    def drill(self, *, lacks: str = "", commands: Sequence[Sequence[str]] = (("refresh",), ("up",))) -> Drill:
        """An incident that breaks this stack."""

        async def choose(_ground: Ground) -> Facts:
            return {"node": "peer0"}

        async def cause(_ground: Ground, facts: Facts) -> None:
            assert self.maps.note is not None, "damaged before it was noted"
            assert facts == {"node": "peer0"}
            self.broken_since = _now()

        async def mend(_ground: Ground, _facts: Facts) -> Edits:
            return self.edits

        return Drill(
            name="orderer-killed",
            summary="It breaks.",
            alarms=(ALARM,),
            page="status.md",
            choose=choose,
            cause=cause,
            lacks=lambda _: lacks,
            mend=mend,
            commands=tuple(map(tuple, commands)),
        )

    @asynccontextmanager
    async def load(self) -> AsyncIterator[Load]:
        """Commit four times a second while the stack works."""

        async def submit() -> None:
            while True:
                if self.broken_since is None:
                    self.commits[str(len(self.commits))] = _now()
                await asyncio.sleep(0.25)

        task, report = asyncio.create_task(submit()), Report()
        try:
            yield cast("Load", SimpleNamespace(commits=self.commits, report=report))
        finally:
            task.cancel()
        report.sent, report.lost = len(self.commits), self.lost

    # --- the hands

    async def firing(self) -> tuple[Firing, ...]:
        """Return the alarm once its time has come, beside one that always fires."""
        always = Firing(name="BackupOverdue")
        if self.broken_since is None or self.alarm is None or _now() - self.broken_since < self.alarm:
            return (always,)
        return (always, Firing(name=ALARM, command=self.command, summary="peer0 does not answer."))

    async def triage(self) -> tuple[Found, ...]:
        """Return what is wrong; it takes its time."""
        await asyncio.sleep(5)
        if self.broken_since is None:
            return self.standing
        found = Found(**{**vars(BROKEN), "command": self.names})
        return (found, *self.standing)

    async def run(self, command: Sequence[str]) -> Answer:
        """Run a command; the one that mends does."""
        await asyncio.sleep(10)
        words = " ".join(command)
        self.run_commands.append(words)
        if self.mends and self.mends in words:
            self.broken_since = None
        return Answer(command=tuple(command), code=0, words="done")

    def edit(self, changes: Edits) -> None:
        """Note the edit among the commands."""
        self.run_commands.append(
            f"edit {json.dumps({'.'.join(path): value for path, value in changes.items()})}"
        )

    def tell(self) -> Callable[[str], None]:
        """Return what keeps the words that people see."""
        return self.told.append


def _now() -> float:
    return asyncio.get_running_loop().time()


def noted(*, drill: str = "orderer-killed", pid: int = 2**22 - 1, host: str | None = None) -> dict[str, Any]:
    """Return a note that a killed drill has left: by default of a process that is no more."""
    content = {
        "drill": drill,
        "facts": {"nodes": ["orderer2-orderer"]},
        "known": [["backup", "backups"]],
        "host": socket.gethostname() if host is None else host,
        "pid": pid,
    }
    return {"metadata": {"name": NAME}, "data": {"drill.json": json.dumps(content)}}
