"""What was done to a stack: records of Heddle, updates of Pulumi's CLI, locks that alone tell of a run."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from heddle.errors import EngineError
from heddle.state.copies import KEPT
from heddle.state.history import RUN, read_acts, work_on
from heddle.state.log import RECORD, acting, recorded
from heddle.state.stack import stack_backend
from tests.state.conftest import Shelf

HERE = socket.gethostname()
STATE = "urn:pulumi:dev::lab::"
KILLED = """
import os, signal, sys
from pathlib import Path
from heddle.state.backend import Backend
from heddle.state.log import recorded
backend = Backend(Path(sys.argv[1]), "lab", "dev")
with backend.locked(), recorded(backend, sys.argv[2]):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def update(shelf: Shelf, second: int, *resources: dict[str, Any], **changes: Any) -> None:
    """An update as the CLI leaves it: its record, and the state after it."""
    shelf.backend.history.mkdir(parents=True, exist_ok=True)
    name = f"dev-{second * 10**9}"
    info = {
        "kind": "update",
        "startTime": second,
        "endTime": second + 5,
        "message": "",
        "environment": {"exec.kind": "cli"},
        "config": {"lab:password": {"value": "v1:hush", "secret": True}},
        "result": "succeeded",
        "resourceChanges": {"create": 1, "same": 2},
    }
    (shelf.backend.history / f"{name}.history.json").write_text(json.dumps(info | changes))
    state = {"version": 3, "checkpoint": {"stack": "s", "latest": {"resources": list(resources)}}}
    (shelf.backend.history / f"{name}.checkpoint.json").write_text(json.dumps(state))


def thing(name: str, **changes: Any) -> dict[str, Any]:
    return {"urn": f"{STATE}kubernetes:apps/v1:StatefulSet::{name}", "custom": True, "type": "t", **changes}


def test_an_act_is_recorded_with_its_end(shelf: Shelf) -> None:
    """Who, what, from when to when, and how it ended; for its owner's eyes alone."""
    before = time.time()
    with recorded(shelf.backend, "runbook run", "rejoin-peer peer0") as act:
        act.resources["StatefulSet peer0"] = "updated"
    with pytest.raises(EngineError), recorded(shelf.backend, "destroy"):
        raise EngineError("no")
    with pytest.raises(KeyboardInterrupt), recorded(shelf.backend, "refresh"):
        raise KeyboardInterrupt

    acts = read_acts(shelf.backend)

    assert [(act.what, act.result) for act in acts] == [
        ("refresh", "cancelled"),
        ("destroy", "failed"),
        ("runbook run rejoin-peer peer0", "succeeded"),
    ], "newest first"
    last = acts[-1]
    assert last.who.endswith(f"@{HERE}")
    assert before <= last.started <= (last.ended or 0) <= time.time()
    assert last.resources == {"StatefulSet peer0": "updated"}
    files = list(shelf.backend.history.glob(f"*{RECORD}"))
    assert {oct(file.stat().st_mode & 0o777) for file in files} == {"0o600"}


def kill_an_up(shelf: Shelf, verb: str = "up") -> None:
    subprocess.run(
        [sys.executable, "-c", KILLED, str(shelf.folder / "state"), verb],
        cwd=Path(__file__).parents[2],
        check=False,
    )


def test_a_killed_run_is_listed_as_such(shelf: Shelf) -> None:
    """While its lock is there, and also when the next run has taken that away: once, not twice."""
    kill_an_up(shelf)

    for _ in range(2):
        (act,) = read_acts(shelf.backend)
        assert (act.what, act.result, act.ended) == ("up", "interrupted", None)
        assert work_on(shelf.backend).killed == act
        with shelf.backend.locked():
            pass
    with shelf.backend.locked(), recorded(shelf.backend, "up"):
        assert (work_on(shelf.backend).running or act).result == "running"
    assert work_on(shelf.backend).killed is None, "a later run has gone on"
    assert [act.result for act in read_acts(shelf.backend)] == ["succeeded", "interrupted"]


