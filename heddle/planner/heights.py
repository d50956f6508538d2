"""Tell how far the ledgers of nodes are, and what a node lacks that has restarted."""

from collections.abc import Mapping, Sequence

from heddle.planner.facts import NodeFacts, describe, is_active, is_level, newest_height
from heddle.planner.health import lacked_state

__all__ = ["expected_heights", "missing_blocks", "newest_heights"]


def newest_heights(nodes: Sequence[NodeFacts]) -> dict[str, int]:
    """Return the greatest height of each channel among the nodes that serve it.

    A node with an expired certificate hands its blocks to nobody.
    """
    heights: dict[str, int] = {}
    for node in nodes:
        if node.expired_certificate:
            continue
        for channel, answer in node.channels.items():
            if is_active(answer):
                heights[channel] = max(answer.height, heights.get(channel, 0))
    return heights


def expected_heights(node: NodeFacts, newest: Mapping[str, int]) -> dict[str, int]:
    """Return those of the newest heights that a node must reach: of the channels that it is on itself."""
    return {name: height for name, height in newest.items() if name in node.held_channels}


def missing_blocks(node: NodeFacts, newest: Mapping[str, int]) -> str:
    """Return what a restarted node still lacks of the channels it must have; empty once it has caught up."""
    if expired := node.expired_certificate:
        return str(expired)
    if node.silent is not None:
        return node.silent.reason
    lines = []
    for channel, answer in node.channels.items():
        if answer is not None and not is_active(answer):
            lines.append(f"{channel}: {describe(answer)}")
    if missing := lacked_state(node):
        lines.append(missing)
    if lines:
        return "; ".join(lines)
    for channel, height in newest.items():
        own = newest_height([node.channels.get(channel)])
        if not is_level(own, height):
            lines.append(f"{channel}: block {own} of {height}")
    return "; ".join(lines)
