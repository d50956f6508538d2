"""Custom resources, of which a cluster may have the kind or not: as pulumi-kubernetes 4.28 has them."""

from typing import Any, cast

import pytest

from heddle.embedded.engine.kubernetes import acting
from heddle.embedded.engine.kubernetes.api import Api, ApiError
from heddle.embedded.engine.kubernetes.checking import checked
from heddle.embedded.engine.kubernetes.comparing import compared
from heddle.embedded.engine.kubernetes.removing import delete
from heddle.embedded.engine.kubernetes.settings import Settings
from heddle.embedded.engine.kubernetes.telling import Teller
from heddle.errors import ProviderError
from heddle.plugin.interface import (
    CheckRequest,
    CreateRequest,
    DeleteRequest,
    DiffKind,
    DiffRequest,
    ReadRequest,
    UpdateRequest,
)
from tests.embedded.engine.kubernetes.fake import FakeApi

KINDS = {
    "monitoring.coreos.com/v1:PrometheusRule": "monitoring.coreos.com/v1/namespaces/x/prometheusrules",
    "monitoring.coreos.com/v1:ServiceMonitor": "monitoring.coreos.com/v1/namespaces/x/servicemonitors",
    "monitoring.coreos.com/v1alpha1:AlertmanagerConfig": (
        "monitoring.coreos.com/v1alpha1/namespaces/x/alertmanagerconfigs"
    ),
    "monitoring.coreos.com/v1alpha1:ScrapeConfig": (
        "monitoring.coreos.com/v1alpha1/namespaces/x/scrapeconfigs"
    ),
}
TYPE = "kubernetes:monitoring.coreos.com/v1:ServiceMonitor"
URN = f"urn:pulumi:s::p::{TYPE}::r"
PATH = "/apis/monitoring.coreos.com/v1/namespaces/x/servicemonitors/n"
INPUTS: dict[str, Any] = {
    "apiVersion": "monitoring.coreos.com/v1",
    "kind": "ServiceMonitor",
    "metadata": {"name": "n", "namespace": "x"},
    "spec": {"selector": {"matchLabels": {"a": "b"}}, "endpoints": [{"port": "http", "scheme": ""}]},
}
UNKNOWN_KIND = ApiError(404, {"message": "404 page not found"})
SILENT = Teller(warn=lambda _: None, until=lambda _: None)


def api(fake: FakeApi) -> Api:
    return cast("Api", fake)


def create(fake: FakeApi, *, preview: bool = False) -> dict[str, Any]:
    request = CreateRequest(urn=URN, type=TYPE, name="r", inputs=INPUTS, preview=preview, timeout=5)
    return acting.create(api(fake), request, SILENT).properties


def update(fake: FakeApi, before: dict[str, Any], news: dict[str, Any], *, preview: bool = False) -> Any:
    request = UpdateRequest(
        urn=URN, type=TYPE, name="r", id="x/n", old_inputs=INPUTS, old_outputs=before, news=news,
        preview=preview, timeout=5,
    )  # fmt: skip
    return acting.update(api(fake), request, SILENT).properties


@pytest.mark.parametrize(("kind", "collection"), KINDS.items())
def test_each_kind_of_prometheus_operator_is_kept_where_the_api_server_has_it(
    kind: str, collection: str
) -> None:
    request = CheckRequest(urn=URN, type=f"kubernetes:{kind}", name="r", olds={}, news={})
    inputs: Any = checked(request, "x").inputs
    fake = FakeApi()
    acting.create(api(fake), CreateRequest(urn=URN, type="t", name="r", inputs=inputs, preview=False), SILENT)
    (path,) = fake.objects
    assert path == f"/apis/{collection}/{inputs['metadata']['name']}"


def test_it_is_ready_once_it_is_stored_and_nothing_of_it_is_left_out() -> None:
    """No table of Go's types says what would be empty in it."""
    fake = FakeApi()
    stored = create(fake)
    assert stored["__inputs"] == INPUTS
    assert fake.objects[PATH]["spec"] == INPUTS["spec"]


def test_a_preview_where_the_kind_is_not_known_shows_the_inputs() -> None:
    """What defines the kind may be installed by then."""
    fake = FakeApi()
    fake.refusals = [UNKNOWN_KIND]
    assert create(fake, preview=True) == INPUTS


def test_an_object_of_a_kind_that_is_not_known_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acting, "_RETRIES", (0.001,))
    fake = FakeApi()
    fake.refusals = [UNKNOWN_KIND, UNKNOWN_KIND]
    with pytest.raises(ProviderError, match=r"ServiceMonitor x/n was not created: .* this kind") as caught:
        create(fake)
    assert "CustomResourceDefinition" in caught.value.hint


def test_a_definition_that_is_on_its_way_is_waited_for() -> None:
    fake = FakeApi()
    fake.refusals = [UNKNOWN_KIND]
    assert create(fake)["metadata"]["name"] == "n"


def test_a_change_is_found_and_applied_and_the_servers_defaults_are_none() -> None:
    fake = FakeApi()
    before = create(fake)
    live = fake.objects[PATH]
    endpoint = {**INPUTS["spec"]["endpoints"][0], "interval": "30s"}
    before = {**before, "spec": {**live["spec"], "endpoints": [endpoint], "jobLabel": "by the server"}}

    def difference(news: dict[str, Any]) -> Any:
        request = DiffRequest(urn=URN, type=TYPE, id="x/n", old_inputs=INPUTS, old_outputs=before, news=news)
        return compared(request, Settings()).detailed

    assert difference(INPUTS) == {}
    news = {**INPUTS, "spec": {**INPUTS["spec"], "selector": {"matchLabels": {"a": "c"}}}}
    assert difference(news) == {"spec.selector.matchLabels.a": DiffKind.UPDATE}
    update(fake, before, news)
    assert fake.objects[PATH]["spec"] == news["spec"]
    moved = {**INPUTS, "metadata": {"name": "m", "namespace": "x"}}
    assert difference(moved) == {"metadata.name": DiffKind.UPDATE_REPLACE}


def test_a_preview_of_a_change_where_the_kind_is_gone_shows_the_inputs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake = FakeApi()
    before = create(fake)

    def gone(_path: str, **_query: str) -> dict[str, Any]:
        raise UNKNOWN_KIND

    monkeypatch.setattr(fake, "get", gone)
    assert update(fake, before, INPUTS, preview=True) == INPUTS


def test_it_owns_nothing_so_its_deletion_waits_for_no_garbage_collector() -> None:
    fake = FakeApi()
    before = create(fake)
    fake.script = [lambda _obj: None]
    request = DeleteRequest(
        urn=URN, type=TYPE, name="r", id="x/n", old_inputs=INPUTS, properties=before, timeout=5
    )
    delete(api(fake), request, SILENT)
    assert ("delete Background", PATH) in fake.calls


def test_with_its_kind_it_is_gone() -> None:
    """By the API server's word: a read finds nothing, and a deletion has succeeded."""
    fake = FakeApi()
    before = create(fake)
    fake.objects.clear()
    read = ReadRequest(urn=URN, type=TYPE, name="r", id="x/n", inputs=INPUTS, properties=before)
    assert acting.read(api(fake), read).id == ""
    request = DeleteRequest(
        urn=URN, type=TYPE, name="r", id="x/n", old_inputs=INPUTS, properties=before, timeout=5
    )
    delete(api(fake), request, SILENT)
