"""What `monitoring.operator` declares: objects by which the cluster's own Prometheus finds every node."""

from typing import Any

import pytest

from components import labels
from heddle.spec.load import parse_instance
from heddle.topology import plan
from tests.components.declared import named, waits_for
from tests.components.options import NETWORK
from tests.components.recording import Recorder, record

RECEIVERS = [
    {
        "name": "oncall",
        "webhook": {"url": "https://alerts.example.com/x", "token": {"secret": "told", "key": "bearer"}},
    }
]
OPERATED: dict[str, Any] = {
    **NETWORK,
    "stateDatabase": "CouchDB",
    "monitoring": {
        "operator": {"labels": {"release": "stack"}},
        "exporter": "192.0.2.10:9745",
        "receivers": RECEIVERS,
    },
}
KINDS = ("ServiceMonitor", "PrometheusRule", "ScrapeConfig", "AlertmanagerConfig")


@pytest.fixture(scope="module")
def operated() -> Recorder:
    return record(OPERATED)


def objects(recorder: Recorder) -> dict[str, dict[str, Any]]:
    """Objects of the operator's kinds, by name in the state."""
    return {name: each for kind in KINDS for name, each in recorder.of(kind).items()}


def test_each_node_and_database_has_an_object_by_which_it_is_found(operated: Recorder) -> None:
    nodes = plan(parse_instance(OPERATED, source="test"))

    assert set(named(operated, "ServiceMonitor")) == {each.name for each in nodes.stored}
    for kind in KINDS[1:]:
        assert set(named(operated, kind)) == {"heddle"}


def test_no_prometheus_of_its_own_is_made(operated: Recorder) -> None:
    assert not operated.of("Watcher")
    assert "prometheus" not in str(list(named(operated, "Deployment")))
    assert "prometheus" not in named(operated, "PersistentVolumeClaim")


def test_the_objects_of_a_service_monitor_lead_to_one_port_of_one_pod(operated: Recorder) -> None:
    """Of all Services that it selects one alone has the port, and that one leads to the node."""
    services = named(operated, "Service").values()
    for name, monitor in named(operated, "ServiceMonitor").items():
        (endpoint,) = monitor["spec"]["endpoints"]
        match = monitor["spec"]["selector"]["matchLabels"]
        (service,) = (
            each
            for each in services
            if match.items() <= each["metadata"]["labels"].items()
            and endpoint["port"] in [port["name"] for port in each["spec"]["ports"]]
        )
        assert service["spec"]["selector"][labels.NODE] == name


def test_the_secrets_that_they_name_are_there_before_them(operated: Recorder) -> None:
    """The operator leaves out what names a Secret that is not there."""
    secrets = named(operated, "Secret")
    client = secrets["monitoring-client"]["data"]
    assert {"roots.pem", "client.pem", "client.key"} == set(client)
    before = {"dev-monitoring-operator-secret"} | {
        name for name in operated.of("Secret") if "couchdb" in name
    }
    assert len(before) == 4
    for name in objects(operated):
        assert before <= set(waits_for(operated, name))
    for monitor in named(operated, "ServiceMonitor").values():
        (endpoint,) = monitor["spec"]["endpoints"]
        for each in endpoint.get("basicAuth", {}).values():
            assert each["key"] in secrets[each["name"]]["data"]


def test_no_secret_is_in_an_object(operated: Recorder) -> None:
    everything = str(objects(operated))

    assert "key of" not in everything
    assert "password of" not in everything


def test_the_objects_bear_the_labels_by_which_they_are_selected(operated: Recorder) -> None:
    for each in objects(operated).values():
        assert each["metadata"]["namespace"] == "fabric-dev"
        assert each["metadata"]["labels"] == {"release": "stack", **labels.common("dev")}


def test_the_cluster_has_to_know_the_kinds_that_are_made(operated: Recorder) -> None:
    """No fewer, and no more: a cluster may have the operator without what is not needed."""
    for recorder in (operated, record({**NETWORK, "monitoring": {"operator": True}})):
        made = {(each["apiVersion"], each["kind"]) for each in objects(recorder).values()}
        (ownership,) = recorder.of("NamespaceOwnership").values()
        wanted = ownership["customKinds"]
        assert made == {(version, kind) for version, kinds in wanted.items() for kind in kinds}
    (ownership,) = record({**NETWORK, "monitoring": True}).of("NamespaceOwnership").values()
    assert "customKinds" not in ownership


def test_tokens_of_receivers_are_looked_for_before(operated: Recorder) -> None:
    (ownership,) = operated.of("NamespaceOwnership").values()
    assert ownership["secretKeys"] == {"told": ["bearer"]}


def test_databases_are_open_to_the_operators_prometheus_and_to_nobody_else_there(operated: Recorder) -> None:
    """Fabric knows no TLS there, so that not every pod of monitoring may look."""
    *others, prometheus = named(operated, "NetworkPolicy")["couchdb0-one"]["spec"]["ingress"][0]["from"]

    assert prometheus == {
        "namespaceSelector": {"matchLabels": {"heddle.dev/monitoring": "true"}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
    }
    assert all("namespaceSelector" not in each for each in others)


def test_what_is_watched_is_the_same_either_way(operated: Recorder) -> None:
    """From one to the other nothing of a node changes, so that no node restarts."""
    own = record({**OPERATED, "monitoring": {"exporter": "192.0.2.10:9745", "receivers": RECEIVERS}})
    before, after = own.objects(), operated.objects()

    changed = {name for name in before.keys() & after.keys() if before[name] != after[name]}
    assert {before[name]["kind"] for name in changed} == {"NetworkPolicy"}
    assert all("-monitoring-" in name for name in before.keys() ^ after.keys())


def test_nothing_is_missed_of_an_instance_that_sleeps() -> None:
    """The objects stay, for the exporter tells of certificates and backups."""
    asleep = record({**OPERATED, "power": "off"})
    (rules,) = named(asleep, "PrometheusRule").values()

    assert "heddle-fabric-dev-targets" not in {each["name"] for each in rules["spec"]["groups"]}
    assert set(objects(asleep)) == set(objects(record(OPERATED)))
