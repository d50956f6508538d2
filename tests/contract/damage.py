"""Damage a stopped peer's ledger so that its next start cannot open it, but does not end for it."""

import subprocess
from pathlib import Path

from heddle.fabric.node import Node
from heddle.ledgerfiles.wire import varint_at
from tests.real.network import RealNetwork


def spoil_blocks(network: RealNetwork, peer: Node, channel: str, *, standin: bool) -> None:
    """Overwrite a part of the block file; an official peer's databases are dropped besides.

    While it has them, an official peer reads no old block at its start.
    """
    folder = network.folder / peer.name / "production/ledgersData/chains/chains"
    blocks = folder / channel / "blockfile_000000"
    if standin:
        _overwrite(blocks, _second_block(blocks), 64)
        return
    _overwrite(blocks, 100, 3000)
    program = network.programs[peer.name]
    rebuild = [program.argv[0], "node", "rebuild-dbs"]
    subprocess.run(rebuild, env=program.environment, cwd=program.folder, capture_output=True, check=True)


def _second_block(blocks: Path) -> int:
    """Return where the content of block 1 begins in a file; block 0 tells whose ledger it is."""
    content = blocks.read_bytes()
    length, start = varint_at(content, 0)
    return varint_at(content, start + length)[1]


def _overwrite(path: Path, start: int, count: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xff" * count)
