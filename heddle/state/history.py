"""List what was done to a stack, by Heddle and by Pulumi's CLI, of the files that both leave with the state.

Source: pkg/backend/diy/state.go and sdk/go/common/apitype/history.go of pulumi/pulumi (UpdateInfo).
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from heddle.errors import EngineError
from heddle.plain import Plain, ShapeError
from heddle.processes import name_of_user
from heddle.state.backend import KILLED, Backend, read_document
from heddle.state.locks import Lock, read_lock
from heddle.state.log import Act, records
from heddle.state.urn import ROOT_TYPE, urn_name, urn_type

__all__ = ["RUN", "Work", "read_acts", "resource_label", "work_on"]

RUN = "heddle.run"
"""Key in an update's environment: the time in the name of Heddle's own record of it."""
_GO_ON = frozenset({"up", "refresh", "destroy", "runbook run", "backup restore"})
"""Commands that are to be run again when they were killed. A channel's update is handed in whole or not at
all, and what others write they write beside the instance.
"""
_UPDATE, _CHECKPOINT = ".history.json", ".checkpoint.json"
_DONE = {"id": "replaced", "outputs": "updated", "inputs": "updated"}


@dataclass(frozen=True, kw_only=True)
class Work:
    """Describe what goes on with a stack, and what a killed run has left.

    Attributes:
        running: the act that holds the lock.
        killed: the newest act that leaves something half-done when it is killed, if it was.
        pending: provider calls without an outcome, each with its kind: `creating`, `updating`, `deleting`.
    """

    running: Act | None = None
    killed: Act | None = None
    pending: tuple[tuple[str, str], ...] = ()


def resource_label(urn: str) -> str:
    """Return a resource's type and name, `StatefulSet peer0-org`; what is no URN stays as it is."""
    try:
        return f"{urn_type(urn).rpartition(':')[2]} {urn_name(urn)}"
    except EngineError:
        return urn


def work_on(backend: Backend) -> Work:
    """Return what goes on with a stack. Raises EngineError as `Backend.read` does. Needs no passphrase."""
    acts = [act for act in read_acts(backend) if act.locked]
    running = next((act for act in acts if act.result == "running"), None)
    newest = next((act for act in acts if act.tool == "pulumi" or act.verb in _GO_ON), None)
    killed = newest if newest is not None and newest.result == "interrupted" else None
    return Work(running=running, killed=killed, pending=tuple(_pending(backend)))


def _pending(backend: Backend) -> Iterator[tuple[str, str]]:
    for operation in (backend.read() or {}).get("pending_operations") or ():
        with suppress(LookupError, TypeError):
            yield str(operation["type"]), resource_label(str(operation["resource"]["urn"]))


def read_acts(backend: Backend, *, resources: bool = False) -> list[Act]:
    """Return what was done to a stack, newest first.

    `resources`: also which ones the CLI's runs changed. That takes reading the copies of the state that the
    runs left; of a run whose copies are gone nothing is known.
    """
    own = records(backend)
    acts = [*own.values(), *_by_cli(backend, own, resources=resources), *_holding(backend, own)]
    return sorted(acts, key=lambda act: -act.started)


def _by_cli(backend: Backend, own: Mapping[int, Act], *, resources: bool) -> Iterator[Act]:
    """Yield the updates that have no record of Heddle's."""
    before: Path | None = None
    for stamp, path in sorted(_with_stamp(backend.history, _UPDATE)):
        checkpoint = next(backend.history.glob(f"{backend.stack}-{stamp}{_CHECKPOINT}*"), None)
        try:
            update = read_document(path)
            environment = update.get("environment")
            run = environment.get(RUN) if environment else None
            if run is None or not run.text().isdecimal() or int(run.text()) not in own:
                act = _updated(update, path)
                if resources and checkpoint is not None:
                    with suppress(ShapeError, OSError):  # a copy that cannot be read hides no run
                        act.resources |= _changed(before, checkpoint, act.started)
                yield act
        except (ShapeError, OSError):
            pass  # damaged, or half written just now: the others are told all the same
        before = checkpoint or before


def _updated(update: Plain, path: Path) -> Act:
    """Return an update (UpdateInfo) as an act; who it was is the owner of its file, as far as known."""
    environment = update.get("environment")
    kind = environment.get("exec.kind") if environment else None
    ended, changes = update.get("endTime"), update.get("resourceChanges")
    return Act(
        verb=update["kind"].text(),
        tool="heddle" if kind is not None and kind.text() == "heddle" else "pulumi",
        user=_owner(path),
        started=update["startTime"].seconds(),
        ended=ended.seconds() if ended else None,
        result="succeeded" if update["result"].text() == "succeeded" else "failed",
        changes={name: count.integer() for name, count in changes.entries()} if changes else {},
    )


def _holding(backend: Backend, own: Mapping[int, Act]) -> Iterator[Act]:
    """Yield the acts that only a lock tells of: the CLI's, while it runs and after it was killed."""
    locks = [(lock, "interrupted" if lock.dead() else "running") for lock in backend.holders() if lock]
    for _, path in _with_stamp(backend.history, KILLED):
        with suppress(FileNotFoundError):
            if lock := read_lock(path):
                locks.append((lock, "interrupted"))
    for lock, result in locks:
        if not any(act.holds(lock) for act in own.values()):
            yield _of_lock(lock, goes_on=result == "running")


def _of_lock(lock: Lock, *, goes_on: bool) -> Act:
    return Act(
        verb="run",
        tool="pulumi",
        user=lock.user,
        host=lock.host,
        pid=lock.pid,
        started=_seconds(lock.since),
        result="running" if goes_on else "interrupted",
    )


def _changed(before: Path | None, after: Path, started: float) -> dict[str, str]:
    """Return what a run changed, by the copies of the state before and after it.

    Without the former, what was modified since the run began; what it deleted is not known then.
    """
    new, old = _resources(after), _resources(before) if before is not None else None
    found = {}
    for urn, resource in new.items():
        if old is None:
            done = "changed" if _seconds(str(resource.get("modified") or "")) >= started else ""
        elif urn not in old:
            done = "created"
        else:
            done = next((word for key, word in _DONE.items() if resource.get(key) != old[urn].get(key)), "")
        if done:
            found[urn] = done
    found |= dict.fromkeys((old or {}).keys() - new.keys(), "deleted")
    return {resource_label(urn): done for urn, done in found.items() if f"::{ROOT_TYPE}::" not in urn}


def _resources(path: Path) -> dict[str, Mapping[str, Any]]:
    """Return a checkpoint's resources by URN; what is secret in them stays encrypted."""
    latest = read_document(path)["checkpoint"].get("latest")
    resources = latest.get("resources") if latest else None
    return {each["urn"].text(): each.object() for each in resources.items()} if resources else {}


def _with_stamp(folder: Path, ending: str) -> Iterator[tuple[int, Path]]:
    """Yield the files of a folder with this ending, also compressed, with the time in their names."""
    for path in folder.glob(f"*{ending}*"):
        stamp = path.name.partition(ending)[0].rpartition("-")[2]
        if stamp.isdecimal() and path.suffix in (".json", ".gz"):
            yield int(stamp), path


def _owner(path: Path) -> str:
    """Return the user whose file it is; empty for one that is gone."""
    try:
        return name_of_user(path.stat().st_uid)
    except OSError:
        return ""


def _seconds(text: str) -> float:
    """Return a time of RFC 3339 as seconds since 1970; 0 for what is none."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC).timestamp()
    except ValueError:
        return 0.0
