"""List the incidents that can be rehearsed, in the order of `heddle drill all`."""

from collections.abc import Mapping
from typing import Final

from heddle.drills.incidents import certificates, chaincodes, orderers, peers
from heddle.drills.model import Drill
from heddle.errors import DrillError

__all__ = ["DRILLS", "find_drill"]

DRILLS: Final[Mapping[str, Drill]] = {
    each.name: each
    for each in (
        orderers.KILLED,
        orderers.QUORUM_LOST,
        peers.LEDGER_DAMAGED,
        peers.DISK_LOST,
        peers.IMAGE_BROKEN,
        peers.COUCHDB_AWAY,
        chaincodes.SERVER_CRASHES,
        certificates.ENDING,
        # Last: the stack has other orderers afterwards.
        orderers.DISK_LOST,
    )
}
"""All of them, by name."""


def find_drill(name: str) -> Drill:
    """Return a drill by name. Raises DrillError with the names there are."""
    if name not in DRILLS:
        raise DrillError(f"there is no drill {name!r}", hint=f"There is: {', '.join(DRILLS)}.")
    return DRILLS[name]
