"""Take a pod out of its Service before it is deleted, so that nobody waits for an address that is gone.

A pod's address is taken away before the Service forgets it. Who dials it in between gets no answer at all:
gRPC waits 20 s for one, and Raft's leader sends to nobody meanwhile (orderer/common/cluster/remotecontext.go,
NewStream). A Service without any pod refuses at once.
"""

from urllib.parse import quote

from heddle.kube.client import KubeClient, pod_path, refusal
from heddle.waiting import poll

__all__ = ["REACHED", "is_marked", "mark_for_restart", "withdraw"]

REACHED = "app.kubernetes.io/managed-by"
"""Label of every pod, which nodes' Services select besides what tells one node from another."""
_WITHDRAWN = "heddle.dev/withdrawn"
"""Annotation of a pod without that label: it is to be deleted, also by a later run."""
_TO_RESTART = "heddle.dev/to-restart"
"""Annotation of a pod that is to be deleted in its turn."""
_FORGETTING = 5.0
"""Seconds for Kubernetes to take the pod out of the Service; without, it is deleted all the same."""


def is_marked(metadata: dict[str, object]) -> bool:
    """Tell whether a pod, by its metadata, is to be deleted: out of its Service already, or in its turn."""
    annotations = metadata.get("annotations")
    return isinstance(annotations, dict) and not annotations.keys().isdisjoint((_WITHDRAWN, _TO_RESTART))


async def mark_for_restart(client: KubeClient, namespace: str, pod: str) -> None:
    """Have a pod count as outdated, so that it restarts in its turn; none is no error.

    Raises KubeError where the user may not change pods.
    """
    response = await client.send(
        "PATCH",
        pod_path(namespace, pod),
        json={"metadata": {"annotations": {_TO_RESTART: "true"}}},
        content_type="application/merge-patch+json",
        repeatable=True,
    )
    if response.status_code not in (200, 404):
        raise refusal(response)


async def withdraw(client: KubeClient, namespace: str, service: str, pod: str, uid: str) -> None:
    """Take a pod, if it still is the one of this uid, out of its Service, and wait until that forgets it.

    Connections that are open stay. Raises KubeError where the user may not change pods.
    """
    changed = {"uid": uid, "labels": {REACHED: None}, "annotations": {_WITHDRAWN: "true"}}
    response = await client.send(
        "PATCH",
        pod_path(namespace, pod),
        json={"metadata": changed},
        content_type="application/merge-patch+json",
    )
    if response.status_code in (404, 409, 422):
        return  # gone, or another pod by now
    if response.status_code != 200:
        raise refusal(response)
    path = f"/apis/discovery.k8s.io/v1/namespaces/{quote(namespace)}/endpointslices"

    async def addressed(_: float) -> bool:
        slices = await client.items(path, labelSelector=f"kubernetes.io/service-name={service}")
        endpoints = (each for found in slices for each in found.get("endpoints") or ())
        return any((each.get("targetRef") or {}).get("uid") == uid for each in endpoints)

    await poll(addressed, lambda still: not still, deadline=_FORGETTING)
