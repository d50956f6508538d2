"""Find out whether a peer's ledger is broken, and the mildest remedy. Nothing is changed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import Any

from heddle.configtx.blocks import block_hash
from heddle.errors import FabricError, RunbookError
from heddle.fabric import installation, orderer
from heddle.fabric.connection import Connections
from heddle.identity.signer import Signer
from heddle.kube.client import Json, KubeClient, is_ready
from heddle.network.answers import ask_peer_channels
from heddle.network.instance import NodeOutput
from heddle.network.network import Network, node_of
from heddle.planner.facts import LedgerState, NoAnswer, is_level
from heddle.runbooks.context import Context
from heddle.runbooks.evidence import Damage, find_damage
from heddle.waiting import poll

__all__ = ["ANNOTATION", "Diagnosis", "Remedy", "Verdict", "diagnose", "plan_lines"]

ANNOTATION = "heddle.dev/rejoin-peer"
"""Annotation of the StatefulSet of a peer that a run took out of service: JSON with `date` and `remedy`."""

_CALL = 10.0


class Verdict(StrEnum):
    """Name the states that a peer can be in."""

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
    """The start of an earlier run that is to be ended, as that run wrote it; else empty."""
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
    """Look at a peer until its state is clear; wait `patience` seconds at most while its pod starts."""
    statefulset = await cluster.statefulset(peer.namespace, peer.name)
    if statefulset is None:
        raise RunbookError(
            f"{peer.name}: there is no StatefulSet of this name in namespace {peer.namespace}",
            hint="This is not a broken ledger: `heddle refresh`, then `heddle up` make what is missing.",
        )
    earlier: dict[str, str] = json.loads(
        (statefulset["metadata"].get("annotations") or {}).get(ANNOTATION, "{}")
    )
    if not statefulset["spec"].get("replicas"):
        found = _stopped(peer, earlier)
    else:
        pod = await _decided_pod(cluster, peer, patience)
        if _serves(pod):
            found = await _running(context, connections, peer)
        else:
            found = await _failing(cluster, peer, pod, standin=context.network.instance.standin)
    database = f"couchdb{peer.name.removeprefix('peer')}"
    with_database = await cluster.statefulset(peer.namespace, database) is not None
    nodes = (peer.name, database) if with_database else (peer.name,)
    return replace(found, nodes=nodes, date=earlier.get("date", ""))


def _stopped(peer: NodeOutput, earlier: Mapping[str, str]) -> Diagnosis:
    """Diagnose a peer that was scaled to 0; `earlier` is what a run noted on it before it did that."""
    if not earlier:
        why = "somebody scaled it to 0; that is no broken ledger"
        return Diagnosis(peer=peer.name, verdict=Verdict.OTHER, why=why, evidence=("spec.replicas: 0",))
    why = f"an earlier run, of {earlier['date']}, stopped it and did not end"
    rest = tuple(Remedy)[list(Remedy).index(Remedy(earlier["remedy"])) :]
    return Diagnosis(peer=peer.name, verdict=Verdict.STOPPED, why=why, remedies=rest)


async def _decided_pod(cluster: KubeClient, peer: NodeOutput, patience: float) -> Json | None:
    """Return the pod once it serves, or has failed, or time is up."""
    return await poll(
        lambda _: cluster.pod(peer.namespace, peer.pod),
        lambda pod: bool(_serves(pod) or _ended(pod)),
        deadline=patience,
    )


def _serves(pod: Json | None) -> bool:
    return is_ready(pod) and "deletionTimestamp" not in (pod or {}).get("metadata", {})


def _container(pod: Json | None) -> Json:
    statuses: list[Json] = (pod or {}).get("status", {}).get("containerStatuses") or [{}]
    return statuses[0]


def _ended(pod: Json | None) -> Json | None:
    """Return how the container ended, now or the last time; None if it has not."""
    status = _container(pod)
    return (status.get("state") or {}).get("terminated") or (status.get("lastState") or {}).get("terminated")


async def _failing(cluster: KubeClient, peer: NodeOutput, pod: Json | None, *, standin: bool) -> Diagnosis:
    """Diagnose a peer whose pod is not ready."""
    state = _container(pod).get("state") or {}
    if _ended(pod) is None:
        phase = (pod or {}).get("status", {}).get("phase", "no pod")
        reason = (state.get("waiting") or {}).get("reason") or phase
        why = f"its pod is not ready ({reason}), but has not failed either; that is no broken ledger"
        warnings = await cluster.warnings(peer.namespace, peer.pod)
        return Diagnosis(peer=peer.name, verdict=Verdict.OTHER, why=why, evidence=warnings)
    # A container between two attempts has no log of its own: the one before has.
    log = await cluster.log(peer.namespace, peer.pod, previous="terminated" not in state)
    finding = find_damage(log or await cluster.log(peer.namespace, peer.pod))
    restarts = _container(pod).get("restartCount", 0)
    if finding.damage is Damage.NONE:
        why = f"it has ended ({restarts} restarts), but not for its ledger; its log says why"
        return Diagnosis(peer=peer.name, verdict=Verdict.OTHER, why=why, evidence=finding.lines)
    # A stand-in has no databases, nor the command that rebuilds them.
    useless = {Remedy.REBUILD} if standin else set()
    return Diagnosis(
        peer=peer.name,
        verdict=Verdict.BROKEN,
        why=f"it does not start ({restarts} restarts): {finding.part} cannot be read",
        evidence=finding.lines,
        remedies=tuple(each for each in _REMEDIES[finding.damage] if each not in useless),
    )


async def _running(context: Context, connections: Connections, peer: NodeOutput) -> Diagnosis:
    """Diagnose a peer that answers: is its ledger the channel's, and is anything missing?"""
    network, node = context.network, node_of(peer)
    signer = network.signer(peer.organization)
    wanted = [channel.name for channel in network.instance.channels_of(peer.name)]
    facts = await ask_peer_channels(connections, node, wanted, signer, deadline=_CALL)
    if facts.silent:
        raise FabricError(facts.silent.reason, hint=facts.silent.hint)
    packages = {
        each.package_id for each in await installation.installed(connections, node, signer, deadline=_CALL)
    }
    behind, forked = {}, []
    for channel, answer in facts.channels.items():
        if isinstance(answer, NoAnswer):
            behind[channel] = answer.reason
        elif answer is not None:
            same, words = await _compare(network, connections, channel, answer, signer)
            if not same:
                forked.append(f"{channel}: {words}")
            elif words:
                behind[channel] = words
    if forked:
        return Diagnosis(
            peer=peer.name,
            verdict=Verdict.BROKEN,
            why="its ledger is not the channel's: the blocks differ",
            evidence=tuple(forked),
            remedies=(Remedy.SET_ASIDE,),
        )
    not_joined = tuple(name for name in wanted if facts.channels.get(name) is None)
    missing = tuple(
        each.label for each in context.packages if each.peer == peer.name and each.package_id not in packages
    )
    complete = not (missing or not_joined or behind)
    return Diagnosis(
        peer=peer.name,
        verdict=Verdict.SOUND if complete else Verdict.INCOMPLETE,
        why="it runs, on its channels and level" if complete else "it runs, but is not complete",
        missing_channels=not_joined,
        missing_packages=missing,
        behind=behind,
    )


async def _compare(
    network: Network, connections: Connections, channel: str, own: LedgerState, signer: Signer
) -> tuple[bool, str]:
    """Compare a peer's newest block with the same block of an orderer.

    Returns whether it is the same block, and in words what is wrong; empty for a peer that is level.
    """
    errors: list[str] = []
    for node in network.orderers:
        read = partial(
            orderer.deliver_block, connections, node, channel, signer=signer, deadline=_CALL, best_effort=True
        )
        try:
            height = (await read("newest")).header.number + 1
            if own.height > height:
                continue  # this orderer is the one that lacks blocks
            expected = block_hash((await read(own.height - 1)).header)
        except FabricError as error:
            errors.append(error.message)
            continue
        if expected != own.newest_hash:
            hashes = f"{own.newest_hash.hex()[:16]}…, at {node.name} {expected.hex()[:16]}…"
            return False, f"block {own.height - 1} has hash {hashes}"
        return True, "" if is_level(own.height, height) else f"{own.height} of {height} blocks"
    return True, "no orderer can be compared with: " + "; ".join(errors)


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
