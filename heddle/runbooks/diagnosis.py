"""Is a peer's ledger broken, and what is the mildest remedy? Facts only: nothing is changed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from heddle.configtx.blocks import block_hash
from heddle.errors import FabricError, Refused, RunbookError
from heddle.fabric import cscc, installation, orderer, qscc
from heddle.fabric.connection import Connections
from heddle.kube.client import Json, KubeClient
from heddle.network.instance import ChannelOutput, NodeOutput
from heddle.network.network import node_of
from heddle.planner.facts import is_level
from heddle.runbooks.context import Context
from heddle.runbooks.evidence import Damage, find_damage
from heddle.waiting import poll

__all__ = ["ANNOTATION", "Diagnosis", "Remedy", "Verdict", "diagnose", "plan_lines"]

ANNOTATION = "heddle.dev/rejoin-peer"
"""On the StatefulSet of a peer that is out of service for this: JSON with `date` and `remedy`."""

_CALL = 10.0


class Verdict(StrEnum):
    """How a peer is."""

    SOUND = "sound"
    """Ready, on its channels, with its packages, level with the orderers."""
    BROKEN = "broken"
    """The peer does not start, or does not go on, because of its ledger."""
    INCOMPLETE = "incomplete"
    """The peer runs, but lacks channels, packages or blocks: a run before this one did not end."""
    STOPPED = "stopped"
    """An earlier run took it out of service and did not end."""
    OTHER = "other"
    """Something else is wrong, or it cannot be told."""


class Remedy(StrEnum):
    """A way to mend a peer; the milder ones come first."""

    REBUILD = "rebuild"
    """`peer node rebuild-dbs`: databases are made again from the blocks, which stay, as private data does."""
    REFETCH = "refetch"
    """All but the store of private data is renamed on the volume; blocks are fetched again."""
    SET_ASIDE = "set-aside"
    """Everything is renamed on the volume, and the peer starts with nothing."""


_REMEDIES = {
    Damage.DERIVED: (Remedy.REBUILD, Remedy.REFETCH, Remedy.SET_ASIDE),
    Damage.LEDGER: (Remedy.REFETCH, Remedy.SET_ASIDE),
    Damage.PRIVATE: (Remedy.SET_ASIDE,),
}


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """The state of a peer. `remedies` are to be tried in this order; none where nothing is broken."""

    peer: str
    verdict: Verdict
    why: str
    evidence: tuple[str, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    date: str = ""
    """When an earlier run began that is to be ended, as that run wrote it; else empty."""
    missing_channels: tuple[str, ...] = ()
    missing_packages: tuple[str, ...] = ()
    behind: Mapping[str, str] = field(default_factory=dict)
    nodes: tuple[str, ...] = ()
    """StatefulSets that hold the ledger: the peer's, and its CouchDB's."""

    def limited_to(self, choice: str) -> "Diagnosis":
        """Keep the remedy that a person chose; `auto` keeps all. Raises RunbookError if it does not fit."""
        if choice == "auto" or not self.remedies:
            return self
        wanted = Remedy(choice)
        if wanted not in self.remedies:
            raise RunbookError(
                f"{self.peer}: {self.why}; {wanted.value} does not mend that",
                hint=f"What may: {', '.join(self.remedies)}. Leave `remedy` out for the mildest.",
            )
        return replace(self, remedies=(wanted,))

    def plain(self) -> dict[str, Any]:
        """Return the diagnosis as plain data, which Ansible can hold."""
        return json.loads(json.dumps(asdict(self)))  # type: ignore[no-any-return]


async def diagnose(
    context: Context, cluster: KubeClient, connections: Connections, peer: NodeOutput, *, patience: float
) -> Diagnosis:
    """Look at a peer until it is clear how it is.

    Args:
        context: the stack.
        cluster: where the peer's pod is.
        connections: to nodes.
        peer: the one in question.
        patience: seconds to wait while its pod starts.
    """
    found = await _look(context, cluster, connections, peer, patience)
    return replace(found, nodes=await _nodes(cluster, peer))


async def _nodes(cluster: KubeClient, peer: NodeOutput) -> tuple[str, ...]:
    """Return the names of the peer's StatefulSet and, where it has a CouchDB, of that one's."""
    database = f"couchdb{peer.name.removeprefix('peer')}"
    there = await cluster.statefulset(peer.namespace, database)
    return (peer.name, database) if there else (peer.name,)


async def _look(
    context: Context, cluster: KubeClient, connections: Connections, peer: NodeOutput, patience: float
) -> Diagnosis:
    statefulset = await cluster.statefulset(peer.namespace, peer.name)
    if statefulset is None:
        raise RunbookError(
            f"{peer.name}: there is no StatefulSet of this name in namespace {peer.namespace}",
            hint="This is not a broken ledger: `heddle refresh`, then `heddle up` make what is missing.",
        )
    if earlier := _earlier(statefulset):
        if not statefulset["spec"].get("replicas"):
            remedy = Remedy(earlier["remedy"])
            why = f"an earlier run, of {earlier['date']}, stopped it and did not end"
            rest = tuple(Remedy)[list(Remedy).index(remedy) :]
            return Diagnosis(
                peer=peer.name, verdict=Verdict.STOPPED, why=why, remedies=rest, date=earlier["date"]
            )
    elif not statefulset["spec"].get("replicas"):
        why = "somebody scaled it to 0; that is no broken ledger"
        return Diagnosis(peer=peer.name, verdict=Verdict.OTHER, why=why, evidence=("spec.replicas: 0",))
    pod = await _decided_pod(cluster, peer, patience)
    if _ready(pod):
        return await _running(context, connections, peer, date=earlier.get("date", ""))
    return await _failing(
        cluster, peer, pod, standin=context.network.instance.standin, date=earlier.get("date", "")
    )


def _earlier(statefulset: Json) -> dict[str, str]:
    """Return the note of an earlier run on the StatefulSet."""
    noted = (statefulset["metadata"].get("annotations") or {}).get(ANNOTATION)
    return json.loads(noted) if noted else {}


async def _decided_pod(cluster: KubeClient, peer: NodeOutput, patience: float) -> Json | None:
    """Wait for the pod and return it once it is ready, or has failed, or time is up."""
    return await poll(
        lambda _: cluster.pod(peer.namespace, peer.pod),
        lambda pod: bool(_ready(pod) or _ended(pod)),
        deadline=patience,
    )


def _ready(pod: Json | None) -> bool:
    conditions = (pod or {}).get("status", {}).get("conditions", [])
    leaving = "deletionTimestamp" in (pod or {}).get("metadata", {})
    return not leaving and any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _container(pod: Json | None) -> Json:
    statuses: list[Json] = (pod or {}).get("status", {}).get("containerStatuses") or [{}]
    return statuses[0]


def _ended(pod: Json | None) -> Json | None:
    """Return how the container ended, now or the last time; None if it has not."""
    status = _container(pod)
    return (status.get("state") or {}).get("terminated") or (status.get("lastState") or {}).get("terminated")


async def _failing(
    cluster: KubeClient, peer: NodeOutput, pod: Json | None, *, standin: bool, date: str
) -> Diagnosis:
    """Diagnose a peer whose pod is not ready."""
    if _ended(pod) is None:
        state = _container(pod).get("state") or {}
        said = (state.get("waiting") or {}).get("reason") or (pod or {}).get("status", {}).get(
            "phase", "no pod"
        )
        why = f"its pod is not ready ({said}), but has not failed either; that is no broken ledger"
        warnings = await cluster.warnings(peer.namespace, peer.pod)
        return Diagnosis(peer=peer.name, verdict=Verdict.OTHER, why=why, evidence=warnings, date=date)
    # A container between two attempts has no log of its own: the one before has.
    now = "terminated" in (_container(pod).get("state") or {})
    log = await cluster.log(peer.namespace, peer.pod, previous=not now)
    finding = find_damage(log or await cluster.log(peer.namespace, peer.pod))
    restarts = _container(pod).get("restartCount", 0)
    if finding.damage is Damage.NONE:
        why = f"it has ended ({restarts} restarts), but not for its ledger; its log says why"
        return Diagnosis(peer=peer.name, verdict=Verdict.OTHER, why=why, evidence=finding.lines, date=date)
    remedies = _REMEDIES[finding.damage]
    if standin:  # it has no databases, nor the command
        remedies = tuple(each for each in remedies if each is not Remedy.REBUILD)
    return Diagnosis(
        peer=peer.name,
        verdict=Verdict.BROKEN,
        why=f"it does not start ({restarts} restarts): {finding.part} cannot be read",
        evidence=finding.lines,
        remedies=remedies,
        date=date,
    )


async def _running(context: Context, connections: Connections, peer: NodeOutput, *, date: str) -> Diagnosis:
    """Diagnose a peer that answers: is its ledger the channel's, and is anything missing?"""
    network = context.network
    signer = network.signer(peer.organization)
    joined = await cscc.channels(connections, node_of(peer), signer, deadline=_CALL)
    wanted = [channel for channel in network.instance.channels.values() if peer.name in channel.peers]
    there = await installation.installed(connections, node_of(peer), signer, deadline=_CALL)
    packages = {one.package_id for one in there}
    behind, forked = {}, []
    for channel in wanted:
        if channel.name not in joined:
            continue
        verdict, words = await _compare(context, connections, peer, channel)
        if verdict is Verdict.BROKEN:
            forked.append(f"{channel.name}: {words}")
        elif words:
            behind[channel.name] = words
    missing = tuple(
        one.label for one in context.packages if one.peer == peer.name and one.package_id not in packages
    )
    not_joined = tuple(channel.name for channel in wanted if channel.name not in joined)
    if forked:
        why = "its ledger is not the channel's: the blocks differ"
        remedies = (Remedy.SET_ASIDE,)
        return Diagnosis(
            peer=peer.name,
            verdict=Verdict.BROKEN,
            why=why,
            evidence=tuple(forked),
            remedies=remedies,
            date=date,
        )
    complete = not (missing or not_joined or behind)
    return Diagnosis(
        peer=peer.name,
        verdict=Verdict.SOUND if complete else Verdict.INCOMPLETE,
        why="it runs, on its channels and level" if complete else "it runs, but is not complete",
        missing_channels=not_joined,
        missing_packages=missing,
        behind=behind,
        date=date,
    )