def test_a_killed_run_of_the_cli_is_listed_as_such(shelf: Shelf) -> None:
    """Its lock alone tells of it, and the run that takes the lock away keeps that."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    lock = {
        "pid": process.pid,
        "username": "anna",
        "hostname": HERE,
        "timestamp": "2026-11-28T19:00:00.123456789Z",
    }
    shelf.locks.mkdir(parents=True)
    (shelf.locks / "x.json").write_text(json.dumps(lock))

    for _ in range(2):
        (act,) = read_acts(shelf.backend)
        assert (act.what, act.who, act.result) == ("pulumi run", f"anna@{HERE}", "interrupted")
        assert time.gmtime(act.started)[:5] == (2026, 11, 28, 19, 0)
        with shelf.backend.locked():
            pass


def test_a_run_of_the_cli_that_goes_on_is_listed(shelf: Shelf) -> None:
    """By its lock, which also names the run to whoever has to wait."""
    lock = {"pid": 1, "username": "ben", "hostname": "elsewhere", "timestamp": "2026-11-28T19:00:00Z"}
    shelf.locks.mkdir(parents=True)
    (shelf.locks / "x.json").write_text(json.dumps(lock))

    assert [(act.who, act.result) for act in read_acts(shelf.backend)] == [("ben@elsewhere", "running")]
    running = work_on(shelf.backend).running
    assert running is not None
    assert running.who == "ben@elsewhere"


def test_runs_of_the_cli_are_listed_and_say_what_they_changed(shelf: Shelf) -> None:
    """By the states before and after: created, updated, replaced, deleted; no value of any of them."""
    update(
        shelf, 1000, thing("a", modified="1970-01-01T00:16:41Z"), thing("b", modified="1970-01-01T00:00:01Z")
    )
    kept, new = thing("b", modified="1970-01-01T00:00:01Z"), thing("c", inputs={"token": "hush"})
    update(shelf, 2000, kept, new, thing("d", id="1"), result="failed")
    update(shelf, 3000, thing("b", inputs={"n": 1}), new, thing("d", id="2"), kind="refresh")

    acts = read_acts(shelf.backend, resources=True)

    assert [(act.what, act.result, act.started, act.ended) for act in acts] == [
        ("pulumi refresh", "succeeded", 3000, 3005),
        ("pulumi update", "failed", 2000, 2005),
        ("pulumi update", "succeeded", 1000, 1005),
    ]
    assert [act.resources for act in acts] == [
        {"StatefulSet b": "updated", "StatefulSet d": "replaced"},
        {"StatefulSet a": "deleted", "StatefulSet c": "created", "StatefulSet d": "created"},
        {"StatefulSet a": "changed"},
    ]
    assert all(act.user for act in acts), "the owner of the file"
    assert "hush" not in str(acts)
    assert [act.resources for act in read_acts(shelf.backend)] == [{}, {}, {}], "nobody asked"


def test_an_update_of_heddles_own_is_listed_once(shelf: Shelf) -> None:
    """Its record says more than the history's."""
    with recorded(shelf.backend, "up") as act:
        update(shelf, 1000, environment={"exec.kind": "heddle", RUN: act.run})
    update(shelf, 2000, environment={"exec.kind": "heddle"})  # of a Heddle that kept no records

    assert [act.what for act in read_acts(shelf.backend)] == ["up", "update"]


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"result": "later"}'])
def test_a_damaged_record_hides_no_other(shelf: Shelf, content: bytes) -> None:
    """Of Heddle's and of the CLI's."""
    update(shelf, 1000)
    for name in (f"dev-2{RECORD}", "dev-3.history.json", "dev-4.killed.json"):
        (shelf.backend.history / name).write_bytes(content)

    assert [act.what for act in read_acts(shelf.backend, resources=True)] == ["pulumi update"]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\xff", b'{"checkpoint": {"latest": {"resources": [1]}}}']
)
def test_a_damaged_copy_of_the_state_hides_no_run(shelf: Shelf, content: bytes) -> None:
    """Only what the run changed is not known then."""
    update(shelf, 1000, thing("a"))
    (copy,) = shelf.backend.history.glob("*.checkpoint.json*")
    copy.write_bytes(content)

    assert [(act.what, act.resources) for act in read_acts(shelf.backend, resources=True)] == [
        ("pulumi update", {})
    ]


