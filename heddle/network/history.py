"""Follow a channel's configuration from block to block, so that no orderer has to be believed."""

from collections.abc import Awaitable, Callable

from fabric_protos.common.common_pb2 import Block

from heddle.configtx.blocks import block_hash, last_config_index
from heddle.configtx.trust import ConfigMark, ProvedConfig, again, first, follow
from heddle.errors import ConfigtxError, Unreachable

__all__ = ["ConfigHistory", "ReadBlock"]

ReadBlock = Callable[[int], Awaitable[Block]]
"""Reads the block of this number from the node that is to be proved right."""

_MOST_BYTES = 256 * 1024 * 1024
"""Bytes of configuration blocks that are kept while their predecessors are read: thousands of real ones."""


class ConfigHistory:
    """Remember the newest configuration of a channel that was proved, and prove newer ones from it.

    `refused` has what nodes said that does not hold, by their names; the other nodes' answers were used.
    """

    def __init__(self, channel: str, genesis_hash: str = "", mark: ConfigMark | None = None) -> None:
        """Begin at a block that was proved earlier, else at the genesis block with this hash, hexadecimal."""
        self.channel = channel
        self.refused: dict[str, str] = {}
        self._mark = mark or (ConfigMark(number=0, hash=genesis_hash) if genesis_hash else None)
        self._known: ProvedConfig | None = None

    @property
    def mark(self) -> ConfigMark | None:
        """Return the newest configuration block that is proved; None before a genesis block is known."""
        return self._mark

    def begin(self, genesis: Block) -> None:
        """Begin with a genesis block that is trusted: this stack's own."""
        self._know(first(genesis, self.channel, block_hash(genesis.header).hex()))

    async def prove(self, block: Block, read: ReadBlock) -> None:
        """Prove a configuration block, by the blocks between it and the newest one that is proved.

        Raises:
            ConfigtxError: it cannot be believed; says why.
            Unreachable: it is older than the newest one that is proved, so it tells nothing of now.
            FabricError: the blocks that it rests on could not be read.
        """
        if self._mark is None:
            raise ConfigtxError(f"channel {self.channel}: no genesis block is known to begin with")
        number = int(block.header.number)
        if number < self._mark.number:
            raise Unreachable(
                f"configuration block {number} of {self.channel} is older than block {self._mark.number}, "
                "which was proved before",
                hint="The node lacks blocks and catches up, or its ledger was put back: the state must be "
                "of the same time: `heddle backup restore` puts both back.",
            )
        if number == self._mark.number:
            self._know(again(block, self.channel, self._mark))
            return
        known = await self._start(read)
        for each in await self._between(known.mark.number, block, read):
            known = follow(known, each, self.channel)
        self._know(known)

    async def _start(self, read: ReadBlock) -> ProvedConfig:
        """Return the newest configuration that is proved; read its block if only the mark is known."""
        if self._known is None and self._mark is not None:
            self._know(again(await read(self._mark.number), self.channel, self._mark))
        if self._known is None:
            raise ConfigtxError(f"channel {self.channel}: no genesis block is known to begin with")
        return self._known

    async def _between(self, known: int, newest: Block, read: ReadBlock) -> list[Block]:
        """Return the configuration blocks after the known one up to the newest one, oldest first.

        Every block names the last configuration block up to itself.
        """
        chain, size = [newest], newest.ByteSize()
        while (before := last_config_index(await read(chain[-1].header.number - 1))) != known:
            number = int(chain[-1].header.number)
            if not known < before < number:
                raise ConfigtxError(
                    f"block {number - 1} names {before} as the last configuration block, which cannot be: "
                    f"block {known} is one"
                )
            chain.append(await read(before))
            size += chain[-1].ByteSize()
            if size > _MOST_BYTES:
                raise ConfigtxError(
                    f"the configuration blocks after block {known} have more than {size} bytes"
                )
        return chain[::-1]

    def _know(self, proved: ProvedConfig) -> None:
        if self._mark is None or proved.mark.number >= self._mark.number:
            self._known, self._mark = proved, proved.mark
