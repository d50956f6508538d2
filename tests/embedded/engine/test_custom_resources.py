"""A program's CustomResource goes its whole way through the engine: declared, made, changed, deleted."""

from typing import Any

import pytest

from heddle.embedded.engine.engine import Engine
from heddle.embedded.engine.events import Op
from heddle.embedded.engine.kubernetes import create_provider, provider
from heddle.embedded.engine.kubernetes.settings import Settings
from tests.embedded.engine.conftest import Lab
from tests.embedded.engine.kubernetes.fake import FakeApi

PATH = "/apis/monitoring.coreos.com/v1/namespaces/x/prometheusrules/heddle"
PROGRAM = """
from pulumi_kubernetes import Provider
from pulumi_kubernetes.apiextensions import CustomResource

GROUP = {"name": "a", "partialResponseStrategy": "", "rules": [{"record": "b", "expr": "VALUE"}]}
there = Provider("cluster", kubeconfig="apiVersion: v1", cluster_identifier="tests")
rule = CustomResource(
    "rules",
    api_version="monitoring.coreos.com/v1",
    kind="PrometheusRule",
    metadata={"name": "heddle", "namespace": "x", "labels": {"release": "stack"}},
    spec={"groups": [GROUP]},
    opts=pulumi.ResourceOptions(provider=there),
)
pulumi.export("name", rule.metadata["name"])
"""


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    fake = FakeApi()

    def connected(_: Settings) -> Any:
        return fake

    monkeypatch.setattr(provider, "connect", connected)
    return fake


async def run(lab: Lab, verb: str, value: str = "1") -> dict[str, list[Op]]:
    lab.program(PROGRAM.replace("VALUE", value))
    lab.events.clear()
    engine = Engine(lab.folder, "dev", {"kubernetes": create_provider}, sink=lab.events.append)
    outcome = await getattr(engine, verb)()
    assert not outcome.failed, lab.messages()
    return lab.steps()


async def test_its_life(lab: Lab, api: FakeApi) -> None:
    """Keys of its spec are the kind's own: none is translated, nor left out for being empty."""
    assert (await run(lab, "up"))["rules"] == [Op.CREATE]
    made = api.objects[PATH]
    assert made["kind"] == "PrometheusRule"
    assert made["metadata"]["labels"] == {"release": "stack"}
    (group,) = made["spec"]["groups"]
    assert group == {"name": "a", "partialResponseStrategy": "", "rules": [{"record": "b", "expr": "1"}]}

    assert (await run(lab, "up"))["rules"] == [Op.SAME]
    assert (await run(lab, "refresh"))["rules"] == [Op.SAME]
    assert (await run(lab, "up", "2"))["rules"] == [Op.UPDATE]
    assert api.objects[PATH]["spec"]["groups"][0]["rules"][0]["expr"] == "2"

    api.script = [lambda _obj: None]
    assert (await run(lab, "destroy"))["rules"] == [Op.DELETE]
    assert not api.objects
