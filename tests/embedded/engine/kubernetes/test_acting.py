"""Creating, changing, reading and deleting objects against an API server in memory."""

from dataclasses import replace
from typing import Any, cast

import pytest

from heddle.embedded.engine.kubernetes import acting
from heddle.embedded.engine.kubernetes.api import Api, ApiError
from heddle.embedded.engine.kubernetes.removing import delete
from heddle.embedded.engine.kubernetes.telling import Teller
from heddle.errors import ProviderError
from heddle.plugin.interface import (
    CreateRequest,
    DeleteRequest,
    PartialFailure,
    ReadRequest,
    UpdateRequest,
)
from heddle.plugin.values import Secret
from tests.embedded.engine.kubernetes.fake import FakeApi

_URN = "urn:pulumi:s::p::kubernetes:apps/v1:StatefulSet::r"
_PATH = "/apis/apps/v1/namespaces/x/statefulsets/n"
_CLAIM = "/api/v1/namespaces/x/persistentvolumeclaims/n"
_INPUTS: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "n", "namespace": "x"},
    "spec": {"replicas": 1, "updateStrategy": {"type": "OnDelete"}, "selector": {"matchLabels": {"a": "b"}}},
}
_CONFIG_MAP: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "n", "namespace": "x"},
    "data": {"a": Secret("hidden"), "b": "shown"},
}


def _create(inputs: dict[str, Any], *, preview: bool = False, timeout: float = 5) -> CreateRequest:
    return CreateRequest(urn=_URN, type="t", name="r", inputs=inputs, preview=preview, timeout=timeout)


def _update(outputs: dict[str, Any], news: dict[str, Any], *, preview: bool = False) -> UpdateRequest:
    return UpdateRequest(
        urn=_URN,
        type="t",
        name="r",
        id="x/n",
        old_inputs={},
        old_outputs=outputs,
        news=news,
        preview=preview,
        timeout=5,
    )


def _ready(obj: dict[str, Any]) -> dict[str, Any]:
    status = {
        "observedGeneration": obj["metadata"]["generation"],
        "replicas": 1,
        "readyReplicas": 1,
        "currentReplicas": 1,
        "currentRevision": "r1",
        "updateRevision": "r1",
    }
    return {**obj, "status": status}


_silent = Teller(warn=lambda _: None, until=lambda _: None)


def _api(fake: FakeApi) -> Api:
    return cast("Api", fake)


def test_a_stateful_set_is_created_once_its_pods_are_ready() -> None:
    """And the state holds what pulumi-kubernetes writes beside the live object."""
    fake = FakeApi()
    fake.script = [lambda obj: obj, _ready]
    result = acting.create(_api(fake), _create(_INPUTS), _silent)
    assert result.id == "x/n"
    assert result.properties["__inputs"] == _INPUTS
    assert result.properties["__initialApiVersion"] == "apps/v1"
    manager = result.properties["__fieldManager"]
    assert isinstance(manager, str)
    assert manager.startswith("pulumi-kubernetes-")
    assert len(manager) == len("pulumi-kubernetes-") + 8
    assert cast("dict[str, Any]", result.properties["status"])["readyReplicas"] == 1


def test_secrets_of_the_inputs_are_secret_in_the_state() -> None:
    """In the live object and in the stored inputs, and nothing else is."""
    result = acting.create(_api(FakeApi()), _create(_CONFIG_MAP), _silent)
    for where in (result.properties, cast("dict[str, Any]", result.properties["__inputs"])):
        assert where["data"] == {"a": Secret("hidden"), "b": "shown"}


def test_a_secrets_data_is_always_secret() -> None:
    """Whether the program said so or not."""
    inputs = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "n", "namespace": "x"},
        "data": {"a": "YQ=="},
    }
    result = acting.create(_api(FakeApi()), _create(inputs), _silent)
    assert result.properties["data"] == Secret({"a": "YQ=="})


