"""Note how far a ledger is as text: what a hibernated instance keeps of its ledgers. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["LedgerMark", "mark_texts", "most_blocks", "read_marks"]


@dataclass(frozen=True, kw_only=True)
class LedgerMark:
    """Describe a ledger by the number of its blocks and the hash of the newest one; empty: not told."""

    height: int
    newest_hash: str

    def __str__(self) -> str:
        return f"{self.height} {self.newest_hash}".rstrip()

    @classmethod
    def read(cls, text: str) -> "LedgerMark | None":
        """Return the mark that `str` wrote; None for another text."""
        height, _, newest_hash = text.partition(" ")
        return cls(height=int(height), newest_hash=newest_hash) if height.isdecimal() else None


def read_marks(noted: Mapping[str, str]) -> dict[str, LedgerMark]:
    """Return the marks of a node by channel, without texts that are none."""
    marks = {channel: LedgerMark.read(text) for channel, text in noted.items()}
    return {channel: mark for channel, mark in marks.items() if mark is not None}


def mark_texts(marks: Mapping[str, LedgerMark]) -> dict[str, str]:
    """Return a node's marks as texts, which `read_marks` reads."""
    return {channel: str(mark) for channel, mark in marks.items()}


def most_blocks(nodes: Iterable[Mapping[str, LedgerMark]]) -> dict[str, int]:
    """Return by channel the number of blocks of the node that has most of them."""
    most: dict[str, int] = {}
    for marks in nodes:
        for channel, mark in marks.items():
            most[channel] = max(mark.height, most.get(channel, 0))
    return most
