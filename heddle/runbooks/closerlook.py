"""Look closer than `triage` does, as one runbook needs it: workloads, pods and their logs, machines, claims.

Nothing is changed. What could not be looked at is left out and told; a runbook then asks a person.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from heddle.configtx.settings import BFT
from heddle.errors import HeddleError, Unreachable
from heddle.fabric import discovery
from heddle.fabric.connection import Connections
from heddle.kube.claims import claims_in
from heddle.kube.client import Json, KubeClient
from heddle.kube.podinputs import changed_inputs
from heddle.kube.volumes import claim_facts
from heddle.network.facts import node_facts
from heddle.network.instance import NodeOutput
from heddle.network.network import node_of
from heddle.planner.facts import LedgerState, NodeFacts
from heddle.planner.looks import Facts
from heddle.planner.responses.model import Closer, PodDetail, WorkloadLook
from heddle.runbooks.asidelook import set_aside
from heddle.runbooks.context import Context
from heddle.runbooks.loglook import Looked, log_files
from heddle.runbooks.machinelook import look_at_machines
from heddle.runbooks.waylook import way_to_api_server
from heddle.waiting import Attempts

__all__ = ["look_closer"]

_WATCHED: Final = 15.0
"""Seconds for which a node that lacks blocks is watched: some blocks of any channel that is in use."""
_CALL = 10.0


async def look_closer(
    runbook: str,
    context: Context,
    cluster: KubeClient,
    connections: Connections,
    facts: Facts,
    *,
    looked: Looked | None = None,
) -> Closer:
    """Return what a runbook wants to know beside the facts of `triage`. looked: the Jobs that it has run."""
    if facts.unreachable:
        return Closer(steps=tuple(await way_to_api_server(context.kubeconfig)))
    instance, checks = context.network.instance, Attempts()
    names = _owners(context)
    workloads, pods, claims, machines, extra = await asyncio.gather(
        checks.made("workloads", _workloads(cluster, context), seconds=60),
        checks.made("pods", _pods(cluster, instance.namespace, facts), seconds=60),
        checks.made("claims", claim_facts(cluster, instance.namespace, names), seconds=60),
        checks.made("machines", look_at_machines(cluster), seconds=60),
        checks.made(runbook, _extra(runbook, context, cluster, connections, facts, looked), seconds=120),
    )
    return Closer(
        workloads=workloads or {},
        pods=pods or {},
        claims=claims or {},
        machines=machines or {},
        databases={peer.name: peer.state_database for peer in instance.peers},
        orderers=tuple(each.name for each in instance.orderers),
        bft=instance.consensus == BFT,
        unknown=checks.failed,
        **(extra or {}),
    )


def _owners(context: Context) -> list[str]:
    instance = context.network.instance
    nodes = (*instance.orderers, *instance.peers)
    return [name for each in nodes for name in (each.name, each.state_database) if name]


async def _workloads(cluster: KubeClient, context: Context) -> dict[str, WorkloadLook]:
    path = f"/apis/apps/v1/namespaces/{quote(context.network.instance.namespace)}"
    sets, deployments = await cluster.lists(f"{path}/statefulsets", f"{path}/deployments")
    found = [("StatefulSet", each) for each in sets] + [("Deployment", each) for each in deployments]
    return {
        each["metadata"]["name"]: _workload(kind, each, context.images.get(each["metadata"]["name"], ""))
        for kind, each in found
    }


def _workload(kind: str, found: Json, declared: str) -> WorkloadLook:
    container = found["spec"]["template"]["spec"].get("containers", [{}])[0]
    return WorkloadLook(
        name=found["metadata"]["name"],
        kind=kind,
        replicas=int(found["spec"].get("replicas", 1)),
        image=container.get("image", ""),
        container=container.get("name", ""),
        declared=declared,
    )


async def _pods(cluster: KubeClient, namespace: str, facts: Facts) -> dict[str, PodDetail]:
    """Return the pods of a namespace; of those that are not well, with their last log and warnings."""
    unwell = {each.pod for each in facts.pods}
    found = {
        each["metadata"]["name"]: each
        for each in await cluster.items(f"/api/v1/namespaces/{quote(namespace)}/pods")
    }
    unwell &= found.keys()
    closer = await asyncio.gather(*(_unwell(cluster, namespace, found[name]) for name in unwell))
    return {name: _pod(each) for name, each in found.items()} | {each.name: each for each in closer}


async def _unwell(cluster: KubeClient, namespace: str, pod: Json) -> PodDetail:
    """Return a pod with its last log, the warnings about it, and what it reads that has changed since."""
    (log, warnings), changed = await asyncio.gather(
        _said(cluster, namespace, pod), changed_inputs(cluster, namespace, pod)
    )
    return replace(_pod(pod), log=log, warnings=warnings, changed=changed)


async def _said(cluster: KubeClient, namespace: str, pod: Json) -> tuple[str, tuple[str, ...]]:
    """Return the end of the log of the container's run that ended, and the warnings about the pod."""
    name = pod["metadata"]["name"]
    state = ((pod.get("status", {}).get("containerStatuses") or [{}])[0]).get("state") or {}
    # A container between two attempts has no log of its own: the one before has.
    log = await cluster.log(namespace, name, previous="terminated" not in state)
    return log or await cluster.log(namespace, name), await cluster.warnings(namespace, name)


