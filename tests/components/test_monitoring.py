"""What `monitoring` declares: a Prometheus that finds every node, and an Alertmanager that tells people."""

from typing import Any

import pytest
import yaml

from components import labels, pods
from heddle.monitoring.alarms import ALARMS
from heddle.spec.load import parse_instance
from heddle.topology import plan
from tests.components.declared import named, waits_for
from tests.components.options import NETWORK, container, pod
from tests.components.recording import Recorder, record

RECEIVERS = [
    {
        "name": "oncall",
        "severities": ["critical"],
        "webhook": {"url": "https://alerts.example.com/x", "token": {"secret": "told", "key": "bearer"}},
        "mail": {
            "to": "ops@example.com",
            "from": "heddle@example.com",
            "smarthost": "smtp.example.com:587",
            "username": "heddle",
            "password": {"secret": "told", "key": "mail"},
        },
    }
]
WATCHERS = ["alertmanager", "prometheus"]


@pytest.fixture(scope="module")
def watched() -> Recorder:
    return record(
        {
            **NETWORK,
            "stateDatabase": "CouchDB",
            "monitoring": {
                "retention": "36h",
                "exporter": "192.0.2.10:9745",
                "receivers": RECEIVERS,
            },
            "nodes": {"prometheus": {"storage": {"size": "10Gi", "class": "fast"}}},
        }
    )


def jobs(recorder: Recorder) -> dict[str, Any]:
    config = yaml.safe_load(named(recorder, "ConfigMap")["prometheus"]["data"]["prometheus.yaml"])
    return {each["job_name"]: each for each in config["scrape_configs"]}


def checksum(recorder: Recorder, name: str) -> str:
    return str(pod(recorder, name, "Deployment")["metadata"]["annotations"][pods.CHECKSUM])


def test_nothing_watches_by_default() -> None:
    plain = record(NETWORK)

    assert not plain.of("Monitoring")
    assert record({**NETWORK, "monitoring": False}).objects() == plain.objects()


def test_monitoring_changes_nothing_of_what_is_watched(watched: Recorder) -> None:
    """But for the databases' openings: a Prometheus asks them as their peers do."""
    before = record({**NETWORK, "stateDatabase": "CouchDB"}).objects()
    after = watched.objects()

    changed = {name for name in before if before[name] != after.get(name)}
    assert all(before[name]["metadata"]["name"].startswith("couchdb") for name in changed)
    sources = named(watched, "NetworkPolicy")["couchdb0-one"]["spec"]["ingress"][0]["from"]
    assert sources[-1]["podSelector"]["matchLabels"][labels.NAME] == "prometheus"


def test_each_node_database_and_the_exporter_is_a_target(watched: Recorder) -> None:
    nodes = plan(parse_instance({**NETWORK, "stateDatabase": "CouchDB"}, source="test"))
    found = jobs(watched)

    assert set(found) == {each.name for each in nodes.stored} | {"heddle"}
    assert found["heddle"]["static_configs"] == [{"targets": ["192.0.2.10:9745"]}]
    orderer = found["orderer0-orderer"]
    assert orderer["scheme"] == "https"
    assert orderer["tls_config"]["server_name"] == nodes.ordering.nodes[0].host
    assert orderer["static_configs"][0]["targets"] == ["orderer0-orderer-operations.fabric-dev.svc:8443"]
    database = found["couchdb0-one"]
    assert database["metrics_path"] == "/_node/_local/_prometheus"
    assert database["basic_auth"] == {"username": "peer", "password_file": "couchdb0-one.password"}


def test_the_services_of_targets_lead_to_the_nodes_and_are_closed_to_others(watched: Recorder) -> None:
    """Without an address of their own: those of public nodes are open to the world."""
    service = named(watched, "Service")["peer1-one-operations"]["spec"]

    assert service["clusterIP"] == "None"
    assert service["selector"].items() <= pod(watched, "peer1-one")["metadata"]["labels"].items()
    assert service["ports"][0]["port"] == 9443


def test_what_is_mounted_is_what_the_configuration_names(watched: Recorder) -> None:
    (volume,) = (
        each for each in pod(watched, "prometheus", "Deployment")["spec"]["volumes"] if "projected" in each
    )
    files = set(named(watched, "ConfigMap")["prometheus"]["data"])
    files |= set(named(watched, "Secret")["prometheus"]["data"])
    for source in volume["projected"]["sources"]:
        files |= {each["path"] for each in source.get("secret", {}).get("items", ())}

    wanted = {"prometheus.yaml", "rules.yaml", "roots.pem", "client.pem", "client.key"}
    assert files == wanted | {f"couchdb{each}.password" for each in ("0-one", "1-one", "0-two")}
    assert (
        "rules.yaml"
        in yaml.safe_load(named(watched, "ConfigMap")["prometheus"]["data"]["prometheus.yaml"])["rule_files"]
    )


