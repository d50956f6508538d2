"""Remove the Jobs of a runbook: a completed one keeps its node's claim from being deleted."""

import asyncio
from urllib.parse import quote

from heddle.errors import RunbookError
from heddle.kube.client import Json, KubeClient, refusal
from heddle.kube.jobs import RUNBOOK
from heddle.runbooks.context import Context
from heddle.waiting import poll

__all__ = ["remove_jobs"]

_SECONDS = 120.0


def remove_jobs(context: Context, runbook: str) -> None:
    """Delete the Jobs of a runbook in the stack's namespace, and wait until their pods are gone.

    The stack's lock must be held: then no other run is at work. Raises RunbookError with what is left.
    """
    if context.deployed is not None:
        asyncio.run(_remove(context.kubeconfig, context.deployed.instance.namespace, runbook))


async def _remove(kubeconfig: str, namespace: str, runbook: str) -> None:
    selector = f"{RUNBOOK}={runbook}"
    jobs, pods = f"/apis/batch/v1/namespaces/{namespace}/jobs", f"/api/v1/namespaces/{namespace}/pods"

    def too_slow(left: list[Json]) -> RunbookError:
        names = ", ".join(each["metadata"]["name"] for each in left)
        return RunbookError(
            f"{namespace}: Jobs of runbook {runbook} are not gone after {_SECONDS:.0f} s: {names}",
            hint="While one of their pods runs, its volume must not be used: is its Kubernetes node up? "
            "Then run the runbook again, which removes them first.",
        )

    async with await KubeClient.open(kubeconfig) as cluster:

        async def left(_: float) -> list[Json]:
            return [
                each for path in (jobs, pods) for each in await cluster.items(path, labelSelector=selector)
            ]

        if not await left(_SECONDS):
            return
        # Foreground: the Job stays until its pods have ended, so nothing works on a volume unseen.
        # One by one: deleting a collection is a right of its own, which the smallest Role does not have.
        for job in await cluster.items(jobs, labelSelector=selector):
            path = f"{jobs}/{quote(job['metadata']['name'])}"
            foreground = {"propagationPolicy": "Foreground"}
            response = await cluster.send("DELETE", path, json=foreground, repeatable=True)
            if response.is_error and response.status_code != 404:
                raise refusal(response)
        await poll(left, lambda found: not found, deadline=_SECONDS, otherwise=too_slow)
