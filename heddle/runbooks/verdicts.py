"""Hold what a diagnosis of a peer says, the remedies that apply, and both in words. Pure."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from heddle.errors import RunbookError

__all__ = ["Diagnosis", "Remedy", "Verdict", "plan_lines"]


class Verdict(StrEnum):
    """Name the states that a peer can be in."""

    SOUND = "sound"
    """Ready, on its channels, with its packages, level with the orderers."""
    BROKEN = "broken"
    """The peer does not start, or does not go on, because of its ledger."""
    UNOPENED = "unopened"
    """The peer runs without a channel: it has the channel's ledger, but could not open it."""
    INCOMPLETE = "incomplete"
    """The peer runs, but lacks channels, packages or blocks: a run before this one did not end."""
    STOPPED = "stopped"
    """An earlier run took it out of service and did not end."""
    OTHER = "other"
    """Something else is wrong, or it cannot be told."""


class Remedy(StrEnum):
    """A way to mend a peer; the milder ones come first."""

    REBUILD = "rebuild"
    """`peer node rebuild-dbs`: databases are made again from the blocks, which stay, as private data does."""
    REFETCH = "refetch"
    """All but the store of private data is renamed on the volume; blocks are fetched again."""
    SET_ASIDE = "set-aside"
    """Everything is renamed on the volume, and the peer starts with nothing."""


_RUNS = (Verdict.SOUND, Verdict.INCOMPLETE)
"""Verdicts on peers that run: nothing is broken that anybody knows of, so a person may ask for any remedy."""


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """The state of a peer. `remedies` are to be tried in this order; none where nothing is broken."""

    peer: str
    verdict: Verdict
    why: str
    evidence: tuple[str, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    if_unopened: tuple[Remedy, ...] = ()
    """Remedies for the case that a join shows a missing channel to have a ledger that is not open."""
    date: str = ""
    """The start of an earlier run that is to be ended, as that run wrote it; else empty."""
    missing_channels: tuple[str, ...] = ()
    missing_packages: tuple[str, ...] = ()
    behind: Mapping[str, str] = field(default_factory=dict)
    nodes: tuple[str, ...] = ()
    """StatefulSets that hold the ledger: the peer's, and its CouchDB's."""
    standin: bool = False

    def limited_to(self, choice: str) -> "Diagnosis":
        """Keep the remedy that a person chose; `auto` keeps all. Raises RunbookError if it does not fit.

        A peer that runs may be damaged where nobody looks at its start: a person who knows it may choose any.
        """
        if choice == "auto" or self.verdict is Verdict.OTHER:
            return self
        wanted = Remedy(choice)
        known = tuple(each for each in Remedy if not (self.standin and each is Remedy.REBUILD))
        allowed = known if self.verdict in _RUNS else self.remedies
        if wanted not in allowed:
            raise RunbookError(
                f"{self.peer}: {self.why}; {wanted.value} does not mend that",
                hint=f"What may: {', '.join(allowed)}. Leave `remedy` out for the mildest.",
            )
        return replace(self, remedies=(wanted,), if_unopened=())

    def plain(self) -> dict[str, Any]:
        """Return the diagnosis as plain data, which Ansible can hold."""
        data: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return data


_WORDS = {
    Remedy.REBUILD: "stop it, drop what its blocks can make again (peer node rebuild-dbs), start it",
    Remedy.REFETCH: "stop it, rename its ledger to set-aside-DATE-blocks on its volume, all but its store of "
    "private data, start it",
    Remedy.SET_ASIDE: "stop it, rename its ledger to set-aside-DATE on its volume, start it with none",
}


def plan_lines(found: Diagnosis) -> list[str]:
    """Return the diagnosis and what would be done, as lines for people."""
    lines = [f"{found.peer}: {found.why}", *(f"  {line}" for line in found.evidence)]
    for number, remedy in enumerate(found.remedies):
        first = "as was asked for" if found.verdict in _RUNS else "then"
        lines.append(f"{'if that does not open its ledger' if number else first}: {_WORDS[remedy]}")
    if {Remedy.REFETCH, Remedy.SET_ASIDE} & set(found.remedies):
        lines.append("then: join its channels with their verified block 0, install its packages, catch up")
    lines += [f"then: join {name}" for name in found.missing_channels]
    lines += [f"if it has a ledger of them that is not open: {_WORDS[each]}" for each in found.if_unopened]
    lines += [f"then: install {label}" for label in found.missing_packages]
    lines += [f"then: wait for {name}: {words}" for name, words in found.behind.items()]
    if found.verdict is Verdict.SOUND and not found.remedies:
        lines.append("nothing is to be done")
    return lines
