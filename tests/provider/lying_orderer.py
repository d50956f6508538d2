"""A stand-in orderer that orders honestly and hands out other blocks than it has.

The folder LIES holds them, one file a number: those blocks are served in place of its own, and a number
beyond its height makes it the newest. A file may come at any time.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fabric_protos.common import common_pb2

from heddle.embedded.fabric.deliver import Chain, Delivery
from heddle.embedded.fabric.orderer import __main__ as program


class _Lies:
    """A ledger whose blocks are partly replaced."""

    def __init__(self, ledger: Any) -> None:
        self._ledger = ledger
        self._folder = Path(os.environ["LIES"])

    @property
    def height(self) -> int:
        numbers = [int(path.name) for path in self._folder.iterdir() if path.name.isdigit()]
        return max([int(self._ledger.height), *(number + 1 for number in numbers)])

    def block(self, number: int) -> common_pb2.Block:
        path = self._folder / str(number)
        if path.exists():
            return common_pb2.Block.FromString(path.read_bytes())
        block: common_pb2.Block = self._ledger.block(min(number, self._ledger.height - 1))
        block.header.number = number
        return block

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


class _LyingChain:
    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self.ledger = _Lies(chain.ledger)

    def errored(self) -> bool:
        """It serves its blocks also without a leader."""
        return False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chain, name)


def _delivery(*, chain_of: Callable[[str], Chain | None], **others: Any) -> Delivery:
    def lying(channel: str) -> Any:
        chain = chain_of(channel)
        return _LyingChain(chain) if chain is not None else None

    return Delivery(chain_of=lying, **others)


if __name__ == "__main__":
    setattr(program, "Delivery", _delivery)  # noqa: B010 - the program does not export it
    program.main()
