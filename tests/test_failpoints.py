"""The failpoint tool counts each write, and kills before or after the one of a number."""

import asyncio
import pickle
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.orderer import ab_pb2

from tests.fabric.hostile import Hostile, hostile_node
from tests.failpoint_site.sitecustomize import label
from tests.failpoints import (
    KILLED,
    ROOT,
    Failpoints,
    Killed,
    Operation,
    kill_again_and_again,
    kill_at_each_new_write,
    kill_at_every_write,
)
from tests.kube.losing import LosingServer, losing_server

WRITES = [
    "1 state save",
    "2 kubernetes PATCH /api/v1/namespaces/n",
    "3 node evil broadcast  MESSAGE",
    "4 node evil DELETE /participation/v1/channels/trade",
]


@dataclass
class World:
    """What the program writes to, and how to run it."""

    folder: Path
    server: LosingServer
    node: Hostile

    async def run(self, *options: str) -> tuple[int, list[str]]:
        """Return the exit code and the lines of the log."""
        self.server.requests.clear()
        self.node.requests.clear()
        log = self.folder / "log"
        script = ["-m", "tests.four_writes", str(self.folder), self.server.kubeconfig]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.failpoints", "--log", str(log), "--program", sys.executable),
            *(*options, "--", *script, pickle.dumps(self.node.node).hex()),
            cwd=ROOT,
        )
        return await process.wait(), log.read_text().splitlines()

    def done(self) -> list[str]:
        """Return the writes that arrived."""
        patched = [line for line in self.server.requests if line.startswith("PATCH") and "dryRun" not in line]
        saved = [*self.folder.glob(".pulumi/stacks/project/stack.json")]
        return [
            *("state" for _ in saved),
            *("kubernetes" for _ in patched),
            *("broadcast" for _ in self.node.requests),
        ]


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    async with losing_server() as server, hostile_node(folder) as node:
        node.answers = [ab_pb2.BroadcastResponse(status=common_pb2.SUCCESS).SerializeToString()]
        node.http = b"HTTP/1.1 204 Gone\r\nConnection: close\r\n\r\n"
        yield World(folder=folder, server=server, node=node)


async def test_without_a_number_it_lists_the_writes(tmp_path: Path) -> None:
    """Reads and dry runs are none; the exit code is the command's own."""
    async with world(tmp_path) as here:
        assert await here.run() == (0, WRITES)
        assert here.done() == ["state", "kubernetes", "broadcast"]


@pytest.mark.parametrize("number", [1, 2, 3, 4])
async def test_it_kills_before_the_write(number: int, tmp_path: Path) -> None:
    """All writes before the chosen one have arrived, and it has not."""
    async with world(tmp_path) as here:
        assert await here.run("--kill-at", str(number)) == (KILLED, WRITES[:number])
        assert here.done() == ["state", "kubernetes", "broadcast"][: number - 1]


@pytest.mark.parametrize("number", [1, 2, 3, 4])
async def test_it_kills_after_the_write(number: int, tmp_path: Path) -> None:
    """The chosen write has arrived, and none after it."""
    async with world(tmp_path) as here:
        assert await here.run("--kill-at", str(number), "--after") == (KILLED, WRITES[:number])
        assert here.done() == ["state", "kubernetes", "broadcast"][:number]


async def test_it_kills_at_the_first_write_at_which_no_run_was_killed(tmp_path: Path) -> None:
    """Each write has its turn, and then a run comes to its end."""
    past = tmp_path / "past"
    async with world(tmp_path) as here:
        for number in (1, 2, 3, 4):
            assert await here.run("--past", str(past), "--after") == (KILLED, WRITES[:number])
        assert await here.run("--past", str(past), "--after") == (0, WRITES)
    assert [line.partition(" ")[2] for line in past.read_text().splitlines()] == [
        "state save 1",
        *(line.partition(" ")[2] for line in WRITES[1:]),
    ]


