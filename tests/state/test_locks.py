"""Who holds a stack: a living process, a dead one, or nobody can tell."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

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
