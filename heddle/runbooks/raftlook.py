"""Find in orderers' logs whether they started without their log of Raft, which they say and do not mind.

An orderer makes an empty one then. Where the leader is still the one that it followed before, it panics at
the first heartbeat; else it takes part again, and votes as one that has promised nothing: tried with 3.1.5
(tests/cases/runbooks/orderer-starts). Source: createOrReadWAL in orderer/consensus/etcdraft/storage.go, start
in node.go, Main in orderer/common/server/main.go.
"""

import asyncio
import re
from collections.abc import Iterable

from heddle.kube.client import KubeClient
from heddle.network.instance import NodeOutput
from heddle.text import without_colours

__all__ = ["ask_lost_logs", "lost_logs"]

_MADE = re.compile(r"No WAL data found, creating new WAL at path '[^']*/([a-z0-9.-]+)'")
_HAS_BLOCKS = "Starting raft node to join an existing channel"
_CHANNEL = re.compile(r"""channel"?[=:]"?([a-z0-9.-]+)""")
_SERVES = "Beginning to serve requests"
_BYTES = 1 << 20
"""Bytes of a log's beginning that have an orderer's start, with many channels, too."""


async def ask_lost_logs(cluster: KubeClient, orderers: Iterable[NodeOutput]) -> dict[str, tuple[str, ...]]:
    """Return by orderer what `lost_logs` finds, where a kubelet has the start of its log still."""

    async def ask(node: NodeOutput) -> tuple[str, ...]:
        return lost_logs(await cluster.first_log(node.namespace, node.pod, most=_BYTES))

    orderers = list(orderers)
    found = await asyncio.gather(*map(ask, orderers))
    return {node.name: channels for node, channels in zip(orderers, found, strict=True) if channels}


def lost_logs(log: str) -> tuple[str, ...]:
    """Return the channels for which an orderer made an empty log of Raft at its start, and had blocks.

    One that becomes a consenter makes it later, when it serves already; one that was there from the genesis
    block on has no other block then.
    """
    made, joining = dict[str, None](), set[str]()
    for line in map(without_colours, log.splitlines()):
        if _SERVES in line:
            break
        if found := _MADE.search(line):
            made[found[1]] = None
        if _HAS_BLOCKS in line and (found := _CHANNEL.search(line)):
            joining.add(found[1])
    return tuple(channel for channel in made if channel in joining)
