"""Decide about what is around the nodes: cluster, machines, addresses, endorsements, a lost instance. Pure.

Nothing of it is changed from here: each says what was tried, what came of it, and what a person does next.
"""

from heddle.planner.incidents import Cause
from heddle.planner.responses.model import MachineLook, Response, Situation
from heddle.planner.triage import Finding

__all__ = [
    "address_lost",
    "busy_words",
    "cluster_unreachable",
    "endorsement_failing",
    "node_exhausted",
    "restore",
]

_BUSY = 0.8
"""Share of a machine's processors, memory or disk from which it counts as exhausted."""


def cluster_unreachable(now: Situation) -> Response:
    """Say how far the way to the API server goes, and what is next at the step where it ends."""
    said = " ".join([now.facts.unreachable, *now.closer.steps]).lower()
    stack = now.facts.stack
    if "name or service not known" in said or "resolve" in said:
        need = "its name does not resolve here: is this machine in the right network, and its DNS right?"
    elif "refused" in said:
        need = "nothing listens there: is the cluster asleep or gone? A local one: heddle cluster up"
    elif "certificate" in said or "ssl" in said:
        need = "its certificate is not accepted: fetch the kubeconfig anew from the cluster's administrator"
    elif "proxy" in said:
        need = "the proxy refuses it: put the API server's host into NO_PROXY, or mend the proxy"
    else:
        need = "no answer came: is a firewall or VPN between? Ask the cluster's administrator for its state"
    after = f"then `heddle status {stack}`: nodes run on without an API server, so look before anything else"
    return Response(lines=now.closer.steps, needs=(need, after))


def restore(now: Situation) -> Response:
    """Lead to `heddle backup restore`, with what has to be looked at before."""
    stack = now.facts.stack
    backups = now.facts.backups or "heddle backup list tells which there are"
    return Response(
        lines=(f"backups: {backups}",),
        needs=(
            f"nobody deletes the namespace any more: kubectl get namespace {now.facts.namespace}",
            f"choose a backup and prove it: heddle backup list {stack}; heddle backup verify {stack}",
            f"put the instance back: heddle backup restore {stack}; what was ordered after the "
            "backup is lost, "
            "unless a node elsewhere still has it",
            f"prove it: heddle status {stack}; heddle channel verify {stack} CHANNEL",
        ),
    )


def address_lost(now: Situation) -> Response:
    """Say at which step the way to a public address ends, and whose it is to mend that."""
    stack = now.facts.stack
    inside = {each.name for each in now.facts.nodes if each.heights}
    lines = [f"{each.about}: {each.words}" for each in now.findings]
    lines += list(now.closer.steps)
    names = [each.about for each in now.findings]
    well = [name for name in names if name in inside]
    needs = []
    if well:
        needs.append(
            f"{', '.join(well)} answer inside the cluster: is the public address still bound to a "
            "machine, and does "
            "its firewall let the ports in (heddle doctor says which)?"
        )
    if len(well) < len(names):
        needs.append(f"nodes that do not answer inside either: heddle runbook run triage --stack {stack}")
    needs.append(
        f"a new address: write it as `publicAddress` into the stack file, heddle preview {stack}, "
        f"heddle up {stack}, "
        "and give clients their files anew (heddle sdk-config)"
    )
    return Response(lines=tuple(lines), needs=tuple(needs))


def node_exhausted(now: Situation) -> Response:
    """Say which machine has too little of what, who takes most of it, and who of them are no part of this."""
    lines, needs = [], []
    for each in now.closer.machines.values():
        trouble = now.facts.machines.get(each.name, "")
        busy = busy_words(each)
        if not trouble and not busy:
            continue
        lines.append(f"{each.name}: {'; '.join(filter(None, (trouble, busy)))}")
        lines += [f"  {name}.{namespace}: {words}" for namespace, name, words in each.heaviest]
        logs = now.facts.logs.get(each.name)
        if logs is not None and logs.fills():
            needs.append(f"{each.name}, its disk: heddle runbook run node-logs --stack {now.facts.stack}")
        foreign = [
            f"{name}.{namespace}"
            for namespace, name, _ in each.heaviest
            if namespace not in (now.facts.namespace, "kube-system")
        ]
        needs.append(_machine_need(each, trouble, foreign))
    return Response(lines=tuple(lines), needs=tuple(needs))


def busy_words(each: MachineLook) -> str:
    """Return of what a machine uses more than four fifths; empty if of nothing, and where nobody tells."""
    words = []
    if (
        each.used_processors is not None
        and each.processors
        and each.used_processors / each.processors > _BUSY
    ):
        words.append(f"{each.used_processors:.1f} of {each.processors:.1f} processors are busy")
    if each.used_memory is not None and each.memory and each.used_memory / each.memory > _BUSY:
        words.append(f"{each.used_memory / each.memory:.0%} of its memory is used")
    if each.disk_share is not None and each.disk_share > _BUSY:
        words.append(f"{each.disk_share:.0%} of its disk is used")
    return ", ".join(words)


def _machine_need(each: MachineLook, trouble: str, foreign: list[str]) -> str:
    if "not ready" in trouble:
        return (
            f"{each.name}: is it on, and does its kubelet run? systemctl status kubelet there; pods "
            "with volumes of "
            "that machine come back with it"
        )
    others = (
        f": {', '.join(foreign)} are not this instance's; move them, or ask whose they are" if foreign else ""
    )
    return (
        f"{each.name}: take load off it or give it more{others}. A process in no pod that takes a "
        "whole processor "
        "may be somebody else's program on the machine: look with top there"
    )


def endorsement_failing(now: Situation) -> Response:
    """Say of each chaincode whether version, packages, servers and peers are as its policy needs them."""
    stack, needs = now.facts.stack, []
    lines = [f"{each.about}: {each.words}" for each in now.findings]
    lines += list(now.closer.steps)
    for finding in now.findings:
        if finding.cause is Cause.CHAINCODE:
            needs.append(_version(finding, stack))
    if any(each.cause is Cause.ENDORSEMENT for each in now.findings) or not needs:
        needs.append(
            f"read what endorsers answer: heddle logs {stack} --grep endors --since 1h --level warning"
        )
    return Response(lines=tuple(lines), needs=tuple(dict.fromkeys(needs)))


def _version(finding: Finding, stack: str) -> str:
    if "not committed" in finding.words:
        return (
            f"{finding.about}: heddle refresh {stack} && heddle preview {stack}: its approvals and its commit"
        )
    if "version" in finding.words:
        return (
            f"{finding.about}: others committed another definition: write its version and sequence "
            "into the stack "
            f"file if it is wanted, heddle preview {stack}; else raise the sequence and run heddle up {stack}"
        )
    return f"{finding.about}: no peer tells what is in force: heddle runbook run triage --stack {stack}"
