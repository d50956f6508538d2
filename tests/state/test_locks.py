"""Who holds a stack: a living process, a dead one, or nobody can tell."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from heddle import processes
from heddle.errors import EngineError
from tests.state.conftest import Shelf

LOCK = {"pid": os.getpid(), "username": "u", "hostname": socket.gethostname(), "timestamp": "t"}


@pytest.fixture(params=["collected", "zombie"])
def dead(request: pytest.FixtureRequest) -> Iterator[int]:
    """The pid of a process that has ended, whether its parent has taken notice or not."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    if request.param == "collected":
        process.wait()
    yield process.pid
    process.wait()


def test_a_dead_process_holds_no_lock(shelf: Shelf, dead: int) -> None:
    """The lock of a killed run on this machine does not stop its healer, and none is left behind."""
    shelf.locks.mkdir(parents=True)
    (shelf.locks / "x.json").write_text(json.dumps({**LOCK, "pid": dead}))
    with shelf.backend.locked():
        assert len(list(shelf.locks.iterdir())) == 1
    assert list(shelf.locks.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        json.dumps({**LOCK, "pid": None}).encode(),
        json.dumps({**LOCK, "pid": "../../x"}).encode(),
        json.dumps({**LOCK, "username": 3}).encode(),
        b" " * 100_000,
    ],
    # By number: a process's id in a name would make each of xdist's workers collect another test.
    ids=range(8),
)
def test_a_damaged_lock_is_a_lock(shelf: Shelf, content: bytes) -> None:
    """Whose it is cannot be known, so it holds, and stays; the error names the file."""
    path = shelf.locks / "x.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with (
        pytest.raises(EngineError, match=r"x\.json: it cannot be read[^$]*") as caught,
        shelf.backend.locked(),
    ):
        pass
    assert "pulumi cancel" in str(caught.value)
    assert path.read_bytes() == content


HOLDER = """
import sys
from pathlib import Path
from heddle import processes
from heddle.state.backend import Backend
if sys.argv[2] == "no":
    processes._PROC = Path("/no/proc")
with Backend(Path(sys.argv[1]), "lab", "dev").locked():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(params=["with /proc", "without /proc"])
def proc(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Linux, and a system like macOS, which has no /proc."""
    if request.param == "without /proc":
        monkeypatch.setattr(processes, "_PROC", Path("/no/proc"))
        return "no"
    return "yes"


def test_a_living_process_holds_its_lock(shelf: Shelf, proc: str) -> None:
    """A second one is refused, with the holder's name, machine, process and time, and removes nothing."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(shelf.folder / "state"), proc],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    with holder:
        assert holder.stdout.readline() == b"held\n"
        (lock,) = shelf.locks.iterdir()
        written = json.loads(lock.read_text())
        with pytest.raises(EngineError, match="currently locked") as caught, shelf.backend.locked():
            pass
        who = f"created by {written['username']}@{socket.gethostname()} (pid {holder.pid})"
        assert f"{who} at {written['timestamp']}" in str(caught.value)
        assert [lock] == list(shelf.locks.iterdir())
        holder.kill()  # its lock stays behind
        holder.stdin.close()
    with shelf.backend.locked():
        assert lock not in shelf.locks.iterdir()


def test_a_lock_of_another_machine_stays(shelf: Shelf, dead: int) -> None:
    """Its processes cannot be seen from here."""
    shelf.locks.mkdir(parents=True)
    path = shelf.locks / "x.json"
    path.write_text(json.dumps({**LOCK, "hostname": "elsewhere", "pid": dead}))
    with pytest.raises(EngineError, match="u@elsewhere"), shelf.backend.locked():
        pass
    assert path.exists()
