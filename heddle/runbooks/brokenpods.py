"""Collect what the broken pods of a namespace say of themselves, and why a Job has none."""

from heddle.kube.client import KubeClient, is_ready
from heddle.kube.pods import container_lines

__all__ = ["broken_pods"]

_LOG_LINES = 12


async def broken_pods(cluster: KubeClient, namespace: str, prefix: str) -> list[str]:
    """Return lines about each pod that is not well: its state, the cluster's warnings, the end of its log.

    A Job whose pods the cluster refuses (a quota, pod security, numbers of users that it gives itself) has
    none: the warnings about the Job say why. Only names that begin with the prefix count.
    """
    lines: list[str] = []
    for job in await cluster.items(f"/apis/batch/v1/namespaces/{namespace}/jobs"):
        name, status = job["metadata"]["name"], job.get("status", {})
        if name.startswith(prefix) and not status.get("active") and not status.get("succeeded"):
            warnings = await cluster.warnings(namespace, name)
            lines += [f"Job {name}", *(f"  warning {line}" for line in warnings)] if warnings else []
    for pod in await cluster.items(f"/api/v1/namespaces/{namespace}/pods"):
        name = pod["metadata"]["name"]
        phase = pod.get("status", {}).get("phase", "unknown")
        if not name.startswith(prefix) or is_ready(pod) or phase == "Succeeded":
            continue
        lines.append(f"pod {name}: {phase}")
        lines += [f"  {line}" for line in container_lines(pod)]
        lines += [f"  warning {line}" for line in await cluster.warnings(namespace, name)]
        log = await cluster.log(namespace, name) or await cluster.log(namespace, name, previous=True)
        lines += [f"  log {line}" for line in log.splitlines()[-_LOG_LINES:]]
    return lines
