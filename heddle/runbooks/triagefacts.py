"""Gather what `triage` decides by: every check that only reads, side by side; what fails is told."""

import asyncio
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from heddle.errors import Unreachable
from heddle.fabric.connection import Connections
from heddle.kube.client import Json, KubeClient, is_ready
from heddle.kube.clocks import clock_differences
from heddle.kube.logusage import log_usage
from heddle.kube.volumeusage import volume_usage
from heddle.logs.reading import list_sources
from heddle.logs.sources import Source
from heddle.network.certificates import expired_of_node
from heddle.network.instance import InstanceOutput, NodeOutput
from heddle.network.purposes import RESTART
from heddle.network.status import Asked, InstanceStatus, NodeStatus, ask_nodes, status_of
from heddle.network.surroundings import Surroundings, ask_surroundings
from heddle.planner.facts import NoAnswer, NodeFacts, missing_state
from heddle.planner.health import slowness
from heddle.planner.looks import Facts, LogsLook, NodeLook, PeerLook, PodLook
from heddle.runbooks.context import Context
from heddle.runbooks.diagnosis import diagnose
from heddle.runbooks.leftovers import leftover_claims
from heddle.runbooks.loglook import own_pods
from heddle.runbooks.raftlook import ask_lost_logs
from heddle.runbooks.residue import deleted_instances
from heddle.runbooks.residuefacts import gather
from heddle.runbooks.residueobjects import Target
from heddle.runbooks.steadiness import steady_pods
from heddle.waiting import Attempts

__all__ = ["NOTE", "look"]

NOTE = "heddle.dev/incident"
"""Annotation of a StatefulSet that a runbook stopped: JSON with `runbook` and `date`, until it has ended."""

_PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")


async def look(context: Context, cluster: KubeClient, connections: Connections, *, patience: float) -> Facts:
    """Make every check of a running instance; `patience` seconds at most for each. Nothing is changed.

    Raises RunbookError for a stack without a network.
    """
    instance = context.network.instance
    facts = Facts(stack=context.stack, namespace=instance.namespace)
    try:
        await cluster.get("/version")
    except Unreachable as error:
        return replace(facts, unreachable=error.message)
    checks, seconds = Attempts(), 3 * patience
    around, asked, (sources, steady), told = await asyncio.gather(
        ask_surroundings(context.network, deadline=patience),
        checks.made("nodes", ask_nodes(context.network, deadline=patience), seconds=seconds),
        _looked_at_pods(checks, cluster, instance, seconds),
        _of_cluster(checks, context, cluster, seconds),
    )
    asleep = instance.sleep is not None and not any(each.wanted for each in around.workloads.values())
    if not asleep and around.namespace is None:
        looked = [peer for peer in instance.peers if _is_there(around, peer)]
        verdicts = await asyncio.gather(
            *(
                checks.made(peer.name, _peer(context, cluster, connections, peer, patience), seconds=seconds)
                for peer in looked
            )
        )
        peers = {peer.name: each for peer, each in zip(looked, verdicts, strict=True) if each}
        facts = replace(facts, peers=peers)
    return replace(
        _with_answers(_with_surroundings(facts, around), instance, asked),
        asleep=asleep,
        pods=tuple(_pods(sources or (), steady)),
        servers=tuple(_missing_servers(instance, sources)) if sources is not None else (),
        **told,
        unknown=checks.failed,
    )


async def _of_cluster(
    checks: Attempts, context: Context, cluster: KubeClient, seconds: float
) -> dict[str, Any]:
    """Return the fields of what the API server and the kubelets tell, of what could be asked."""
    instance = context.network.instance
    machines, clocks, residue, begun, (volumes, logs, forgot) = await asyncio.gather(
        checks.made("machines", cluster.items("/api/v1/nodes"), seconds=seconds),
        checks.made("clocks", clock_differences(cluster), seconds=seconds),
        checks.made("leftovers of deleted instances", _residue(context, cluster), seconds=seconds),
        checks.made("runs of runbooks", _begun(cluster, instance.namespace), seconds=seconds),
        asyncio.gather(
            checks.made("volumes", volume_usage(cluster, instance.namespace), seconds=seconds),
            checks.made("logs on machines", _logs(cluster, instance), seconds=seconds),
            checks.made("logs of Raft", ask_lost_logs(cluster, instance.orderers), seconds=seconds),
        ),
    )
    return {
        "machines": dict(_machines(machines or ())),
        "clocks": clocks or {},
        "volumes": {each.claim: each.used / each.capacity for each in volumes or ()},
        "begun": begun or {},
        "logs": logs or {},
        "forgot": forgot or {},
        "residue": tuple(residue.deleted) if residue else (),
        "leftovers": tuple(residue.claims) if residue else (),
    }


async def _looked_at_pods(
    checks: Attempts, cluster: KubeClient, instance: InstanceOutput, seconds: float
) -> tuple[list[Source] | None, frozenset[str]]:
    """Return the instance's pods, None where they cannot be listed, and which of them are steady again."""
    sources = await checks.made("pods", list_sources(cluster, instance), seconds=seconds)
    looked = steady_pods(cluster, instance.namespace, sources or ())
    return sources, await checks.made("restarts", looked, seconds=seconds) or frozenset()


def _is_there(around: Surroundings, peer: NodeOutput) -> bool:
    found = around.workloads.get(peer.name)
    return found is None or found.there


