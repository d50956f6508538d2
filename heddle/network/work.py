"""Say which run goes on with a stack, as the state of its instance."""

import os
import socket
from datetime import UTC, datetime
from pathlib import Path

from heddle.planner.instance import Evidence, InstanceState, Run, state_of_run
from heddle.state.history import Work, work_on
from heddle.state.log import Act
from heddle.state.stack import stack_backend

__all__ = ["evidence_of", "read_work", "run_of", "state_by_others"]


def read_work(stack: str, folder: Path) -> Work:
    """Return what goes on with a stack; nothing is known of an access folder's."""
    backend = stack_backend(folder, stack)
    return work_on(backend) if backend is not None else Work()


def evidence_of(work: Work) -> Evidence:
    """Return the evidence that a stack's runs are."""
    pending: dict[str, list[str]] = {}
    for kind, name in work.pending:
        pending.setdefault(kind, []).append(name)
    return Evidence(running=run_of(work.running), killed=run_of(work.killed), pending=pending)


def run_of(act: Act | None) -> Run | None:
    """Return a run in words for people."""
    if act is None:
        return None
    # The CLI's lock does not say what it runs: a change of the stack, as far as anybody knows.
    kind = "up" if act.tool == "pulumi" else act.verb
    since = datetime.fromtimestamp(act.started, UTC)
    return Run(kind=kind, words=f"`{act.what}` by {act.who or 'somebody'} since {since:%Y-%m-%d %H:%M} UTC")


def state_by_others(stack: str, folder: Path, *, deployed: bool) -> InstanceState | None:
    """Return the state that another process's run gives the instance; None if none goes on that gives one.

    deployed: whether an `up` has ended so that the instance is known. Reads the stack's history only while
    somebody holds its lock.
    """
    backend = stack_backend(folder, stack)
    if backend is None or all(lock is not None and lock.dead() for lock in backend.holders()):
        return None
    work = work_on(backend)
    act = work.running
    if act is None or (act.pid, act.host) == (os.getpid(), socket.gethostname()):
        return None
    evidence = evidence_of(work)
    return state_of_run(Evidence(deployed=deployed, running=evidence.running, pending=evidence.pending))
