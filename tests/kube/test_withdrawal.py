"""A pod leaves its Service before it is deleted."""

from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import pytest

from components import labels
from heddle.errors import KubeError
from heddle.kube.client import KubeClient
from heddle.kube.pods import PodState, _with_pod
from heddle.kube.withdrawal import REACHED, withdraw


@dataclass
class Server:
    """An API server whose Service forgets a pod after some looks."""

    status: int = 200
    looks: int = 3
    sent: list[Any] = field(default_factory=list)

    async def send(self, method: str, path: str, *, json: Any, content_type: str) -> httpx.Response:
        self.sent.append((method, path, json["metadata"], content_type))
        return httpx.Response(
            self.status,
            json={"message": "pods is forbidden"},
            request=httpx.Request(method, f"https://server{path}"),
        )

    async def items(self, path: str, *, labelSelector: str) -> list[Any]:  # noqa: N803 - Kubernetes' name
        assert path == "/apis/discovery.k8s.io/v1/namespaces/fabric/endpointslices"
        assert labelSelector == "kubernetes.io/service-name=peer0"
        self.looks -= 1
        known = ["u-0", "u-1"] if self.looks > 0 else ["u-0"]
        return [{"endpoints": [{"targetRef": {"uid": uid}} for uid in known]}, {"endpoints": None}]


async def _withdraw(server: Server) -> None:
    await withdraw(cast("KubeClient", server), "fabric", "peer0", "peer0-0", "u-1")


async def test_the_pod_goes_once_its_service_has_forgotten_it() -> None:
    """The one of that uid alone; it is marked, so that a run that goes on from there deletes it."""
    server = Server()

    await _withdraw(server)

    method, path, metadata, kind = server.sent[0]
    assert (method, path) == ("PATCH", "/api/v1/namespaces/fabric/pods/peer0-0")
    assert kind == "application/merge-patch+json"
    assert metadata["uid"] == "u-1"
    assert metadata["labels"] == {REACHED: None}
    assert server.looks == 0
    pod = {"metadata": {**metadata, "uid": "u-1"}, "status": {}}
    assert _with_pod(PodState(node="peer0", settled=True), pod).outdated


@pytest.mark.parametrize("status", [404, 409, 422])
async def test_a_pod_that_is_gone_already_is_left_alone(status: int) -> None:
    """Its successor has another uid."""
    server = Server(status=status)

    await _withdraw(server)

    assert server.looks == 3


async def test_who_may_not_change_pods_is_told() -> None:
    """A Role for an earlier release has no such right."""
    with pytest.raises(KubeError, match="pods is forbidden"):
        await _withdraw(Server(status=403))


def test_the_label_is_the_one_that_services_select() -> None:
    """And nothing else: the StatefulSet must go on to own the pod."""
    service, statefulset = (select("dev", "peer0") for select in (labels.select_reached, labels.select_node))
    assert service.keys() - statefulset.keys() == {REACHED}