def test_a_write_of_the_state_is_known_by_its_place() -> None:
    """All have the same words; what stands before tells them apart, in every run."""
    lines = ["1 state begin", "2 state save"]
    assert label(lines, "state save") == "state save 2"
    lines += ["3 kubernetes PATCH /x", "4 state save"]
    assert label(lines, "state save") == "state save 2 after kubernetes PATCH /x"
    assert label(lines, "kubernetes PATCH /y") == "kubernetes PATCH /y"


def test_children_count_and_die_with_their_parent(tmp_path: Path) -> None:
    """A playbook's modules are processes of their own; none may go on without the run's lock."""
    child = (
        "import time; from pathlib import Path; from heddle.state.backend import Backend\n"
        f"Backend(Path({str(tmp_path)!r}), 'project', 'stack').save('1'); time.sleep(600)"
    )
    parent = (
        "import subprocess, sys, time; from pathlib import Path; from heddle.state.backend import Backend\n"
        f"one = subprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True)\n"
        f"saved = Path({str(tmp_path)!r}) / '.pulumi/stacks/project/stack.json'\n"
        "while not saved.exists(): time.sleep(0.05)\n"
        f"Path({str(tmp_path / 'pid')!r}).write_text(str(one.pid))\n"
        "Backend(saved.parents[3], 'project', 'stack').save('2')"
    )
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.failpoints", "--log", str(tmp_path / "log"), "--kill-at", "2"),
            *("--program", sys.executable, "--", "-c", parent),
        ],
        cwd=ROOT,
        check=False,
        timeout=60,
    )
    assert done.returncode == KILLED
    assert (tmp_path / ".pulumi/stacks/project/stack.json").read_text() == "1"
    stat = Path(f"/proc/{(tmp_path / 'pid').read_text()}/stat")
    assert not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


class Counting(Failpoints):
    """A command with four writes that remembers how far it got, as a stack's state does."""

    def run(
        self, command: Sequence[str], *, kill_at: int = 0, after: bool = False, past: Path | None = None
    ) -> Killed:
        position = int(self.log.read_text()) if self.log.exists() else 0
        left = 4 - position
        if past is not None and left:
            past.write_text(f"{past.read_text() if past.exists() else ''}1 write {position + 1}\n")
            kill_at = 1
        killed = 0 < kill_at <= left
        made = (kill_at if after else kill_at - 1) if killed else left
        self.log.write_text(str(position + made))
        writes = tuple(f"{number} write" for number in range(1, (kill_at if killed else left) + 1))
        return Killed(code=KILLED if killed else 0, writes=writes, output="")


def test_every_write_of_both_ways_is_killed_at(tmp_path: Path) -> None:
    """Each kill is followed by a run that finishes, and by the proof."""
    log = tmp_path / "position"
    points = Counting(folder=tmp_path, environment={}, log=log)
    told: list[str] = []

    def check() -> None:
        assert log.read_text() == "4"

    there, back = (
        Operation(
            name=name, edit=lambda: None if not log.exists() else log.unlink(), command=["up"], check=check
        )
        for name in ("there", "back")
    )
    assert kill_at_every_write(points, there, back, tell=told.append) == 8
    assert told[:2] == ["there: killed at 1 write", "back: killed at 1 write"]
    assert kill_at_every_write(points, there, back, sample=2, tell=told.append) == 4


def test_a_run_that_is_killed_again_and_again_comes_to_its_end(tmp_path: Path) -> None:
    """Each run begins where the last one was killed."""
    points = Counting(folder=tmp_path, environment={}, log=tmp_path / "position")
    assert kill_again_and_again(points, ["up"], tell=lambda _: None) == 2


def test_a_run_is_killed_after_each_of_its_writes_once(tmp_path: Path) -> None:
    """Four writes are four kills; the fifth run has nothing new to do."""
    points = Counting(folder=tmp_path, environment={}, log=tmp_path / "position")
    told: list[str] = []
    assert kill_at_each_new_write(points, ["up"], tell=told.append) == 4
    assert told == [f"killed after write {number}" for number in (1, 2, 3, 4)]
    points.log.unlink()
    with pytest.raises(AssertionError, match="3 kills, and there is still a new write"):
        kill_at_each_new_write(points, ["up"], most=3, tell=told.append)
