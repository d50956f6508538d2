"""What a consenter must not forget between two lives: its term, its vote, the block it has accepted."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path

from fabric_protos.common import common_pb2

__all__ = ["Ballot", "BallotFile", "Pending"]


@dataclass(frozen=True, kw_only=True)
class Pending:
    """The block proposed for the next place, and the term whose leader proposed it."""

    term: int
    block: common_pb2.Block


@dataclass(frozen=True, kw_only=True)
class Ballot:
    """The promises of one consenter in one channel."""

    term: int = 0
    voted_for: str = ""
    pending: Pending | None = None


class BallotFile:
    """Keeps a Ballot in `<folder>/ballot.json`: it outlives the process, not a crash of the machine."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "ballot.json"

    def load(self) -> Ballot:
        """The ballot as saved last; a fresh one at first."""
        try:
            saved = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return Ballot()
        pending = saved["pending"] and Pending(
            term=saved["pending"]["term"],
            block=common_pb2.Block.FromString(base64.b64decode(saved["pending"]["block"])),
        )
        return Ballot(term=saved["term"], voted_for=saved["voted_for"], pending=pending)

    def save(self, ballot: Ballot) -> None:
        """Replace what was saved, whole: a process that is killed leaves the old ballot or the new one."""
        pending = ballot.pending and {
            "term": ballot.pending.term,
            "block": base64.b64encode(ballot.pending.block.SerializeToString()).decode(),
        }
        text = json.dumps({"term": ballot.term, "voted_for": ballot.voted_for, "pending": pending})
        fresh = self._path.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(self._path)

    def remove(self) -> None:
        """Forget everything: the channel is gone from this node."""
        self._path.unlink(missing_ok=True)