async def _peer(
    context: Context, cluster: KubeClient, connections: Connections, peer: NodeOutput, patience: float
) -> PeerLook:
    found = await diagnose(context, cluster, connections, peer, patience=patience)
    return PeerLook(verdict=str(found.verdict), why=found.why, evidence=found.evidence)


@dataclass(frozen=True, kw_only=True)
class _Left:
    """Name deleted instances that left something, and claims of nodes that left this one."""

    deleted: list[str]
    claims: list[str]


async def _residue(context: Context, cluster: KubeClient) -> _Left:
    facts, instance = await gather(cluster, context.namespaces), context.network.instance
    own = Target(instance=instance.name, namespace=instance.namespace)
    return _Left(
        deleted=[each.instance for each in deleted_instances(facts) if each != own],
        claims=leftover_claims(facts, own, context.claims),
    )


def _with_surroundings(facts: Facts, around: Surroundings) -> Facts:
    words = ""
    if around.namespace is not None:
        since = around.namespace.leaving_since
        words = f"the namespace is being deleted since {since}" if since else "the namespace is gone"
    return replace(
        facts,
        unreachable=around.unreachable,
        namespace_words=words,
        missing=tuple(name for name, each in around.workloads.items() if not each.there),
        scaled_down=tuple(name for name, each in around.workloads.items() if each.there and not each.wanted),
        addresses=around.addresses,
        growing=tuple(around.growing),
    )


def _with_answers(facts: Facts, instance: InstanceOutput, asked: Asked | None) -> Facts:
    if asked is None:
        return facts
    status: InstanceStatus = status_of(instance, asked)
    nodes = (*instance.orderers, *instance.peers)
    margins = {each.channel: each for each in status.margins}
    return replace(
        facts,
        nodes=tuple(map(_node, nodes, asked.facts, status.nodes)),
        answers=asked.facts,
        margins={
            name: (each.standing.margin if each.standing else None, str(each).partition(": ")[2])
            for name, each in margins.items()
        },
        consenters={name: each.standing.consenters for name, each in margins.items() if each.standing},
        expired=status.expired,
        ending=status.ending,
        chaincodes={
            f"{each.name} on {each.channel}": each.summary for each in status.chaincodes if each.problem
        },
    )


async def _logs(cluster: KubeClient, instance: InstanceOutput) -> dict[str, LogsLook]:
    return await log_usage(cluster, await own_pods(cluster, instance))


async def _begun(cluster: KubeClient, namespace: str) -> dict[str, str]:
    """Return by the workload that it stopped the runbook of which a run did not end."""
    path = f"/apis/apps/v1/namespaces/{quote(namespace)}/statefulsets"
    notes = {
        each["metadata"]["name"]: (each["metadata"].get("annotations") or {}).get(NOTE)
        for each in await cluster.items(path)
    }
    return {name: str(json.loads(note)["runbook"]) for name, note in notes.items() if note}


def _node(node: NodeOutput, facts: NodeFacts, status: NodeStatus) -> NodeLook:
    answers, expired = facts.channels.values(), tuple(expired_of_node(node, facts))
    missing = ((name, missing_state(each)) for name, each in facts.channels.items())
    return NodeLook(
        name=node.name,
        kind=facts.kind,
        summary=status.summary,
        problems=status.problems,
        silent=facts.silent is not None
        or (bool(answers) and all(isinstance(each, NoAnswer) for each in answers)),
        slow=bool(slowness(facts)),
        expired=tuple(f"{each}; {each.remedy}" for each in expired),
        renewed=bool(expired) and all(each.remedy is RESTART for each in expired),
        stateless=next((f"{name}: {words}" for name, words in missing if words), ""),
        lost=tuple(name for name, each in facts.channels.items() if each is None),
        heights=status.heights,
    )


def _pods(sources: Iterable[Source], steady: Collection[str]) -> Iterator[PodLook]:
    """Yield the pods that do not run, and those that restarted."""
    for each in sources:
        if each.running and not each.restarts:
            continue
        reason, _, message = each.waits.partition(" ")
        yield PodLook(
            owner=each.name,
            pod=each.pod,
            kind=each.kind,
            reason="" if each.running else reason,
            message=message or (each.ended if each.restarts else ""),
            restarts=each.restarts,
            chaincode=each.chaincode,
            steady=each.pod in steady,
        )


def _missing_servers(instance: InstanceOutput, sources: Iterable[Source]) -> Iterator[tuple[str, str]]:
    """Yield the chaincodes and organizations of whose package no pod there is a server."""
    served = {each.package for each in sources}
    for each in instance.chaincodes.values():
        for organization, package in each.package_ids.items():
            if package not in served:
                yield each.name, organization


def _machines(machines: Iterable[Json]) -> Iterator[tuple[str, str]]:
    """Yield the cluster's machines that are not well, with why."""
    for machine in machines:
        conditions: list[Mapping[str, Any]] = machine.get("status", {}).get("conditions") or []
        words = [
            f"{each['type']}: {each.get('message', '')}"
            for each in conditions
            if each["type"] in _PRESSURES and each["status"] == "True"
        ]
        if not is_ready(machine):
            why = next((each.get("message", "") for each in conditions if each["type"] == "Ready"), "")
            words.insert(0, f"not ready: {why}")
        if words:
            yield machine["metadata"]["name"], "; ".join(words)