def _pod(pod: Json) -> PodDetail:
    container = pod["spec"]["containers"][0]
    status = (pod.get("status", {}).get("containerStatuses") or [{}])[0]
    return PodDetail(
        name=pod["metadata"]["name"],
        uid=pod["metadata"].get("uid", ""),
        image=container.get("image", ""),
        machine=pod["spec"].get("nodeName", ""),
        always_pulls=container.get("imagePullPolicy") == "Always",
        restarts=int(status.get("restartCount") or 0),
        claims=claims_in(pod["spec"]),
    )


async def _extra(
    runbook: str,
    context: Context,
    cluster: KubeClient,
    connections: Connections,
    facts: Facts,
    looked: Looked | None,
) -> dict[str, Any]:
    """Return the fields of the closer look that one runbook alone wants."""
    match runbook:
        case "node-logs" if looked is not None:
            return {"logs": await log_files(cluster, context.network.instance, looked)}
        case "height-gap":
            return await _growth(context, connections, facts)
        case "disk-full":
            return {"aside": await set_aside(context)}
        case "endorsement-failing":
            return {"endorsements": await _endorsements(context, connections, facts)}
        case "tls-handshake":
            return {"steps": tuple(_certificates(facts.answers))}
        case _:
            return {}


async def _growth(context: Context, connections: Connections, facts: Facts) -> dict[str, Any]:
    """Watch nodes for a moment; nothing is watched where all are level."""
    newest: dict[str, int] = {}
    for each in facts.nodes:
        for channel, height in each.heights.items():
            newest[channel] = max(height, newest.get(channel, 0))
    if all(height + 1 >= newest[name] for each in facts.nodes for name, height in each.heights.items()):
        return {}
    await asyncio.sleep(_WATCHED)  # whether a ledger grows shows only over time
    again = await node_facts(context.network, connections, list(newest), deadline=_CALL)
    before = {each.name: each.heights for each in facts.nodes}
    return {
        "grown": {each.name: _grown(before.get(each.name, {}), each) for each in again},
        "watched": _WATCHED,
    }


def _grown(before: Mapping[str, int], now: NodeFacts) -> dict[str, int]:
    answers = {name: each for name, each in now.channels.items() if isinstance(each, LedgerState)}
    return {name: each.height - before[name] for name, each in answers.items() if name in before}


async def _endorsements(context: Context, connections: Connections, facts: Facts) -> dict[str, str]:
    """Ask a peer of each organization who would endorse: without anybody the policy cannot be met."""
    network, found = context.network, {}
    heights = {each.name for each in facts.nodes if each.heights}
    for chaincode in (
        on for each in network.instance.chaincodes.values() for on in each.by_channel().values()
    ):
        peers = [each for each in network.instance.peers if each.name in heights]
        asked = [each for each in peers if each.name in network.instance.channel(chaincode.channel).peers]
        for peer in {each.organization: each for each in asked}.values():
            words = await _endorsers(context, connections, peer, chaincode.channel, chaincode.name)
            if words:
                found[f"{chaincode.name} on {chaincode.channel}"] = words
    return found


async def _endorsers(
    context: Context, connections: Connections, peer: NodeOutput, channel: str, chaincode: str
) -> str:
    signer = context.network.signer(peer.organization)
    try:
        known = await discovery.endorsers(
            connections, node_of(peer), channel, chaincode, signer, deadline=_CALL
        )
    except Unreachable:
        return ""  # triage tells of a peer that does not answer
    except HeddleError as error:
        return f"{peer.name}: {error.message}"
    if known:
        return ""
    return (
        f"{peer.name} knows no peers that satisfy its endorsement policy together: are those of every "
        "organization that it names up, on the channel, and with the package installed?"
    )


def _certificates(nodes: Iterable[NodeFacts]) -> Iterable[str]:
    for each in nodes:
        shown = each.certificate
        yield f"{each.name}: {shown if shown else 'presents no certificate that is its own'}"
