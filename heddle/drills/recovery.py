"""Recover as the alarm says: its command, else what `triage` names, else what the page says; and prove it."""

import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from heddle.drills.hands import Hands
from heddle.drills.model import Edits
from heddle.errors import RunbookError, Unreachable
from heddle.planner.incidents import Cause
from heddle.runbooks.following import Found, acting
from heddle.waiting import poll

__all__ = ["Recovery", "Way", "command_of"]

_ROUNDS: Final = 3
"""Commands that `triage` names which are followed, one after the other."""
_SETTLES: Final = 90.0
"""Seconds in which a recovered instance finds itself: nodes catch up, gossip knows its peers again."""
_HARMLESS: Final = frozenset({"note"})
"""Severities of findings that are no trouble."""
_OF_LOAD: Final = frozenset({Cause.HEIGHT_GAP, Cause.NODE_SLOW})
"""Causes that a busy network shows at any moment: under load one node is blocks behind another."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """Hold what the page of an incident says: edits of the stack file, and commands after them."""

    edits: Callable[[], Awaitable[Edits]]
    commands: Sequence[Sequence[str]]


@dataclass(kw_only=True)
class Recovery:
    """Follow an alarm until `triage` finds nothing that it did not find before the damage.

    known: keys of what it found before. followed: the commands that were run, as they are typed. failures:
    the ends of those that failed. found: what the first `triage` said.
    """

    hands: Hands
    known: Collection[tuple[str, str]]
    tell: Callable[[str], None]
    followed: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)

    async def follow(self, command: str, way: Way) -> bool:
        """Follow an alarm's command (empty: there is none) to the end; return whether all is well then."""
        named = acting(command)
        if named is not None and await self._acted(named):
            return True
        tried = {named}
        for _ in range(_ROUNDS):
            findings = await self._looked(lambda _: True)
            self._note(findings)
            if not findings:
                return True
            named = next(
                (words for each in findings if (words := acting(each.command)) not in {None, *tried}), None
            )
            if named is None:
                break
            tried.add(named)
            if await self._acted(named):
                return True
        return await self.by_page(way)

    async def by_page(self, way: Way) -> bool:
        """Do what the page says: edit the stack file, run its commands; return whether all is well then."""
        if edits := await way.edits():
            self.followed.append(
                "edit " + ", ".join(f"{'.'.join(path)}: {value}" for path, value in edits.items())
            )
            self.tell(self.followed[-1])
            self.hands.edit(edits)
        for command in way.commands:
            await self._run(command)
        return not await self._settled()

    async def _acted(self, command: Sequence[str]) -> bool:
        """Run a command; return whether it ended well and all is well then."""
        return await self._run(command) and not await self._settled()

    async def _run(self, command: Sequence[str]) -> bool:
        began = time.monotonic()
        answer = await self.hands.run(command)
        self.followed.append(answer.line)
        ended = "" if not answer.code else f", ended with {answer.code}"
        self.tell(f"{answer.line} ({time.monotonic() - began:.0f} s{ended})")
        if answer.code:
            self.failures.append(f"`{answer.line}` ended with {answer.code}: {answer.end}")
        return not answer.code

    async def _settled(self) -> tuple[Found, ...]:
        """Return what `triage` still finds once the instance had time to find itself."""
        return await self._looked(lambda found: not found)

    async def _looked(self, enough: Callable[[tuple[Found, ...]], bool]) -> tuple[Found, ...]:
        """Look until `enough` of what is new; a `triage` that fails is tried again."""

        async def look(_left: float) -> tuple[Found, ...]:
            try:
                findings = await self.hands.triage()
            except RunbookError as error:
                raise Unreachable(error.message, hint=error.hint) from error
            return tuple(each for each in findings if self._counts(each))

        return await poll(look, enough, deadline=_SETTLES, until="until triage finds nothing")

    def _counts(self, found: Found) -> bool:
        new = found.key not in self.known
        return new and found.severity not in _HARMLESS and found.cause not in _OF_LOAD

    def _note(self, findings: Sequence[Found]) -> None:
        if not self.found:
            self.found = [f"{each.about}: {each.words} → {each.command}" for each in findings]
            for line in self.found:
                self.tell(f"triage: {line}")


def command_of(words: Sequence[str], stack: str, facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a page's command for a stack, with the names that the drill noted; it asks nothing."""
    filled = [word.format(**facts) for word in words]
    if filled[:2] == ["runbook", "run"]:
        return (*filled[:3], "--stack", stack, *filled[3:], "--yes")
    return (*filled, stack, "--yes")
