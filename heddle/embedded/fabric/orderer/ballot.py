"""Keep what a consenter has voted for and accepted, so that it keeps its word when its process is killed."""

import base64
import json
from pathlib import Path
from typing import Any

from fabric_protos.common import common_pb2

__all__ = ["Ballot"]


class Ballot:
    """Hold the term that a consenter of a channel is in, its vote in it, and the block that it accepted last.

    Args:
        path: the file in which they are kept. That it outlives a crash of the machine is not promised.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        written: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        self.term: int = written.get("term", 0)
        self._voted: str = written.get("voted", "")
        self.accepted: int = written.get("accepted", 0)
        """The term in which `block` was accepted."""
        self.block: common_pb2.Block | None = None
        if block := written.get("block"):
            self.block = common_pb2.Block.FromString(base64.b64decode(block))

    def may_vote(self, candidate: str, term: int) -> bool:
        """Tell whether there is a vote for this candidate: each term has one."""
        return term > self.term or (term == self.term and self._voted in {"", candidate})

    def vote(self, candidate: str, term: int) -> None:
        """Vote for a candidate; see `may_vote`."""
        self._write(term=term, voted=candidate)

    def enter(self, term: int) -> None:
        """Be in a term, in which somebody else leads or wants to."""
        if term > self.term:
            self._write(term=term, voted="")

    def accept(self, term: int, block: common_pb2.Block) -> None:
        """Accept a block in a term; the one before is forgotten."""
        if self.accepted == term and self.block == block:
            return
        self.accepted, self.block = term, block
        self._write(term=self.term, voted=self._voted)

    def _write(self, *, term: int, voted: str) -> None:
        self.term, self._voted = term, voted
        block = b"" if self.block is None else self.block.SerializeToString()
        content = {
            "term": term,
            "voted": voted,
            "accepted": self.accepted,
            "block": base64.b64encode(block).decode(),
        }
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(content))
        new.replace(self._path)
