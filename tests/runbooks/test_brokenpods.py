"""What a failed run shows of a cluster: broken pods, and Jobs that have none."""

from typing import Any, cast

from heddle.kube.client import KubeClient
from heddle.runbooks.brokenpods import broken_pods

REFUSED = 'FailedCreate: pods "x" is forbidden: unable to validate against any security context constraint'


class Cluster:
    """Two Jobs, one whose pods are refused and one that ended well; no pods."""

    async def items(self, path: str) -> list[dict[str, Any]]:
        jobs: list[dict[str, Any]] = [
            {"metadata": {"name": "peer0-one-aside-d"}, "status": {}},
            {"metadata": {"name": "peer0-one-rebuild-d"}, "status": {"succeeded": 1}},
            {"metadata": {"name": "other"}, "status": {}},
        ]
        return jobs if path == "/apis/batch/v1/namespaces/fabric-x/jobs" else []

    async def warnings(self, namespace: str, name: str) -> tuple[str, ...]:
        assert namespace == "fabric-x"
        return (REFUSED,) if "rebuild" not in name else ("BackoffLimitExceeded: of its first pod",)


async def test_a_job_whose_pods_are_refused_says_why() -> None:
    """Without a pod there is no other evidence: the run would say that every pod is well."""
    lines = await broken_pods(cast("KubeClient", Cluster()), "fabric-x", "peer0-one")

    assert lines == ["Job peer0-one-aside-d", f"  warning {REFUSED}"]