def test_no_secret_is_in_a_config_map(watched: Recorder) -> None:
    everything = str([named(watched, "ConfigMap")[name]["data"] for name in WATCHERS])

    assert "key of" not in everything
    assert "password of" not in everything


def test_samples_never_fill_the_claim(watched: Recorder) -> None:
    command = container(watched, "prometheus", "Deployment")["command"]

    assert "--storage.tsdb.retention.time=36h" in command
    assert f"--storage.tsdb.retention.size={8 * 1024**3}B" in command
    claim = named(watched, "PersistentVolumeClaim")["prometheus"]["spec"]
    assert (claim["storageClassName"], claim["resources"]["requests"]["storage"]) == ("fast", "10Gi")


def test_receivers_are_told_of_their_severities(watched: Recorder) -> None:
    config = yaml.safe_load(named(watched, "ConfigMap")["alertmanager"]["data"]["alertmanager.yaml"])

    assert config["route"]["routes"] == [
        {"receiver": "oncall", "matchers": ['severity=~"critical"'], "continue": True}
    ]
    told = config["receivers"][1]
    (webhook,), (mail,) = told["webhook_configs"], told["email_configs"]
    assert webhook["http_config"]["authorization"]["credentials_file"] == "/etc/heddle/oncall.token"
    assert mail["auth_password_file"] == "/etc/heddle/oncall.password"
    assert mail["from"] == "heddle@example.com"
    ownership = next(iter(watched.of("NamespaceOwnership").values()))
    assert ownership["secretKeys"] == {"told": ["bearer", "mail"]}


def test_claims_stay_and_the_pods_wait_for_their_files(watched: Recorder) -> None:
    for name in WATCHERS:
        there = f"dev-monitoring-{name}"
        assert watched.options[f"{there}-claim"].retain_on_delete
        assert {f"{there}-config", f"{there}-claim"} <= set(waits_for(watched, f"{there}-deployment"))
    assert (
        record({**NETWORK, "monitoring": True, "disposable": True})
        .options["dev-monitoring-prometheus-claim"]
        .retain_on_delete
        is False
    )


def test_another_target_or_receiver_replaces_the_pod_and_nothing_else_does(watched: Recorder) -> None:
    base = {**NETWORK, "monitoring": True}
    one = record(base)
    larger = record({**base, "organizations": [{"name": "one", "peers": 3}, {"name": "two", "peers": 1}]})
    told = record({**base, "monitoring": {"receivers": RECEIVERS}})

    assert checksum(one, "prometheus") == checksum(record(base), "prometheus")
    assert checksum(one, "prometheus") != checksum(larger, "prometheus")
    assert checksum(one, "alertmanager") == checksum(larger, "alertmanager")
    assert checksum(one, "prometheus") == checksum(told, "prometheus")
    assert checksum(one, "alertmanager") != checksum(told, "alertmanager")


def test_without_an_exporter_no_alarm_waits_for_it() -> None:
    rules = [
        rule["alert"]
        for group in yaml.safe_load(
            named(record({**NETWORK, "monitoring": True}), "ConfigMap")["prometheus"]["data"]["rules.yaml"]
        )["groups"]
        for rule in group["rules"]
    ]

    assert "ExporterAway" not in rules
    assert "NodeNotScraped" in rules
    assert len(rules) < sum(map(len, ALARMS.values()))


def test_nothing_watches_an_instance_that_sleeps() -> None:
    asleep = record({**NETWORK, "monitoring": True, "power": "off"})

    assert {named(asleep, "Deployment")[name]["spec"]["replicas"] for name in WATCHERS} == {0}


@pytest.mark.parametrize("name", WATCHERS)
def test_a_watcher_fits_the_restricted_standard(watched: Recorder, name: str) -> None:
    spec = pod(watched, name, "Deployment")["spec"]

    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["automountServiceAccountToken"] is False
    only = container(watched, name, "Deployment")
    assert only["securityContext"]["readOnlyRootFilesystem"] is True
    assert only["resources"]["limits"]["memory"]
    policy = named(watched, "NetworkPolicy")[name]["spec"]
    assert (
        policy["podSelector"]["matchLabels"].items()
        <= pod(watched, name, "Deployment")["metadata"]["labels"].items()
    )