def test_records_are_kept_for_thirty_days(shelf: Shelf) -> None:
    """Or as long as the stack file says; the newest in any case."""
    shelf.stack_file("config: {lab:logDays: 90}")
    backend = stack_backend(shelf.folder, "dev")
    assert backend is not None
    backend.history.mkdir(parents=True)
    day = 86_400 * 10**9
    ages = [*range(1, 101)]
    for age in ages:
        (backend.history / f"dev-{time.time_ns() - age * day}{RECORD}").write_text("{}")

    with recorded(backend, "up"):
        pass
    assert len(list(backend.history.iterdir())) == 90

    with recorded(shelf.backend, "up"):
        pass
    assert len(list(backend.history.iterdir())) == KEPT


@pytest.mark.parametrize("days", ["0", "-1", "soon", "1.5", "99999"])
def test_a_time_to_keep_that_is_none_is_refused(shelf: Shelf, days: str) -> None:
    """Before anything is done, with the file and the place in it."""
    shelf.stack_file(f"config: {{lab:logDays: {days}}}")
    with pytest.raises(EngineError, match=r"Pulumi\.dev\.yaml: config\.lab:logDays: a whole number of days"):
        stack_backend(shelf.folder, "dev")


def test_an_act_waits_for_no_up_and_is_refused_during_one(shelf: Shelf) -> None:
    """With who holds the lock; without a state there is neither lock nor record."""
    with acting(shelf.folder, "dev", "channel submit", "trade"):
        pass
    assert not shelf.backend.history.exists()
    shelf.backend.save(shelf.document([]))

    with (
        shelf.backend.locked(),
        pytest.raises(EngineError, match=rf"currently locked.*[^$]*pid {os.getpid()}"),
        acting(shelf.folder, "dev", "channel submit", "trade"),
    ):
        pytest.fail("it acted")
    with acting(shelf.folder, "dev", "channel submit", "trade"):
        assert work_on(shelf.backend).running is not None
    assert [act.what for act in read_acts(shelf.backend)] == ["channel submit trade"]
    with acting(shelf.folder, "anna/", "channel submit", "trade"):
        pass  # an access folder has no state


def test_a_record_that_cannot_be_written_stops_the_act(shelf: Shelf) -> None:
    """Nothing is done that would not be in the log."""
    shelf.backend.history.parent.mkdir(parents=True)
    shelf.backend.history.write_text("a file in the way")
    with pytest.raises(EngineError, match="cannot be written"), recorded(shelf.backend, "up"):
        pytest.fail("it acted")


@pytest.mark.parametrize("fails", [False, True], ids=["it succeeds", "it fails"])
def test_an_end_that_cannot_be_written_hides_no_error(shelf: Shelf, fails: bool) -> None:
    """A disk that fills during the run: its own error counts; without one it is said what has no end."""

    def act() -> None:
        with recorded(shelf.backend, "up"):
            (record,) = shelf.backend.history.iterdir()
            record.unlink()
            record.mkdir()  # nothing replaces a folder
            if fails:
                raise EngineError("the reason")

    with pytest.raises(EngineError, match="the reason" if fails else "cannot be written"):
        act()


@pytest.mark.parametrize("verb", ["channel submit", "access grant", "backup create", "backup prune"])
def test_what_leaves_nothing_half_done_is_not_waited_for(shelf: Shelf, verb: str) -> None:
    """Killed, it is listed, and no state of the instance; what was killed before it still is."""
    kill_an_up(shelf, verb)
    assert [act.result for act in read_acts(shelf.backend)] == ["interrupted"]
    assert work_on(shelf.backend).killed is None
    with shelf.backend.locked():
        pass

    kill_an_up(shelf)
    with shelf.backend.locked(), recorded(shelf.backend, verb):
        pass
    killed = work_on(shelf.backend).killed
    assert killed is not None
    assert killed.verb == "up"


def test_a_killed_restore_is_to_be_run_again(shelf: Shelf) -> None:
    """It leaves volumes half written, unlike what else is done with backups."""
    kill_an_up(shelf, "backup restore")

    killed = work_on(shelf.backend).killed

    assert killed is not None
    assert killed.verb == "backup restore"