def test_a_secret_that_kubectl_applied_before_leaves_no_copy_in_clear() -> None:
    """Its annotation holds the whole manifest; so 4.28 keeps it secret beside anything secret."""
    key = "kubectl.kubernetes.io/last-applied-configuration"
    for inputs in ({**_CONFIG_MAP, "kind": "Secret", "data": {"a": "YQ=="}}, _CONFIG_MAP):
        metadata = {"name": "n", "namespace": "x", "annotations": {key: "hidden", "b": "shown"}}
        result = acting.create(_api(FakeApi()), _create({**inputs, "metadata": metadata}), _silent)
        shown = cast("dict[str, Any]", result.properties["metadata"])["annotations"]
        assert shown == {key: Secret("hidden"), "b": "shown"}


def test_what_was_created_but_is_not_ready_is_saved_with_the_evidence() -> None:
    """So that the next run heals it, and the user reads why: the container's own words."""
    fake = FakeApi()
    waiting = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
    status = {"containerStatuses": [{"name": "c", "ready": False, "state": {"waiting": waiting}}]}
    pod = {"metadata": {"name": "n-0", "namespace": "x", "labels": {"a": "b"}}, "status": status}
    fake.put("/api/v1/namespaces/x/pods/n-0", pod)
    with pytest.raises(PartialFailure) as caught:
        acting.create(_api(fake), _create(_INPUTS, timeout=0.01), _silent)
    assert caught.value.id == "x/n"
    assert caught.value.properties["__inputs"] == _INPUTS
    assert "timed out waiting to be Ready" in caught.value.reasons[0]
    assert any("ImagePullBackOff" in reason for reason in caught.value.reasons)


def test_what_the_server_refuses_is_not_saved() -> None:
    """Nothing was left behind, so nothing is to be healed; the server's words are in the error."""
    fake = FakeApi()
    fake.refusals = [ApiError(422, {"message": "spec.replicas: Invalid value: -1"})]
    with pytest.raises(ProviderError, match="Invalid value") as caught:
        acting.create(_api(fake), _create(_INPUTS), _silent)
    assert not isinstance(caught.value, PartialFailure)


def test_a_namespace_that_is_on_its_way_is_waited_for() -> None:
    """Its creation may only just have been answered."""
    fake = FakeApi()
    missing = {"message": 'namespaces "x" not found', "details": {"kind": "namespaces"}}
    fake.refusals = [ApiError(404, missing), ApiError(404, missing)]
    assert acting.create(_api(fake), _create(_CONFIG_MAP), _silent).id == "x/n"


def test_a_preview_in_a_missing_namespace_shows_the_inputs() -> None:
    """The namespace is created by the same program."""
    fake = FakeApi()
    fake.refusals = [ApiError(404, {"message": "no", "details": {"kind": "namespaces"}})]
    result = acting.create(_api(fake), _create(_CONFIG_MAP, preview=True), _silent)
    assert (result.id, result.properties) == ("", _CONFIG_MAP)


def test_a_preview_asks_the_server_and_stores_nothing() -> None:
    """By dry run; its empty status is not shown."""
    fake = FakeApi()
    result = acting.create(_api(fake), _create(_CONFIG_MAP, preview=True), _silent)
    assert fake.calls == [("dry run", "/api/v1/namespaces/x/configmaps/n")]
    assert not fake.objects
    assert "status" not in result.properties


def _created(fake: FakeApi) -> dict[str, Any]:
    fake.script = [_ready]
    return acting.create(_api(fake), _create(_INPUTS), _silent).properties


def test_an_update_keeps_the_field_manager_and_waits() -> None:
    """A field manager is for life; a second one would conflict with it."""
    fake = FakeApi()
    before = _created(fake)
    fake.script = [_ready]
    news = {**_INPUTS, "spec": {**_INPUTS["spec"], "replicas": 1, "minReadySeconds": 5}}
    after = acting.update(_api(fake), _update(before, news), _silent).properties
    assert after["__fieldManager"] == before["__fieldManager"]
    assert after["__inputs"] == news


