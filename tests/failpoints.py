"""Kill a command at its Nth write, and see whether the next run finishes.

Usage, from the folder of the project, which has to be on PYTHONPATH elsewhere:

    python -m tests.failpoints --log FILE -- up STACK --yes --skip-preview
    python -m tests.failpoints --kill-at 7 --log FILE -- up STACK --yes --skip-preview
    python -m tests.failpoints --kill-at 7 --after --log FILE --program pulumi -- up --yes

    python -m tests.failpoints --past PAST --after --log FILE -- up STACK --yes --skip-preview

`--log` names a file that gets a line for each write, with its number: `12 kubernetes PATCH /api/v1/…`,
`13 state save`, `14 node orderer0 broadcast trade CONFIG_UPDATE`, `15 target put backups/…`. Without
`--kill-at` nothing is killed: that lists the writes. With it the command and all of its children get
SIGKILL before the write, with `--after` when the write is answered and nobody has heard of it yet. Two runs
of one command write in about the same order, not in the very same: what goes on side by side may change
places. `--past` chooses the first write at which no run before was killed, as that file says, and notes it.

Exit code: the command's own; 137 = it was killed. Of Pulumi's CLI only what Heddle's provider writes counts.
"""

import argparse
import ctypes
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
KILLED = 137
"""The exit code of a command that was killed."""
_VARIABLE = "HEDDLE_FAILPOINT"
_PR_SET_CHILD_SUBREAPER = 36


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command as the arguments say, and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.failpoints")
    parser.add_argument("--kill-at", type=int, default=0, metavar="N")
    parser.add_argument("--past", type=Path, metavar="PAST")
    parser.add_argument("--after", action="store_true")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--program", default="", help="another command than `heddle`")
    parser.add_argument("command", nargs="+", metavar="-- COMMAND")
    given = parser.parse_args(arguments)
    given.log.unlink(missing_ok=True)
    given.log.touch()
    # What loses its parent becomes this process's child, so that it is still found.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    program = [given.program] if given.program else [sys.executable, "-m", "heddle.cli.app"]
    point = {
        "log": str(given.log.resolve()),
        "number": given.kill_at,
        "after": given.after,
        "root": os.getpid(),
        "past": str(given.past.resolve()) if given.past else "",
    }
    folders = [str(ROOT / "tests/failpoint_site"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        _VARIABLE: json.dumps(point),
        "PYTHONPATH": os.pathsep.join(filter(None, folders)),
    }
    code = subprocess.run([*program, *given.command], env=environment, check=False).returncode
    return KILLED if code < 0 else code


@dataclass(frozen=True, kw_only=True)
class Killed:
    """Describe a run under a failpoint: its exit code, its writes in order, and what it said."""

    code: int
    writes: tuple[str, ...]
    output: str

    @property
    def was_killed(self) -> bool:
        """Tell whether the failpoint ended it."""
        return self.code == KILLED


@dataclass(frozen=True, kw_only=True)
class Failpoints:
    """Runs `heddle` commands in a folder, each killed at a write of its own.

    environment: of the commands. log: a file for the writes of the run.
    """

    folder: Path
    environment: Mapping[str, str]
    log: Path
    timeout: float = 900.0

    def run(
        self, command: Sequence[str], *, kill_at: int = 0, after: bool = False, past: Path | None = None
    ) -> Killed:
        """Run a command to its end, or to the write at which it is killed; `past`: the first new one."""
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tests.failpoints", "--log", str(self.log)),
                *("--kill-at", str(kill_at), *(["--after"] if after else [])),
                *(["--past", str(past)] if past else []),
                *("--", *command),
            ],
            cwd=self.folder,
            env={**self.environment, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=self.timeout,
            check=False,
        )
        writes = tuple(self.log.read_text().splitlines())
        return Killed(code=done.returncode, writes=writes, output=done.stdout)

    def finish(self, command: Sequence[str]) -> Killed:
        """Run a command that must succeed."""
        done = self.run(command)
        assert done.code == 0, f"{' '.join(command)} ended with {done.code}:\n{done.output}"
        return done


@dataclass(frozen=True, kw_only=True)
class Operation:
    """Describe a change: what makes it wanted, the command that does it, and the proof that it is done."""

    name: str
    edit: Callable[[], None]
    command: Sequence[str]
    check: Callable[[], None]


def kill_at_every_write(
    points: Failpoints,
    there: Operation,
    back: Operation,
    *,
    sample: int = 0,
    seed: int = 0,
    tell: Callable[[str], None] = print,
) -> int:
    """Go there and back, killed at each write in turn; after each kill the same command must finish.

    Both ways are gone once unharmed, which lists their writes. `sample`: only so many of each way's kills,
    chosen at random (`seed`); 0 = before every write. Returns how many runs were killed.
    """
    writes = {}
    for way in (there, back):
        way.edit()
        writes[way.name] = points.finish(way.command).writes
        way.check()
    chosen = {name: _points(len(lines), sample, seed) for name, lines in writes.items()}
    killed = 0
    for turn in range(max(map(len, chosen.values()), default=0)):
        for way in (there, back):
            way.edit()
            number = next(iter(chosen[way.name][turn:]), 0)
            if number:
                # Both sides of a write matter: not yet done, and done but nobody heard of it.
                run = points.run(way.command, kill_at=number, after=bool(turn % 2))
                assert run.was_killed or run.code == 0, f"{way.name}, write {number}:\n{run.output}"
                killed += run.was_killed
                last = run.writes[-1] if run.writes else "no write"
                tell(f"{way.name}: {'killed' if run.was_killed else 'ended'} at {last}")
            points.finish(way.command)
            way.check()
    return killed


def kill_again_and_again(
    points: Failpoints, command: Sequence[str], *, most: int = 60, tell: Callable[[str], None] = print
) -> int:
    """Run one command killed at its 1st write, then at its 2nd …, until a run ends by itself.

    Each run begins where the last one was killed. Returns how many runs were killed.
    """
    for number in range(1, most + 1):
        run = points.run(command, kill_at=number, after=bool(number % 2))
        if not run.was_killed:
            assert run.code == 0, f"after {number - 1} kills:\n{run.output}"
            return number - 1
        tell(f"killed at {run.writes[-1]}")
    points.finish(command)
    return most


def kill_at_each_new_write(
    points: Failpoints, command: Sequence[str], *, most: int = 400, tell: Callable[[str], None] = print
) -> int:
    """Run one command killed after each of its writes in turn, until a run finds no new one and ends.

    Each run begins where the last one was killed, passes the writes at which others were, and dies at the
    next. So there is a kill between every two writes, and no run to the end for each. Returns how many.
    """
    past = points.log.with_suffix(".past")
    past.unlink(missing_ok=True)
    for number in range(most + 1):
        run = points.run(command, after=True, past=past)
        if not run.was_killed:
            assert run.code == 0, f"after {number} kills:\n{run.output}"
            return number
        tell(f"killed after {past.read_text().splitlines()[-1].partition(' ')[2]}")
    raise AssertionError(f"{most} kills, and there is still a new write")


def _points(writes: int, sample: int, seed: int) -> list[int]:
    every = list(range(1, writes + 1))
    if not sample or sample >= writes:
        return every
    return sorted(random.Random(seed).sample(every, sample))  # noqa: S311 - a choice, not a key


if __name__ == "__main__":
    sys.exit(main())
