"""List what was done to a stack: `heddle log STACK`."""

import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console

from heddle.cli.moments import moment
from heddle.cli.options import HERE, Folder, Json, StackFile
from heddle.cli.printing import cell, listing, print_json, print_listing
from heddle.errors import EngineError
from heddle.state.history import read_acts
from heddle.state.log import Act
from heddle.state.stack import stack_backend

__all__ = ["log"]

_COLOURS = {"succeeded": "green", "failed": "red", "interrupted": "red"}
_COUNTED = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}


def log(
    stack: StackFile,
    resource: Annotated[
        str,
        typer.Option(
            "--resource", "-r", metavar="NAME", help="Only what touched resources with this in their name."
        ),
    ] = "",
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="Only since then: 90m, 12h, 7d, 2w, or 2026-11-28.")
    ] = "",
    json_: Json = False,
    folder: Folder = HERE,
) -> None:
    """List what was done, newest first: when, how long, by whom, with what result."""
    oldest = moment(since, "--since") if since else 0.0
    backend = stack_backend(folder, stack)
    if backend is None:
        raise EngineError(
            f"{stack} is an access folder: what was done is kept with the stack's state",
            hint="Run it with the stack's name where the state is.",
        )
    if not backend.exists() and not backend.history.exists():
        known = ", ".join(backend.stacks()) or "none"
        raise EngineError(f"no stack named {stack!r} found", hint=f"There is: {known} (in {backend.base}).")
    acts = [act for act in read_acts(backend, resources=bool(resource or json_)) if act.started >= oldest]
    if resource:
        acts = list(_touching(acts, resource.lower()))
    if json_:
        print_json([_plain(act) for act in acts])
        return
    _show(Console(highlight=False), acts, resources=bool(resource))


def _touching(acts: Iterable[Act], name: str) -> Iterable[Act]:
    """Yield the acts about something of this name, with those of their resources alone."""
    for act in acts:
        resources = {each: done for each, done in act.resources.items() if name in each.lower()}
        if resources or name in act.subject.lower():
            yield replace(act, resources=resources)


def _show(console: Console, acts: list[Act], *, resources: bool) -> None:
    if not acts:
        console.print("nothing is recorded")
        return
    table = listing("WHEN (UTC)", "TOOK", "BY", "WHAT", "RESULT", "CHANGES")
    table.columns[0].no_wrap = True
    for act in acts:
        table.add_row(
            cell(f"{datetime.fromtimestamp(act.started, UTC):%Y-%m-%d %H:%M:%S}"),
            cell(_took(act)),
            cell(act.who or "—"),
            cell(act.what),
            cell(act.result, _COLOURS.get(act.result, "yellow")),
            cell(_resources(act) if resources else _changes(act)),
        )
    print_listing(console, table)


def _took(act: Act) -> str:
    if act.result == "running":
        return f"{_length(time.time() - act.started)} …"
    return _length(act.ended - act.started) if act.ended is not None else "—"


def _length(seconds: float) -> str:
    """Return a length of time in its two largest units: `0.8s`, `42s`, `3m 5s`, `2h 7m`."""
    if seconds < 1:
        return f"{max(seconds, 0):.1f}s"
    whole = timedelta(seconds=round(seconds))
    minutes, second = divmod(whole.seconds, 60)
    hours, minute = divmod(minutes, 60)
    hours += whole.days * 24
    return f"{hours}h {minute}m" if hours else f"{minute}m {second}s" if minute else f"{second}s"


def _changes(act: Act) -> str:
    """Return how much changed, and where it failed."""
    counted = [f"{act.changes[op]} {word}" for op, word in _COUNTED.items() if act.changes.get(op)]
    failed = [f"{name}: {done}" for name, done in act.resources.items() if done.endswith(" failed")]
    if act.result == "succeeded" and act.changes and not counted:
        counted = ["nothing"]
    return ", ".join(counted + failed) or "—"


def _resources(act: Act) -> str:
    return ", ".join(f"{name} {done}" for name, done in act.resources.items()) or "—"


def _plain(act: Act) -> dict[str, Any]:
    """Return an act as JSON has it; times in RFC 3339, what is not known is null."""

    def at(seconds: float | None) -> str | None:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()

    return {
        "what": act.what,
        "tool": act.tool,
        "verb": act.verb,
        "subject": act.subject or None,
        "by": act.who or None,
        "started": at(act.started),
        "ended": at(act.ended),
        "seconds": None if act.ended is None else round(act.ended - act.started, 3),
        "result": act.result,
        "changes": dict(act.changes),
        "resources": dict(act.resources),
    }
