"""Check the blocks of a channel in their order, as one or more nodes hold them.

Each copy is checked by itself: its number, the hash of the block before, its data, the signatures of the
ordering service and, of a configuration, the update that made it. Copies that hold may still differ.
"""

from collections import Counter
from collections.abc import Hashable, Mapping

from fabric_protos.common import common_pb2

from heddle.configtx.blocks import (
    block_hash,
    check_data,
    is_config_block,
    last_config_index,
    signatures_of,
    verify_block,
)
from heddle.configtx.trust import ProvedConfig, first, follow
from heddle.errors import ConfigtxError, IdentityError

__all__ = ["LedgerCheck"]


class LedgerCheck:
    """Go from block to block, beginning at the genesis block with a known hash (hexadecimal).

    Attributes:
        number: the block that comes next.
        configurations: how many configurations were proved, the genesis block's among them.
    """

    def __init__(self, channel: str, genesis_hash: str) -> None:
        self.number = 0
        self.configurations = 0
        self._channel = channel
        self._genesis_hash = genesis_hash
        self._previous: bytes | None = None
        self._known: ProvedConfig | None = None
        self._proved: dict[Hashable, ProvedConfig | None] = {}

    def resume(self, number: int, previous: bytes, known: ProvedConfig) -> None:
        """Go on at a block whose predecessors were checked before.

        `previous` is the hash of the block before, `known` the newest configuration up to that one.
        """
        self.number, self._previous, self._known = number, previous, known

    @property
    def known(self) -> ProvedConfig | None:
        """Return the newest configuration that was proved; None before the genesis block was."""
        return self._known

    @property
    def last_hash(self) -> bytes | None:
        """Return the hash of the last block, None where no copy of it holds."""
        return self._previous

    def check(self, copies: Mapping[str, common_pb2.Block]) -> dict[str, str]:
        """Check the nodes' copies of the next block, and go on to the one after it.

        Returns:
            What is wrong with a node's copy, by the node's name; nothing of those that hold and agree.
        """
        self._proved = {}  # of this block alone: peers hold equal copies, which need one verification
        problems = {name: self._problem(block) for name, block in copies.items()}
        sound = {name: block for name, block in copies.items() if not problems[name]}
        problems |= _differences(sound)
        agreed = [block for name, block in sound.items() if not problems[name]]
        self._advance(agreed[0] if agreed else None)
        return {name: problem for name, problem in problems.items() if problem}

    def _problem(self, block: common_pb2.Block) -> str:
        try:
            if block.header.number != self.number:
                return f"it has the number {block.header.number}"
            if self._previous is not None and block.header.previous_hash != self._previous:
                return "it does not follow the block before: its previous hash is another"
            check_data(block)
            self._prove(block)
        except (ConfigtxError, IdentityError) as error:
            return error.message.removeprefix(f"block {self.number}: ")
        return ""

    def _prove(self, block: common_pb2.Block) -> None:
        """Prove who made the block, unless the same header with the same signatures was proved already."""
        key = (block.header.SerializeToString(), signatures_of(block))
        if key in self._proved:
            return
        known = self._known
        if self.number == 0:
            self._proved[key] = first(block, self._channel, self._genesis_hash)
            return
        if known is None:
            raise ConfigtxError("block 0 was not proved by any node, so no later block can be")
        if is_config_block(block):
            self._proved[key] = follow(known, block, self._channel)
            return
        verify_block(block, known.config)
        if last_config_index(block) != known.mark.number:
            raise ConfigtxError(
                f"it names block {last_config_index(block)} as the last configuration, "
                f"which is block {known.mark.number}"
            )
        self._proved[key] = None

    def _advance(self, agreed: common_pb2.Block | None) -> None:
        self.number += 1
        self._previous = block_hash(agreed.header) if agreed is not None else None
        if agreed is None:
            return
        proved = self._proved[(agreed.header.SerializeToString(), signatures_of(agreed))]
        if proved is not None:
            self._known = proved
            self.configurations += 1


def _differences(sound: Mapping[str, common_pb2.Block]) -> dict[str, str]:
    """Return the nodes whose copy holds, but is not what most of the nodes have."""
    hashes = {name: block_hash(block.header) for name, block in sound.items()}
    found = _minority(hashes, "it is another block: hash {mine}, others have {most}")
    codes = {name: _codes(block) for name, block in sound.items() if name not in found}
    judged = {name: code for name, code in codes.items() if code}  # orderers judge no transactions
    return found | _minority(
        judged, "its transactions are judged otherwise: codes {mine}, others have {most}"
    )


def _minority(values: Mapping[str, bytes], words: str) -> dict[str, str]:
    if len(set(values.values())) < 2:
        return {}
    [(most, _)] = Counter(values.values()).most_common(1)
    return {
        name: words.format(mine=value.hex()[:16], most=most.hex()[:16])
        for name, value in values.items()
        if value != most
    }


def _codes(block: common_pb2.Block) -> bytes:
    """Return the validation code of each transaction, as a peer wrote them."""
    return bytes(b"".join(block.metadata.metadata[common_pb2.TRANSACTIONS_FILTER :][:1]))