def test_a_refused_update_saves_what_is_live() -> None:
    """The object is as it was, and the error says why."""
    fake = FakeApi()
    before = _created(fake)
    fake.refusals = [ApiError(422, {"message": "updates to statefulset spec are forbidden"})]
    with pytest.raises(PartialFailure, match="forbidden") as caught:
        acting.update(_api(fake), _update(before, _INPUTS), _silent)
    assert caught.value.id == "x/n"


def test_a_conflict_says_what_to_do() -> None:
    """With the link that pulumi-kubernetes gives."""
    fake = FakeApi()
    before = _created(fake)
    fake.refusals = [ApiError(409, {"message": 'conflict with "kubectl"', "reason": "Conflict"})]
    with pytest.raises(PartialFailure, match="field conflict detected"):
        acting.update(_api(fake), _update(before, _INPUTS), _silent)


def test_an_update_of_what_is_gone_fails() -> None:
    """A refresh finds out and the next run creates it again."""
    fake = FakeApi()
    before = _created(fake)
    fake.objects.clear()
    with pytest.raises(ProviderError, match="unable to get cluster state"):
        acting.update(_api(fake), _update(before, _INPUTS), _silent)


def _read(outputs: dict[str, Any], inputs: dict[str, Any]) -> ReadRequest:
    token = "kubernetes:apps/v1:StatefulSet"
    return ReadRequest(urn=_URN, type=token, name="r", id="x/n", inputs=inputs, properties=outputs)


def test_a_read_takes_over_what_changed_and_nothing_that_the_cluster_added() -> None:
    """Inputs keep their shape with live values; outputs are all of the live object."""
    fake = FakeApi()
    before = _created(fake)
    live = fake.objects[_PATH]
    fake.put(_PATH, {**live, "spec": {**live["spec"], "replicas": 1, "serviceName": "added"}})
    result = acting.read(_api(fake), _read(before, _INPUTS))
    assert result.inputs == _INPUTS
    assert cast("dict[str, Any]", result.properties["spec"])["serviceName"] == "added"
    assert result.properties["__fieldManager"] == before["__fieldManager"]


def test_a_read_of_what_is_gone_has_no_id() -> None:
    """On the API server's own word."""
    fake = FakeApi()
    before = _created(fake)
    fake.objects.clear()
    assert acting.read(_api(fake), _read(before, _INPUTS)).id == ""


def test_a_read_of_what_is_not_ready_is_saved_as_such() -> None:
    """A refresh that finds broken pods says so, and the next up waits for them again."""
    fake = FakeApi()
    before = _created(fake)
    live = fake.objects[_PATH]
    fake.put(_PATH, {**live, "status": {**live["status"], "readyReplicas": 0}})
    with pytest.raises(PartialFailure, match="failed to initialize") as caught:
        acting.read(_api(fake), _read(before, _INPUTS))
    assert "0 out of 1 replicas succeeded readiness checks" in caught.value.reasons


def test_an_import_takes_all_that_a_program_could_have_written() -> None:
    """Without status and without what only the server writes."""
    fake = FakeApi()
    _created(fake)
    result = acting.read(_api(fake), _read({}, {}))
    assert result.inputs == _INPUTS


def _delete(outputs: dict[str, Any], timeout: float = 60) -> DeleteRequest:
    return DeleteRequest(
        urn=_URN, type="t", name="r", id="x/n", old_inputs={}, properties=outputs, timeout=timeout
    )


def test_a_deletion_ends_when_the_object_is_gone() -> None:
    """With what it owns, in the foreground."""
    fake = FakeApi()
    before = _created(fake)
    fake.script = [lambda obj: obj, lambda _obj: None]
    delete(_api(fake), _delete(before), _silent)
    assert ("delete Foreground", _PATH) in fake.calls


def test_deleting_what_is_gone_succeeds() -> None:
    """Someone else was faster."""
    fake = FakeApi()
    before = _created(fake)
    fake.objects.clear()
    delete(_api(fake), _delete(before), _silent)


def test_a_deletion_that_hangs_names_the_finalizers() -> None:
    """They are nearly always the reason."""
    fake = FakeApi()
    before = _created(fake)
    live = fake.objects[_PATH]
    fake.put(_PATH, {**live, "metadata": {**live["metadata"], "finalizers": ["example.com/hold"]}})
    with pytest.raises(ProviderError, match=r"example\.com/hold"):
        delete(_api(fake), _delete(before, timeout=0.01), _silent)


