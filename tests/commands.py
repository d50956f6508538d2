"""Find the commands in README and in docs/operations, and how each of them is tried.

A command is a line of a fence of `sh`, a line after `$ ` in any other fence, or a span of code in README that
begins with `heddle` or `make`. Names of stacks are examples: `dev`, `offline` and `prod` are all STACK here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

__all__ = ["COMMANDS", "ROOT", "Trial", "commands_of", "pages", "trials"]

ROOT = Path(__file__).parent.parent
COMMANDS = ROOT / "tests/cases/newcomer/commands.yaml"
_STACKS = re.compile(r"\b(?:dev|offline|prod)\b(?![-/])")
_COMMENT = re.compile(r"\s{2,}#\s.*$")
_SPAN = re.compile(r"`((?:heddle|make) [^`]+)`")


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How commands are tried, in the order in which a newcomer could run them.

    `commands` go into one shell, as they stand or as `run` has them. `expect`: words of the output. `needs`:
    programs without which they are skipped. `by`: the test that tries them instead; `because`: why none does.
    """

    commands: tuple[str, ...]
    run: str = ""
    expect: str = ""
    needs: tuple[str, ...] = ()
    by: str = ""
    because: str = ""

    @property
    def name(self) -> str:
        """The first command."""
        return self.commands[0]


def trials() -> tuple[Trial, ...]:
    """Return how every command is tried, in order."""
    return tuple(_trial(**each) for each in yaml.safe_load(COMMANDS.read_text()))


def _trial(*, command: str | list[str], needs: list[str] | None = None, **rest: Any) -> Trial:
    commands = (command,) if isinstance(command, str) else tuple(command)
    return Trial(commands=commands, needs=tuple(needs or ()), **rest)


def pages() -> tuple[Path, ...]:
    """Return the pages whose commands count."""
    return (ROOT / "README.md", *sorted((ROOT / "docs/operations").glob("*.md")))


def commands_of(page: Path) -> list[str]:
    """Return the commands of a page, each once, without prompts and comments."""
    return list(dict.fromkeys(map(_plain, _found(page.read_text(), spans=page == ROOT / "README.md"))))


def _found(text: str, *, spans: bool) -> Iterator[str]:
    fence: str | None = None
    continued = ""
    for line in text.splitlines():
        if opened := re.match(r"\s*```(\w*)", line):
            fence = None if fence is not None else opened[1]
        elif fence is not None:
            stripped = continued + line.strip()
            if not (continued or fence == "sh" or stripped.startswith("$ ")) or not stripped:
                continue
            continued = stripped.removesuffix("\\") if stripped.endswith("\\") else ""
            if not continued:
                yield stripped
        elif spans:
            yield from _SPAN.findall(line)


def _plain(command: str) -> str:
    without = _COMMENT.sub("", command.removeprefix("$ "))
    return _STACKS.sub("STACK", " ".join(without.removeprefix(".venv/bin/").split()))
