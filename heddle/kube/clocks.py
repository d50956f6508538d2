"""Compare clocks: this machine's with the API server's, and those of the cluster's machines with it."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from heddle.errors import KubeError
from heddle.kube.client import Json, KubeClient, is_ready, refusal

__all__ = ["clock_differences"]

_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
_RENEWED = 10.0
"""Seconds after which a kubelet renews the lease of its machine (kubelet's default is a quarter of 40 s)."""


async def clock_differences(server: KubeClient) -> dict[str, float]:
    """Return by how many seconds clocks are ahead of the API server's; below 0: behind.

    Those of the cluster's machines are told by their leases, which not everybody may read; a machine that is
    down tells nothing.
    """
    before = datetime.now(UTC)
    response = await server.send("GET", "/version")
    if response.status_code != 200 or "date" not in response.headers:
        raise refusal(response)
    now = parsedate_to_datetime(response.headers["date"])
    found = {"this machine": (before - now).total_seconds()}
    try:
        machines, leases = await server.lists("/api/v1/nodes", _LEASES)
    except KubeError:
        return found
    renewed = {each["metadata"]["name"]: _renewed(each) for each in leases}
    for machine in machines:
        name = machine["metadata"]["name"]
        if is_ready(machine) and (last := renewed.get(name)) is not None:
            ahead = (last - now).total_seconds()
            found[f"machine {name}"] = ahead if ahead > 0 else min(0.0, ahead + _RENEWED)
    return found


def _renewed(lease: Json) -> datetime | None:
    text = (lease.get("spec") or {}).get("renewTime")
    return datetime.fromisoformat(text) if text else None
