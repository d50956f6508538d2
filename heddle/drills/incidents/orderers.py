"""Incidents of the ordering service: nodes that are kept away, and a disk that is lost."""

import re
from typing import Final

from heddle.drills.ground import Ground
from heddle.drills.model import UP, Drill, Edits, Facts
from heddle.network.instance import InstanceOutput
from heddle.quorum import fault_tolerance

__all__ = ["DISK_LOST", "KILLED", "QUORUM_LOST"]

_INDEX: Final = re.compile(r"orderer(\d+)-")
_PAGE: Final = "lost-orderer.md"
_ONE_AWAY: Final = ("ConsenterAway", "NodeNotScraped", "NodeDoesNotAnswer", "NoMarginLeft")
"""Alarms that tell of one orderer that is not there."""


def _spare(instance: InstanceOutput) -> int:
    """Return how many orderers may fail while every channel goes on, if all order each."""
    return fault_tolerance(len(instance.orderers), bft=instance.consensus == "BFT")


def _lacks_margin(instance: InstanceOutput) -> str:
    return "" if _spare(instance) else "its channels stop without the one orderer that they can lose"


def _lacks_quorum(instance: InstanceOutput) -> str:
    return "" if len(instance.orderers) > 1 else "it has one orderer, and somebody has to be left who answers"


async def _last(ground: Ground) -> Facts:
    return {"nodes": [ground.instance.orderers[-1].name]}


async def _too_many(ground: Ground) -> Facts:
    """Choose one more than may fail, and leave the first: somebody has to answer that nothing is ordered."""
    count = _spare(ground.instance) + 1
    return {"nodes": [node.name for node in ground.instance.orderers[-count:]]}


async def _keep_away(ground: Ground, facts: Facts) -> None:
    for name in facts["nodes"]:
        await ground.scale(name, 0)


async def _lose_disk(ground: Ground, facts: Facts) -> None:
    (name,) = facts["nodes"]
    await ground.lose_volume(f"{name}-0")


async def _another_index(ground: Ground, facts: Facts) -> Edits:
    """Return the edit of the page: the lost index is left out, a new one takes its place."""
    lost = _index(facts["nodes"][0])
    now = ground.wanted("ordering", "nodes")
    indices = list(range(now)) if isinstance(now, int) else list(now or map(_index, _names(ground)))
    if lost not in indices:
        return {}  # A run before this one has written it.
    return {("ordering", "nodes"): [*(each for each in indices if each != lost), max(indices) + 1]}


def _names(ground: Ground) -> list[str]:
    return [node.name for node in ground.instance.orderers]


def _index(name: str) -> int:
    found = _INDEX.match(name)
    return int(found[1]) if found else 0


KILLED = Drill(
    name="orderer-killed",
    summary="One orderer is scaled to 0 and stays away; the others have a quorum.",
    alarms=_ONE_AWAY,
    page=_PAGE,
    lacks=_lacks_margin,
    choose=_last,
    cause=_keep_away,
    commands=UP,
)

DISK_LOST = Drill(
    name="orderer-disk-lost",
    summary="The claim of one orderer is deleted with its ledger, and its pod.",
    alarms=_ONE_AWAY,
    page=_PAGE,
    lacks=_lacks_margin,
    choose=_last,
    cause=_lose_disk,
    mend=_another_index,
    commands=UP,
)

QUORUM_LOST = Drill(
    name="quorum-lost",
    summary="One orderer more than may fail is scaled to 0: nothing is ordered.",
    alarms=("ChannelWithoutLeader", "BftWithoutLeader", "QuorumLost", "NodeNotScraped", "NodeDoesNotAnswer"),
    page=_PAGE,
    lacks=_lacks_quorum,
    choose=_too_many,
    cause=_keep_away,
    commands=UP,
)
