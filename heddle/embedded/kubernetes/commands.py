"""Run a command of this machine and turn its failure into an answer."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from heddle.embedded.kubernetes.machine import find_program
from heddle.errors import LocalKubeError

__all__ = ["run", "succeeds"]

_QUESTION = 30.0
"""Seconds for a command that is asked for its exit code."""


def run(*argv: str | Path, seconds: float = 30) -> str:
    """Run a command and return its standard output.

    Raises:
        LocalKubeError: the program is missing, it failed or it took more than `seconds`; with its own words.
    """
    words = _resolved(argv)
    try:
        result = subprocess.run(words, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise LocalKubeError(f"{' '.join(map(str, argv))}: no end after {seconds:g} s") from error
    if result.returncode != 0:
        said = (result.stderr or result.stdout).strip()
        raise LocalKubeError(f"{' '.join(map(str, argv))}: exit code {result.returncode}: {said}")
    return result.stdout


def succeeds(*argv: str | Path) -> bool:
    """Tell whether a command ends with exit code 0; for questions like `iptables --check`.

    Raises:
        LocalKubeError: the program is missing or did not end, so there is no answer.
    """
    try:
        done = subprocess.run(_resolved(argv), capture_output=True, check=False, timeout=_QUESTION)
    except subprocess.TimeoutExpired as error:
        raise LocalKubeError(f"{' '.join(map(str, argv))}: no end after {_QUESTION:g} s") from error
    return done.returncode == 0


def _resolved(argv: Sequence[str | Path]) -> list[str]:
    program = find_program(str(argv[0]))
    if program is None:
        raise LocalKubeError(f"{argv[0]}: not found on this machine")
    return [program, *map(str, argv[1:])]
