"""Check a stack: whether its file can be used, its cluster answers, and the names of its domain resolve."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from heddle import config
from heddle.doctor.domain import dns_domain_finding, domain_findings
from heddle.doctor.findings import Finding
from heddle.doctor.images import image_findings
from heddle.errors import EngineError, HeddleError, SpecError
from heddle.kube.client import KubeClient
from heddle.state.stack import open_stack
from heddle.topology import plan
from heddle.versions import OLDEST_KUBERNETES

__all__ = ["stack_findings", "upgrade_step"]


def stack_findings(stack: str, folder: Path) -> Iterator[Finding]:
    """Check the stack's file, its cluster and the names; stop where a check needs the one before."""
    try:
        stored = open_stack(folder, stack).config
    except EngineError as error:
        yield Finding(what="stack", found=error.message, step=error.hint or "See the message.")
        return
    try:
        settings = config.read_values(stack, stored.values, stored.secret_keys)
    except SpecError as error:
        step = error.hint or "Mend the file, then look again."
        yield Finding(what="stack file", found=error.message, step=step)
        return
    yield Finding(what="stack file", found=f"stacks/Pulumi.{stack}.yaml can be used")
    cluster = asyncio.run(_cluster_finding(settings.cluster.kubeconfig))
    yield cluster
    if cluster.step:
        return
    topology = plan(settings.instance)
    yield from image_findings(topology, settings.cluster.kubeconfig)
    yield dns_domain_finding(settings.instance.dns_domain, settings.cluster.kubeconfig)
    if settings.instance.domain:
        hosts = [node.host for node in topology.nodes]
        yield from domain_findings(settings.instance.domain, hosts, settings.cluster.kubeconfig)


async def _cluster_finding(kubeconfig: str) -> Finding:
    """Say whether the API server answers to the credentials of the kubeconfig."""
    try:
        async with await KubeClient.open(kubeconfig) as client:
            version = await client.get("/version") or {}
    except (HeddleError, OSError) as error:
        step = "Does `kubectl version` work with this kubeconfig? For a local cluster: heddle cluster up."
        if isinstance(error, HeddleError):
            return Finding(what="cluster", found=f"does not answer: {error.message}", step=error.hint or step)
        return Finding(what="cluster", found=f"does not answer: {error}", step=step)
    found = f"Kubernetes {version.get('gitVersion', '(no version)')} answers"
    return Finding(what="cluster", found=found, step=upgrade_step(version))


def upgrade_step(version: Mapping[str, Any]) -> str:
    """Return what to do about a cluster that lacks what pods here have; empty for one that is new enough.

    A hosted cluster writes its minor version with a sign behind it: `30+`.
    """
    parts = [re.match(r"\d+", str(version.get(part, ""))) for part in ("major", "minor")]
    numbers = tuple(int(part[0]) for part in parts if part)
    if len(numbers) < len(OLDEST_KUBERNETES) or numbers >= OLDEST_KUBERNETES:
        return ""
    oldest = ".".join(map(str, OLDEST_KUBERNETES))
    return f"Pods of chaincode need Kubernetes {oldest} or later: use a later cluster, or have it upgraded."