async def _compare(
    context: Context, connections: Connections, peer: NodeOutput, channel: ChannelOutput
) -> tuple[Verdict, str]:
    """Compare a peer's newest block with an orderer's; say in words what is wrong, empty if level."""
    network = context.network
    signer = network.signer(peer.organization)
    try:
        own = await qscc.chain_info(connections, node_of(peer), channel.name, signer, deadline=_CALL)
    except Refused as refusal:
        return Verdict.INCOMPLETE, refusal.message
    said: list[str] = []
    for node in network.orderers:
        try:
            newest = await orderer.deliver_block(
                connections, node, channel.name, "newest", signer, deadline=_CALL, best_effort=True
            )
            if own.height > newest.header.number + 1:
                continue  # this orderer is the one that lacks blocks
            same = await orderer.deliver_block(
                connections,
                node,
                channel.name,
                own.height - 1,
                signer,
                deadline=_CALL,
                best_effort=True,
            )
        except FabricError as error:
            said.append(error.message)
            continue
        if block_hash(same.header) != own.current_hash:
            found, expected = own.current_hash.hex()[:16], block_hash(same.header).hex()[:16]
            return Verdict.BROKEN, f"block {own.height - 1} has hash {found}…, at {node.name} {expected}…"
        height = newest.header.number + 1
        return Verdict.SOUND, "" if is_level(own.height, height) else f"{own.height} of {height} blocks"
    return Verdict.SOUND, "no orderer can be compared with: " + "; ".join(said)


_WORDS = {
    Remedy.REBUILD: "stop it, drop what its blocks can make again (peer node rebuild-dbs), start it",
    Remedy.REFETCH: "stop it, rename its ledger to set-aside-DATE-blocks on its volume, all but its store of "
    "private data, start it",
    Remedy.SET_ASIDE: "stop it, rename its ledger to set-aside-DATE on its volume, start it with none",
}


def plan_lines(found: Diagnosis) -> list[str]:
    """Return the diagnosis and what would be done, as lines for people."""
    lines = [f"{found.peer}: {found.why}", *(f"  {line}" for line in found.evidence)]
    for number, remedy in enumerate(found.remedies):
        lines.append(f"{'then' if not number else 'if it still does not start'}: {_WORDS[remedy]}")
    if {Remedy.REFETCH, Remedy.SET_ASIDE} & set(found.remedies):
        lines.append("then: join its channels with their verified block 0, install its packages, catch up")
    lines += [f"then: join {name}" for name in found.missing_channels]
    lines += [f"then: install {label}" for label in found.missing_packages]
    lines += [f"then: wait for {name}: {words}" for name, words in found.behind.items()]
    if found.verdict is Verdict.SOUND:
        lines.append("nothing is to be done")
    return lines
