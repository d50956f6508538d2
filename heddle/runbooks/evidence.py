"""Find in the log of a peer that does not start what is wrong with its ledger. Pure.

Fabric's panics do not name the database; the functions in their traces do. Seen on 3.1.5, source:
core/ledger/kvledger/kv_ledger_provider.go, common/ledger/blkstorage, core/transientstore.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from heddle.text import without_colours

__all__ = ["Damage", "Finding", "damage_behind", "find_damage"]

_LINES = 3
"""Lines of the log that are shown as evidence."""

_LAST_WORDS = re.compile(r"(panic|fatal error|peer|Error): \S")

_DERIVED = {
    "initStateDBProvider": "the state database",
    "initHistoryDBProvider": "the history database",
    "initConfigHistoryManager": "the configuration history",
    "initBlockStoreProvider": "the index of the block files",
    "recoverDBs": "a database that has to follow the block files",
}
"""Functions that open what `peer node rebuild-dbs` drops and the next start makes again from the blocks."""

_FETCHED = {
    "(*BlockStoreProvider).Open": "the block files",
    "initLedgerIDInventory": "the list of ledgers",
    "transientstore.": "the transient store",
}
"""Functions that open what other nodes have as well."""
_PRIVATE = {"initPvtDataStoreProvider": "the store of private data"}
"""Functions that open what only other members' peers have, if any."""

_DERIVED_WORDS = ("is ahead of the block store",)
_WORDS = (
    *_DERIVED_WORDS,
    "block file",
    "Committer height cannot be zero",
    "leveldb",
    "ledgersData",
    "ledger of channel",
    "Fail to recover DB",
)
"""Said by a peer that cannot read its ledger; the last but one by Heddle's stand-ins."""


class Damage(StrEnum):
    """The part of a ledger that is broken."""

    NONE = "none"
    """The log tells of no trouble with the ledger."""
    DERIVED = "derived"
    """Only databases that are made again from the block files."""
    LEDGER = "ledger"
    """Block files, or something that the log does not tell; not the store of private data."""
    PRIVATE = "private"
    """The store of private data."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The damage that a log shows. `part`: what is broken, in words; `lines`: the words of the log."""

    damage: Damage
    part: str = ""
    lines: tuple[str, ...] = ()


_DAMAGE = {Damage.PRIVATE: _PRIVATE, Damage.LEDGER: _FETCHED, Damage.DERIVED: _DERIVED}


def find_damage(log: str) -> Finding:
    """Judge the end of a log, with panic and trace, of a peer's container that has ended."""
    lines = _from_the_end_on([without_colours(line).rstrip() for line in log.splitlines()])
    telling = [line for line in lines if any(word in line for word in _WORDS) and not _is_trace(line)]
    shown = tuple(dict.fromkeys([*lines[:1], *telling]))[:_LINES]
    if not telling:
        return Finding(damage=Damage.NONE, lines=tuple(filter(None, lines))[:_LINES])
    trace = "\n".join(line for line in lines if _is_trace(line))
    for damage, functions in _DAMAGE.items():
        for function, part in functions.items():
            if function in trace:
                return Finding(damage=damage, part=part, lines=shown)
    if any(word in line for word in _DERIVED_WORDS for line in telling):
        return Finding(damage=Damage.DERIVED, part="the state database", lines=shown)
    return Finding(damage=Damage.LEDGER, part="the ledger", lines=shown)


def damage_behind(reason: str) -> Damage:
    """Judge the reason of a peer that runs, but could not open a ledger.

    Seen on 3.1.5: blocks that cannot be read, when the index or the state is made again from them ("proto:
    cannot parse invalid wire-format data", "channelconfig Config cannot be nil"). So the block files are
    broken unless the words tell of a database.
    """
    return Damage.DERIVED if any(words in reason for words in _DERIVED_WORDS) else Damage.LEDGER


def _from_the_end_on(lines: list[str]) -> list[str]:
    """Return the lines in which a process says why it ended, or its last lines where it does not say.

    A peer prints its whole configuration before, which has most of the words that matter here.
    """
    for number, line in enumerate(lines):
        if _LAST_WORDS.match(line):
            return lines[number:]
    return lines[-_LINES:]


def _is_trace(line: str) -> bool:
    """Tell whether a line is one of a Go trace: a function of a package, or its place."""
    return line.startswith(("github.com/", "\tgithub.com/", "main.", "goroutine "))
