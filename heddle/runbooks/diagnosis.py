"""Find out whether a peer's ledger is broken, and the mildest remedy. Nothing is changed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from heddle.configtx.blocks import block_hash
from heddle.errors import FabricError, RunbookError
from heddle.fabric import installation, orderer
from heddle.fabric.connection import Connections
from heddle.identity.signer import Signer
from heddle.kube.client import Json, KubeClient, is_ready
from heddle.network.answers import ask_peer_channels
from heddle.network.instance import NodeOutput
from heddle.network.network import Network, node_of
from heddle.network.unopened import ledgers_not_opened
from heddle.planner.facts import Answer, LedgerState, NoAnswer, is_level
from heddle.runbooks.context import Context
from heddle.runbooks.evidence import Damage, damage_behind, find_damage
from heddle.runbooks.verdicts import Diagnosis, Remedy, Verdict
from heddle.text import part_of
from heddle.waiting import poll

__all__ = ["ANNOTATION", "diagnose"]

ANNOTATION = "heddle.dev/rejoin-peer"
"""Annotation of the StatefulSet of a peer that a run took out of service: JSON with `date` and `remedy`."""

_CALL = 10.0


_REMEDIES = {
    Damage.DERIVED: (Remedy.REBUILD, Remedy.REFETCH, Remedy.SET_ASIDE),
    Damage.LEDGER: (Remedy.REFETCH, Remedy.SET_ASIDE),
    Damage.PRIVATE: (Remedy.SET_ASIDE,),
}


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
        seen = await _decided(cluster, connections, peer, patience)
        if seen.answers:
            found = await _running(context, cluster, connections, peer)
        elif _serves(seen.pod):
            found = _silent(peer, seen)
        else:
            found = await _failing(cluster, peer, seen.pod)
    database = f"couchdb{peer.name.removeprefix('peer')}"
    with_database = await cluster.statefulset(peer.namespace, database) is not None
    nodes = (peer.name, database) if with_database else (peer.name,)
    standin = context.network.instance.standin
    if standin:  # it has no databases, nor the command that rebuilds them
        found = replace(found, remedies=tuple(each for each in found.remedies if each is not Remedy.REBUILD))
    return replace(found, nodes=nodes, date=earlier.get("date", ""), standin=standin)


def _stopped(peer: NodeOutput, earlier: Mapping[str, str]) -> Diagnosis:
    """Diagnose a peer that was scaled to 0; `earlier` is what a run noted on it before it did that."""
    if not earlier:
        why = "somebody scaled it to 0; that is no broken ledger"
        return Diagnosis(peer=peer.name, verdict=Verdict.OTHER, why=why, evidence=("spec.replicas: 0",))
    why = f"an earlier run, of {earlier['date']}, stopped it and did not end"
    rest = tuple(Remedy)[list(Remedy).index(Remedy(earlier["remedy"])) :]
    return Diagnosis(peer=peer.name, verdict=Verdict.STOPPED, why=why, remedies=rest)


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """Hold a pod as the cluster has it, and whether its peer answers; `trouble`: why not."""

    pod: Json | None
    answers: bool = False
    trouble: str = ""


async def _decided(cluster: KubeClient, connections: Connections, peer: NodeOutput, patience: float) -> _Seen:
    """Look until the peer answers, or has failed, or time is up.

    A pod is Ready before its peer answers: Fabric listens first and opens its ledgers then, or panics.
    """

    async def look(_: float) -> _Seen:
        pod = await cluster.pod(peer.namespace, peer.pod)
        if not _serves(pod):
            return _Seen(pod=pod)
        try:
            await connections.ping(node_of(peer), deadline=_CALL)
        except FabricError as error:
            return _Seen(pod=pod, trouble=error.message)
        return _Seen(pod=pod, answers=True)

    def decided(seen: _Seen) -> bool:
        return seen.answers or (not _serves(seen.pod) and _ended(seen.pod) is not None)

    return await poll(look, decided, deadline=patience)


def _silent(peer: NodeOutput, seen: _Seen) -> Diagnosis:
    why = "its pod is ready, but it does not answer; a peer that rebuilds its databases answers only then"
    return Diagnosis(peer=peer.name, verdict=Verdict.OTHER, why=why, evidence=(seen.trouble,))


def _serves(pod: Json | None) -> bool:
    return is_ready(pod) and "deletionTimestamp" not in (pod or {}).get("metadata", {})


def _container(pod: Json | None) -> Json:
    statuses: list[Json] = (pod or {}).get("status", {}).get("containerStatuses") or [{}]
    return statuses[0]


def _ended(pod: Json | None) -> Json | None:
    """Return how the container ended, now or the last time; None if it has not."""
    status = _container(pod)
    return (status.get("state") or {}).get("terminated") or (status.get("lastState") or {}).get("terminated")


async def _failing(cluster: KubeClient, peer: NodeOutput, pod: Json | None) -> Diagnosis:
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
    return Diagnosis(
        peer=peer.name,
        verdict=Verdict.BROKEN,
        why=f"it does not start ({restarts} restarts): {finding.part} cannot be read",
        evidence=finding.lines,
        remedies=_REMEDIES[finding.damage],
    )


async def _running(
    context: Context, cluster: KubeClient, connections: Connections, peer: NodeOutput
) -> Diagnosis:
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
    behind, forked = await _compare_all(network, connections, facts.channels, signer)
    if forked:
        return _forked(peer, forked)
    not_joined = tuple(name for name in wanted if facts.channels.get(name) is None)
    unopened = await ledgers_not_opened(cluster, peer.namespace, peer.pod) if not_joined else {}
    broken = {name: unopened[name] for name in not_joined if name in unopened}
    if broken:
        return _unopened(peer, broken)
    missing = tuple(
        each.label for each in context.packages if each.peer == peer.name and each.package_id not in packages
    )
    complete = not (missing or not_joined or behind)
    return Diagnosis(
        peer=peer.name,
        verdict=Verdict.SOUND if complete else Verdict.INCOMPLETE,
        why="it runs, on its channels and level" if complete else "it runs, but is not complete",
        missing_channels=not_joined,
        # A log that was cut does not tell; then the join does. Nothing is lost by fetching blocks again.
        if_unopened=(Remedy.REFETCH,) if not_joined else (),
        missing_packages=missing,
        behind=behind,
    )


def _forked(peer: NodeOutput, evidence: Sequence[str]) -> Diagnosis:
    return Diagnosis(
        peer=peer.name,
        verdict=Verdict.BROKEN,
        why="its ledger is not the channel's: the blocks differ",
        evidence=tuple(evidence),
        remedies=(Remedy.SET_ASIDE,),
    )


def _unopened(peer: NodeOutput, reasons: Mapping[str, str]) -> Diagnosis:
    damages = [damage_behind(reason) for reason in reasons.values()]
    return Diagnosis(
        peer=peer.name,
        verdict=Verdict.UNOPENED,
        why=f"it runs, but could not open its ledger of {', '.join(reasons)}, so it is not on that channel",
        evidence=tuple(f"{name}: {reason}" for name, reason in reasons.items()),
        remedies=_REMEDIES[Damage.LEDGER if Damage.LEDGER in damages else Damage.DERIVED],
    )


async def _compare_all(
    network: Network, connections: Connections, answers: Mapping[str, Answer], signer: Signer
) -> tuple[dict[str, str], list[str]]:
    """Compare a peer's ledgers with the orderers': what it lacks by channel, and the channels that differ."""
    behind, forked = {}, []
    for channel, answer in answers.items():
        if isinstance(answer, NoAnswer):
            behind[channel] = answer.reason
        elif answer is not None:
            same, words = await _compare(network, connections, channel, answer, signer)
            if not same:
                forked.append(f"{channel}: {words}")
            elif words:
                behind[channel] = words
    return behind, forked


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
        return True, "" if is_level(own.height, height) else part_of(own.height, height, "block")
    return True, "no orderer can be compared with: " + "; ".join(errors)
