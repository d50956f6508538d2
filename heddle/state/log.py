"""Keep what was done to a stack: a record of each act, beside the history that Pulumi's CLI writes.

A record is a file `STACK-TIME.heddle.json` in the stack's history folder: the CLI passes it over, renames it
with its stack and removes it with it. It is written when the act begins, so that one that was killed is
known. It holds names alone, no values of resources, variables or messages: these may be secret.
"""

import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from heddle.errors import EngineError
from heddle.plain import Plain, ShapeError, parse_json
from heddle.processes import is_running, user_name
from heddle.state.backend import Backend, write_durably
from heddle.state.copies import make_private_folder
from heddle.state.locks import Lock
from heddle.state.serialization import dump
from heddle.state.stack import stack_backend

__all__ = ["RECORD", "Act", "Result", "acting", "recorded", "records"]

RECORD = ".heddle.json"
"""The ending of a record's name."""
_MOST = 16 * 1024 * 1024
"""Bytes of a record. One of a network of 160 peers has a hundredth of that."""

Result = Literal["running", "succeeded", "failed", "cancelled", "interrupted"]
_RESULTS: tuple[Result, ...] = ("running", "succeeded", "failed", "cancelled", "interrupted")


@dataclass(kw_only=True)
class Act:
    """Hold one thing that was done, or is being done, to a stack.

    Attributes:
        verb: the command: `up`, `destroy`, `runbook run` …; of Pulumi's CLI its own word, `update`.
        subject: what it was about: a runbook with its node, a channel, a person.
        tool: `heddle`, or `pulumi` for a run of the CLI.
        user, host, pid: the process; what is not known is empty or 0.
        started, ended: seconds since 1970; None: it has not ended, or nobody saw its end.
        locked: whether it holds the stack's lock while it goes on.
        changes: how many resources were created, updated … .
        resources: what was done, by `Type name` of the resource; `create failed` for a step that failed.
        run: the time in the record's name, by which the CLI's history refers to it.
    """

    verb: str
    subject: str = ""
    tool: Literal["heddle", "pulumi"] = "heddle"
    user: str = ""
    host: str = ""
    pid: int = 0
    started: float
    ended: float | None = None
    result: Result = "running"
    locked: bool = True
    changes: Mapping[str, int] = field(default_factory=dict)
    resources: dict[str, str] = field(default_factory=dict)
    run: str = ""

    @property
    def who(self) -> str:
        """Return the user with the machine, as far as known."""
        return "@".join(filter(None, (self.user, self.host)))

    @property
    def what(self) -> str:
        """Return the command as it was given, without options."""
        tool = "pulumi " if self.tool == "pulumi" else ""
        return " ".join(filter(None, (f"{tool}{self.verb}", self.subject)))

    def holds(self, lock: Lock) -> bool:
        """Tell whether a lock is that of this act's process."""
        return (self.pid, self.host) == (lock.pid, lock.host)


@contextmanager
def acting(folder: Path, stack: str, verb: str, subject: str = "") -> Iterator[None]:
    """Hold a stack's lock while something is done to its network outside of an `up`, and record it.

    Raises EngineError while somebody else holds the lock: an act in the middle of an `up` would change what
    that has planned with. A network without a state here, of an access folder, has neither lock nor record.
    """
    backend = stack_backend(folder, stack)
    if backend is None or not backend.exists():
        yield
        return
    with backend.locked(), recorded(backend, verb, subject):
        yield


@contextmanager
def recorded(backend: Backend, verb: str, subject: str = "", *, locked: bool = True) -> Iterator[Act]:
    """Record what is done inside: its begin at once, and how it ended. The caller may set `result` itself.

    Raises EngineError if the record cannot be written: nothing was done then, or, at the end, everything.
    """
    started = time.time_ns()
    act = Act(
        verb=verb,
        subject=subject,
        user=user_name(),
        host=socket.gethostname(),
        pid=os.getpid(),
        started=started / 1e9,
        locked=locked,
        run=str(started),
    )
    path = backend.history / f"{backend.stack}-{started}{RECORD}"
    _begin(backend, path, act)
    try:
        yield act
    except KeyboardInterrupt:
        act.result = "cancelled"
        raise
    except BaseException:
        act.result = "failed" if act.result == "running" else act.result
        raise
    finally:
        act.result = "succeeded" if act.result == "running" else act.result
        act.ended = time.time()
        _end(backend, path, act)


def _end(backend: Backend, path: Path, act: Act) -> None:
    """Record how an act ended. Where that cannot be written, its own error is what counts."""
    try:
        write_durably(path, dump(asdict(act)))
        backend.tidy_history()
    except OSError as error:
        if act.result == "succeeded":
            raise EngineError(
                f"{error.filename or path} cannot be written: {error.strerror}",
                hint=f"`{act.verb}` itself succeeded; only its record has no end.",
            ) from error


def _begin(backend: Backend, path: Path, act: Act) -> None:
    try:
        make_private_folder(path.parent, backend.base)
        write_durably(path, dump(asdict(act)))
    except OSError as error:
        raise EngineError(
            f"{error.filename or path} cannot be written: {error.strerror}",
            hint="Nothing was done: what is done is recorded there. See whose files these are.",
        ) from error


def records(backend: Backend) -> dict[int, Act]:
    """Return the recorded acts by the time in their names, with what has become of those without an end.

    A record that cannot be read is passed over: it may be of a later Heddle.
    """
    locks = [lock for lock in backend.holders() if lock is not None]
    found: dict[int, Act] = {}
    for path in backend.history.glob(f"*{RECORD}"):
        stamp = path.name.removesuffix(RECORD).rpartition("-")[2]
        try:
            act = _read(parse_json(path.read_bytes(), limit=_MOST))
        except (ShapeError, OSError):
            continue
        if act.result == "running" and not _goes_on(act, locks):
            act.result = "interrupted"
        if stamp.isdecimal():
            found[int(stamp)] = act
    return found


def _goes_on(act: Act, locks: list[Lock]) -> bool:
    """Tell whether an act without an end is still going on; of another machine its lock alone tells."""
    if act.locked:
        return any(act.holds(lock) and not lock.dead() for lock in locks)
    return act.host != socket.gethostname() or is_running(act.pid)


def _read(record: Plain) -> Act:
    """Read a record. Raises ShapeError for anything else."""
    result, ended, tool = record["result"].text(), record.get("ended"), record["tool"].text()
    known = [each for each in _RESULTS if each == result]
    if not known:
        raise record["result"].unlike("a known result")
    return Act(
        verb=record["verb"].text(),
        subject=record["subject"].text(),
        tool="pulumi" if tool == "pulumi" else "heddle",
        user=record["user"].text(),
        host=record["host"].text(),
        pid=record["pid"].integer(),
        started=record["started"].seconds(),
        ended=ended.seconds() if ended else None,
        result=known[0],
        locked=record["locked"].flag(),
        changes={name: count.integer() for name, count in record["changes"].entries()},
        resources={name: done.text() for name, done in record["resources"].entries()},
        run=record["run"].text(),
    )
