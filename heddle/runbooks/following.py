"""Follow what an alarm names: run `triage` and the commands that it leads to, each as a process of its own.

A drill and the receiver of alarms do what a person does at night: they type the command that the alarm names.
So what they prove is what that person gets, and a command that hangs is ended without them.
"""

import asyncio
import contextlib
import json
import os
import shlex
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from heddle.errors import RunbookError
from heddle.runbooks.child import CHILD

__all__ = ["HEDDLE", "Answer", "Found", "acting", "checking", "runbook_of", "start_heddle", "triage"]

_SECONDS: Final = 900.0
"""Seconds after which a command counts as stuck."""
_GRACE: Final = 30.0
"""Seconds that a command has to clean up after SIGTERM: a runbook removes its Jobs."""
_PATIENCE: Final = 10
"""Seconds that `triage` gives each check."""
_LINES: Final = 25
"""Lines of a failed command's end that are shown."""
_CHECK: Final = "--check"
_UP: Final = ("up", "refresh")
_MAIN: Final = "from heddle.cli.app import main; main()"
HEDDLE: Final = (*CHILD, sys.executable, "-P", "-c", _MAIN)
"""The program `heddle` of this checkout, before its arguments; it ends with the process that started it."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Hold what a command answered; output and errors together."""

    command: tuple[str, ...]
    code: int
    words: str

    @property
    def line(self) -> str:
        """Return the command as it is typed."""
        return shlex.join(("heddle", *self.command))

    @property
    def end(self) -> str:
        """Return the last lines that it printed."""
        return "\n".join(self.words.rstrip().splitlines()[-_LINES:])


@dataclass(frozen=True, kw_only=True)
class Found:
    """Describe a finding of `triage`, as its report has it."""

    cause: str
    about: str
    words: str
    command: str
    severity: str

    @property
    def key(self) -> tuple[str, str]:
        """Return what tells it from others: words change from one look to the next."""
        return self.cause, self.about


def acting(command: str) -> tuple[str, ...] | None:
    """Return the arguments of `heddle` with which a named command acts without a question.

    None for a command that only looks, and for another program's. `triage` only looks.
    """
    words = _arguments(command)
    if words[:2] == ("runbook", "run") and words[2:3] != ("triage",):
        return (*(word for word in words if word != _CHECK), "--yes")
    if words[:1] and words[0] in _UP:
        return (*words, "--yes")
    return None


def checking(command: str) -> tuple[str, ...] | None:
    """Return the arguments of `heddle` with which a named runbook shows its plan; None for anything else."""
    words = _arguments(command)
    if words[:2] != ("runbook", "run"):
        return None
    return words if _CHECK in words or words[2:3] == ("triage",) else (*words, _CHECK)


def runbook_of(command: str) -> str:
    """Return the runbook that a command runs; empty for another command."""
    words = _arguments(command)
    return words[2] if words[:2] == ("runbook", "run") and len(words) > 2 else ""


def _arguments(command: str) -> tuple[str, ...]:
    """Return what follows `heddle` in a command; nothing of another program's, or of one that is none."""
    try:
        program, *rest = shlex.split(command)
    except ValueError:
        return ()
    return tuple(rest) if program == "heddle" else ()


async def start_heddle(
    command: Sequence[str],
    folder: Path,
    *,
    seconds: float = _SECONDS,
    environment: Mapping[str, str] | None = None,
) -> Answer:
    """Run `heddle` with these arguments to its end in a project's folder, and return what it said.

    Raises RunbookError for one that has not ended after so many seconds; it is ended then.
    """
    process = await asyncio.create_subprocess_exec(
        *HEDDLE,
        *command,
        cwd=folder,
        env={**os.environ, "COLUMNS": "200", **(environment or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate()
    except TimeoutError:
        line = shlex.join(("heddle", *command))
        raise RunbookError(
            f"`{line}` has not ended after {seconds:.0f} s", hint="Run it by hand, and see what it waits for."
        ) from None
    finally:
        await _end(process)
    return Answer(command=tuple(command), code=process.returncode or 0, words=output.decode(errors="replace"))


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a process that is still there, with all that it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _GRACE)


async def triage(stack: str, folder: Path, *, seconds: float = _SECONDS) -> tuple[Found, ...]:
    """Return what `triage` finds, the most serious first. Raises RunbookError when it fails."""
    with tempfile.TemporaryDirectory(prefix="heddle-triage-") as scratch:
        command = ("runbook", "run", "triage", "--stack", stack, "-e", f"patience={_PATIENCE}")
        answer = await start_heddle((*command, "--artifacts", scratch), folder, seconds=seconds)
        report = Path(scratch) / "triage.json"
        if answer.code or not report.exists():
            raise RunbookError(
                f"triage of stack {stack} ended with {answer.code}: {answer.end}",
                hint=f"Run it by hand: heddle runbook run triage --stack {stack}.",
            )
        data: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    fields = ("cause", "about", "words", "command", "severity")
    return tuple(Found(**{name: str(each[name]) for name in fields}) for each in data["findings"])