def _claim(fake: FakeApi) -> dict[str, Any]:
    """A claim that is being deleted, of which nothing but its pods says who holds it."""
    metadata = {"name": "n", "namespace": "x", "annotations": {"pulumi.com/skipAwait": "true"}}
    inputs = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata}
    before = acting.create(_api(fake), _create(inputs), _silent).properties
    live = fake.objects[_CLAIM]
    fake.put(
        _CLAIM, {**live, "metadata": {**live["metadata"], "finalizers": ["kubernetes.io/pvc-protection"]}}
    )
    return before


def _pod(fake: FakeApi, name: str, owner: dict[str, str], labels: dict[str, str]) -> None:
    volumes = [{"name": "ledger", "persistentVolumeClaim": {"claimName": "n"}}]
    metadata = {"name": name, "namespace": "x", "labels": labels, "ownerReferences": [owner]}
    pod = {"metadata": metadata, "spec": {"volumes": volumes}, "status": {"phase": "Succeeded"}}
    fake.put(f"/api/v1/namespaces/x/pods/{name}", pod)


def test_a_claim_that_hangs_names_the_pods_that_use_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it waits, and when its time is up; a pod that has ended holds it, too."""
    monkeypatch.setattr("heddle.embedded.engine.kubernetes.gone.TELL_AFTER", 0.0)
    fake, told = FakeApi(), list[str]()
    before = _claim(fake)
    _pod(fake, "mend-x7", {"kind": "Job", "name": "mend"}, {})

    with pytest.raises(ProviderError, match=r"pod mend-x7 of Job mend \(Succeeded\) uses claim n") as caught:
        delete(_api(fake), _delete(before, timeout=1), Teller(warn=told.append, until=lambda _: None))

    assert "finalizer kubernetes.io/pvc-protection" in str(caught.value)
    assert "pod mend-x7 of Job mend (Succeeded) uses claim n" in told[0]
    assert not [call for call in fake.calls if call[1].startswith("/apis/batch")], (
        "another's Job is not touched"
    )


def test_a_claim_is_let_go_by_what_a_runbook_left() -> None:
    """Its Job goes first, and that is told."""
    fake, told = FakeApi(), list[str]()
    before = _claim(fake)
    _pod(fake, "mend-x7", {"kind": "Job", "name": "mend"}, {"heddle.dev/runbook": "rejoin-peer"})
    fake.put("/apis/batch/v1/namespaces/x/jobs/mend", {"metadata": {"name": "mend"}})
    fake.script = [lambda _obj: None]

    delete(_api(fake), _delete(before), Teller(warn=told.append, until=lambda _: None))

    assert ("delete Background", "/apis/batch/v1/namespaces/x/jobs/mend") in fake.calls
    assert told == ["Jobs of runbooks used the claim, and are deleted: mend"]


def test_a_namespace_that_hangs_says_what_is_left_in_it() -> None:
    """In Kubernetes' own words."""
    fake = FakeApi()
    inputs = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}
    before = acting.create(_api(fake), _create(inputs), _silent).properties
    live = fake.objects["/api/v1/namespaces/n"]
    left = {
        "type": "NamespaceFinalizersRemaining",
        "status": "True",
        "message": "some content has finalizers",
    }
    fake.put("/api/v1/namespaces/n", {**live, "status": {"conditions": [left]}})

    with pytest.raises(ProviderError, match="NamespaceFinalizersRemaining: some content has finalizers"):
        delete(_api(fake), replace(_delete(before, timeout=0.01), id="n"), _silent)


def test_a_cancelled_wait_saves_what_exists() -> None:
    """Ctrl-C loses nothing."""
    fake = FakeApi()
    fake.stop.set()
    with pytest.raises(PartialFailure, match="cancelled") as caught:
        acting.create(_api(fake), _create(_INPUTS, timeout=60), _silent)
    assert caught.value.id == "x/n"
