"""Evidence: what the broken pods of a namespace say of themselves."""

from heddle.kube.client import Json, KubeClient

__all__ = ["broken_pods"]

_LOG_LINES = 12


async def broken_pods(cluster: KubeClient, namespace: str, prefix: str) -> list[str]:
    """Return lines about each pod that is not well: its state, the cluster's warnings, the end of its log.

    Args:
        cluster: where.
        namespace: of the pods.
        prefix: what their names begin with; empty for all.
    """
    lines: list[str] = []
    for pod in await cluster.items(f"/api/v1/namespaces/{namespace}/pods"):
        name = pod["metadata"]["name"]
        if not name.startswith(prefix) or _well(pod):
            continue
        lines.append(f"pod {name}: {pod.get('status', {}).get('phase', 'unknown')}")
        lines += [f"  {line}" for line in _containers(pod)]
        lines += [f"  warning {line}" for line in await cluster.warnings(namespace, name)]
        log = await cluster.log(namespace, name) or await cluster.log(namespace, name, previous=True)
        lines += [f"  log {line}" for line in log.splitlines()[-_LOG_LINES:]]
    return lines


def _well(pod: Json) -> bool:
    status = pod.get("status", {})
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions", []))
    return ready or status.get("phase") == "Succeeded"


def _containers(pod: Json) -> list[str]:
    status = pod.get("status", {})
    lines = []
    for container in (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or []):
        for kind, state in (container.get("state") or {}).items():
            said = " ".join(str(state[key]) for key in ("reason", "message", "exitCode") if key in state)
            lines.append(f"container {container['name']}: {kind} {said}".rstrip())
    return lines
