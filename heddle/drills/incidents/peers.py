"""Incidents of peers: a damaged ledger, a lost disk, a database that is away, an image that is not there."""

from typing import Final

from heddle.drills.ground import Ground
from heddle.drills.model import ANEW, UP, Drill, Facts
from heddle.network.instance import InstanceOutput

__all__ = ["COUCHDB_AWAY", "DISK_LOST", "IMAGE_BROKEN", "LEDGER_DAMAGED"]

_AWAY: Final = ("NodeNotScraped", "NodeDoesNotAnswer")
_CRASHES: Final = (*_AWAY, "PodCrashes", "NodeRestartsOften")
_BLOCKS: Final = "/var/hyperledger/production/ledgersData/chains/chains/{channel}/blockfile_000000"
"""A peer's first block file of a channel, where its container has it."""
_BYTES: Final = 3000
_NOWHERE: Final = "localhost/heddle/drill-without-image:0"


def _lacks_another(instance: InstanceOutput) -> str:
    """Say why nobody does a peer's work meanwhile: the load goes to the peers of one organization."""
    counts = [len(instance.peers_of(peer.organization)) for peer in instance.peers]
    return "" if counts and counts[-1] > 1 else "its last peer's organization has no other peer"


def _lacks_couchdb(instance: InstanceOutput) -> str:
    if not any(peer.state_database for peer in instance.peers):
        return "its peers keep their state in LevelDB"
    return _lacks_another(instance)


async def _last(ground: Ground) -> Facts:
    peer = ground.instance.peers[-1]
    channels = ground.instance.channels_of(peer.name)
    return {
        "node": peer.name,
        "database": peer.state_database,
        "channel": channels[0].name if channels else "",
    }


async def _damage(ground: Ground, facts: Facts) -> None:
    """Put random bytes in place of the block file, and have the peer read it."""
    pod, file = f"{facts['node']}-0", _BLOCKS.format(channel=facts["channel"])
    await ground.execute(pod, ("/usr/bin/dd", "if=/dev/urandom", f"of={file}", f"bs={_BYTES}", "count=1"))
    await ground.delete_pod(pod)


async def _lose_disk(ground: Ground, facts: Facts) -> None:
    await ground.lose_volume(f"{facts['node']}-0")


async def _no_database(ground: Ground, facts: Facts) -> None:
    await ground.scale(facts["database"], 0)


async def _no_image(ground: Ground, facts: Facts) -> None:
    place = "/spec/template/spec/containers/0/image"
    path = await ground.place(facts["node"])
    await ground.change(path, [{"op": "replace", "path": place, "value": _NOWHERE}])
    await ground.delete_pod(f"{facts['node']}-0")


LEDGER_DAMAGED = Drill(
    name="peer-ledger-damaged",
    summary="A block file of one peer is overwritten with random bytes.",
    alarms=_CRASHES,
    page="runbook-rejoin-peer.md",
    lacks=_lacks_another,
    choose=_last,
    cause=_damage,
    commands=(("runbook", "run", "rejoin-peer", "-e", "peer={node}"),),
)

DISK_LOST = Drill(
    name="peer-disk-lost",
    summary="The claim of one peer is deleted with its ledger, and its pod.",
    alarms=_AWAY,
    page="runbook-rejoin-peer.md",
    lacks=_lacks_another,
    choose=_last,
    cause=_lose_disk,
    commands=(*ANEW, ("runbook", "run", "rejoin-peer", "-e", "peer={node}")),
)

COUCHDB_AWAY = Drill(
    name="couchdb-away",
    summary="The state database of one peer is scaled to 0.",
    alarms=(
        *_CRASHES,
        "DatabaseNotScraped",
        "NodeHasProblems",
        "ProposalSimulationsFail",
        "EndorsementsFail",
    ),
    page="couchdb.md",
    lacks=_lacks_couchdb,
    choose=_last,
    cause=_no_database,
    commands=UP,
)

IMAGE_BROKEN = Drill(
    name="image-broken",
    summary="One peer is given an image that no registry has, and restarts.",
    alarms=(*_AWAY, "ImagePullFails"),
    page="image.md",
    lacks=_lacks_another,
    choose=_last,
    cause=_no_image,
    commands=ANEW,
)
