"""A wait for a fact outlives reads without an answer, until its deadline."""

from typing import Any, cast

import pytest

from heddle.embedded.engine.kubernetes.api import Api, ApiError, ClusterUnreachable
from heddle.embedded.engine.kubernetes.gone import wait_gone
from heddle.embedded.engine.kubernetes.readiness import wait_ready
from heddle.embedded.engine.kubernetes.telling import Teller
from heddle.errors import ProviderError
from tests.embedded.engine.kubernetes.fake import FakeApi

NAMESPACE = "/api/v1/namespaces/x"
SERVICE = f"{NAMESPACE}/services/n"
SILENCE = ClusterUnreachable("no answer from the Kubernetes API server")
CANNOT = ApiError(500, {"message": "etcdserver: request timed out"})
LOST = [pytest.param(SILENCE, id="silence"), pytest.param(CANNOT, id="it cannot answer")]


def silent_teller() -> Teller:
    return Teller(warn=lambda _: None, until=lambda _: None)


def gone(fake: FakeApi, obj: dict[str, Any], timeout: float = 5) -> None:
    """Wait until it is gone."""
    wait_gone(cast("Api", fake), obj, obj["metadata"]["name"], obj, timeout=timeout, tell=silent_teller())


def namespace(fake: FakeApi) -> dict[str, Any]:
    return fake.put(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}})


@pytest.mark.parametrize("lost", LOST)
def test_the_end_of_a_namespace_is_awaited(lost: ProviderError) -> None:
    """So that `destroy` ends well, although the API server was busy for a while."""
    fake = FakeApi()
    there = namespace(fake)
    fake.lost = [lost] * 3
    fake.script = [lambda obj: obj, lambda _: None]
    gone(fake, there)
    assert NAMESPACE not in fake.objects
    assert not fake.lost


def test_what_an_object_waits_for_is_said() -> None:
    """In the words of the rule that does not hold, while it does not."""
    said: list[str] = []
    fake = FakeApi()
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "n", "namespace": "x"}, "apiVersion": "v1"}
    live = fake.put(f"{NAMESPACE}/persistentvolumeclaims/n", claim)
    fake.objects[f"{NAMESPACE}/persistentvolumeclaims/n"] = {**live, "status": {"phase": "Bound"}}
    tell = Teller(warn=lambda _: None, until=said.append)
    wait_ready(cast("Api", fake), live, claim, timeout=5, tell=tell)
    there = namespace(fake)
    fake.script = [lambda obj: obj, lambda _: None]
    wait_gone(cast("Api", fake), there, "x", there, timeout=5, tell=tell)

    assert said[0].startswith("until it is ready: ")
    assert said[-1] == "until it is gone"


def test_a_refusal_ends_the_wait() -> None:
    """It would be the same again."""
    fake = FakeApi()
    there = namespace(fake)
    fake.lost = [ApiError(403, {"message": "forbidden"})]
    with pytest.raises(ApiError, match="forbidden"):
        gone(fake, there)


def test_at_the_deadline_the_silence_is_told() -> None:
    """Nothing is known of the object."""
    fake = FakeApi()
    there = namespace(fake)
    fake.lost = [SILENCE] * 100
    with pytest.raises(ClusterUnreachable):
        gone(fake, there, timeout=0.3)


@pytest.mark.parametrize("lost", LOST)
def test_the_readiness_of_a_volume_is_awaited(lost: ProviderError) -> None:
    """As its end is."""
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "n", "namespace": "x"}, "apiVersion": "v1"}
    fake = FakeApi()
    live = fake.put(f"{NAMESPACE}/persistentvolumeclaims/n", claim)
    fake.lost = [lost] * 2
    # The first watch ends without a word; the object that is read then is bound.
    fake.objects[f"{NAMESPACE}/persistentvolumeclaims/n"] = {**live, "status": {"phase": "Bound"}}
    ready = wait_ready(cast("Api", fake), live, claim, timeout=5, tell=silent_teller())
    assert ready["status"]["phase"] == "Bound"
    assert not fake.lost


@pytest.mark.parametrize("lost", LOST)
def test_the_address_of_a_service_is_awaited(lost: ProviderError) -> None:
    """A load balancer's takes minutes."""
    spec = {"type": "LoadBalancer"}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "n", "namespace": "x"},
        "spec": spec,
    }
    fake = FakeApi()
    live = fake.put(SERVICE, service)
    fake.lost = [lost] * 2
    fake.objects[SERVICE] = {**live, "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}
    ready = wait_ready(cast("Api", fake), live, service, timeout=5, tell=silent_teller())
    assert ready["status"]["loadBalancer"]["ingress"] == [{"ip": "192.0.2.1"}]
