"""Ask nodes whether they have a channel's last block, and peers whether they made the same state of it."""

from collections.abc import Callable
from dataclasses import dataclass

from fabric_protos.common.common_pb2 import Block

from heddle.configtx.blocks import block_hash, commit_hash
from heddle.errors import BackupError, HeddleError
from heddle.fabric import events, orderer
from heddle.fabric.connection import Connections
from heddle.network.network import Network

__all__ = ["Confirmation", "Progress", "confirm_block"]

Progress = Callable[[str], None]
"""Is told in a line what goes on."""

_ASKING = 10.0


@dataclass(kw_only=True)
class Confirmation:
    """Collect what nodes have of a channel's last block: all the same, or there is no backup."""

    channel: str
    number: int
    expected: bytes
    nodes: tuple[str, ...] = ()
    commit_hash: bytes = b""

    def take(self, node: str, block: Block) -> None:
        """Count a node in. Raises BackupError if it has another block, or a peer another state."""
        if block_hash(block.header) != self.expected:
            raise BackupError(
                f"channel {self.channel}: {node} has another block {self.number} than the orderers gave",
                hint=f"The channel has forked. `heddle channel verify STACK {self.channel}` shows where.",
            )
        found = commit_hash(block)
        if found and self.commit_hash not in (b"", found):
            raise BackupError(
                f"channel {self.channel}: after block {self.number} {node} has another state than the peers "
                f"before it ({', '.join(self.nodes)}): its commit hash is {found.hex()[:16]}…, not "
                f"{self.commit_hash.hex()[:16]}…",
                hint="From the same blocks a peer has made something else: its disk or its release is at "
                "fault. Make the one anew that differs from the most: `heddle runbook run rejoin-peer`.",
            )
        self.nodes, self.commit_hash = (*self.nodes, node), self.commit_hash or found


async def confirm_block(
    network: Network,
    connections: Connections,
    channel: str,
    number: int,
    expected: bytes,
    progress: Progress,
) -> Confirmation:
    """Return what nodes have of a channel's last block.

    Raises BackupError where one has another block, a peer another state, or none answers.
    """
    progress(f"channel {channel}: asking its nodes for block {number}")
    signer = network.channel_reader(channel)
    asked = [(node, signer, orderer.deliver_block) for node in network.orderers]
    asked += [(node, own, events.deliver_block) for node, own in network.readers(channel)]
    confirmed = Confirmation(channel=channel, number=number, expected=expected)
    for node, own, read in asked:
        try:
            block = await read(
                connections, node, channel, number, own, deadline=_ASKING, wait=True, best_effort=True
            )
        except HeddleError as error:
            progress(f"channel {channel}: {node.name} does not confirm block {number}: {error.message}")
            continue
        confirmed.take(node.name, block)
    if not confirmed.nodes:
        raise BackupError(f"channel {channel}: no node confirms block {number}", hint="See `heddle status`.")
    return confirmed
