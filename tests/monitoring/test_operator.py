"""Objects for prometheus-operator say what the configuration of a Prometheus of one's own says."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from heddle.monitoring.alarms import ALARMS, rules_yaml
from heddle.monitoring.operator import CLIENT, Watched, operator_objects
from heddle.monitoring.targets import Database, Places, Target, config_yaml
from heddle.render import alertmanager_yaml
from heddle.spec.monitoring import Receiver
from tests.monitoring.operator_fields import problems
from tests.monitoring.promtool import RULES, promtool
from tests.programs import needs

STACK, NAMESPACE, EXPORTER = "prod", "fabric-prod", "192.0.2.10:9745"
TARGETS = [
    Target(name="orderer0-o", host="orderer0-o.example.com", port=8443, organization="o", role="orderer"),
    Target(name="peer0-one", host="peer0-one.example.com", port=9443, organization="one", role="peer"),
]
DATABASES = [Database(name="couchdb0-one", port=5984, organization="one", password_file="password")]
MAIL = {"to": "a@example.com", "from": "b@example.com", "smarthost": "smtp.example.com:587"}
RECEIVERS = [
    Receiver.model_validate(each)
    for each in (
        {
            "name": "hook",
            "webhook": {"url": "https://a.example.com/'#", "token": {"secret": "s", "key": "y"}},
        },
        {"name": "mail", "severities": ["critical", "warning"], "mail": MAIL},
        {
            "name": "both",
            "webhook": {"url": "http://x:1"},
            "mail": {**MAIL, "username": "n", "password": {"secret": "s", "key": "mail"}},
        },
    )
]
LEAST = Watched(stack=STACK, instance="prod", namespace=NAMESPACE, targets=TARGETS, databases=())
MOST = replace(LEAST, databases=DATABASES, exporter=EXPORTER, receivers=RECEIVERS)


def made(watched: Watched, kind: str) -> dict[str, Any]:
    """Specs of a kind, by the objects' names."""
    return {
        each["metadata"]["name"]: each["spec"] for each in operator_objects(watched) if each["kind"] == kind
    }


def jobs() -> dict[str, Any]:
    """Jobs of a Prometheus of one's own, by name."""
    places = Places(exporter=EXPORTER)
    text = config_yaml(STACK, NAMESPACE, TARGETS, tls=True, places=places, databases=DATABASES)
    return {each["job_name"]: each for each in yaml.safe_load(text)["scrape_configs"]}


@pytest.mark.parametrize("watched", [LEAST, MOST, replace(MOST, asleep=True)])
def test_the_objects_have_fields_that_the_operator_knows(watched: Watched) -> None:
    for each in operator_objects(watched):
        assert problems(each) == []


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("expression", "vector(1)", "groups[].rules[].expression: there is no such field"),
        ("for", "5 minutes", "groups[].rules[].for: '5 minutes' is no duration"),
    ],
)
def test_a_field_that_the_operator_does_not_take_would_be_found(key: str, value: str, said: str) -> None:
    (rules,) = (each for each in operator_objects(LEAST) if each["kind"] == "PrometheusRule")
    rules["spec"]["groups"][0]["rules"][0][key] = value

    assert problems(rules) == [said]


def test_each_target_is_scraped_as_by_a_prometheus_of_ones_own() -> None:
    """By the same certificate name, credentials, path, and with the very same labels."""
    own, found = jobs(), made(MOST, "ServiceMonitor")
    assert {*found, "heddle"} == set(own)
    for name, spec in found.items():
        (endpoint,), (static,) = spec["endpoints"], own[name]["static_configs"]
        *named, dropped = endpoint["relabelings"]
        labels = {each["targetLabel"]: each["replacement"] for each in named}
        # The operator itself sets the namespace of the object, which is the instance's.
        (address,) = static["targets"]
        assert {**labels, "namespace": NAMESPACE} == {**static["labels"], "job": name, "instance": address}
        assert dropped == {"action": "labeldrop", "regex": "container|endpoint|pod|service"}
        assert endpoint.get("path") == own[name].get("metrics_path")
        assert endpoint.get("scheme") == own[name].get("scheme")
        certified = own[name].get("tls_config", {}).get("server_name")
        assert endpoint.get("tlsConfig", {}).get("serverName") == certified


def test_credentials_are_read_from_secrets() -> None:
    """From the client's of scrapes, and from that of the database itself."""
    found = made(MOST, "ServiceMonitor")
    (node,), (database,) = found["peer0-one"]["endpoints"], found["couchdb0-one"]["endpoints"]

    assert node["tlsConfig"]["cert"] == {"secret": {"name": CLIENT, "key": "client.pem"}}
    assert node["tlsConfig"]["keySecret"] == {"name": CLIENT, "key": "client.key"}
    assert node["tlsConfig"]["ca"] == {"secret": {"name": CLIENT, "key": "roots.pem"}}
    assert database["basicAuth"] == {
        "username": {"name": "couchdb0-one", "key": "username"},
        "password": {"name": "couchdb0-one", "key": "password"},
    }


def test_the_exporter_is_scraped_where_it_is() -> None:
    """It says the namespace and the node of each of its series itself."""
    (spec,) = made(MOST, "ScrapeConfig").values()

    assert spec["staticConfigs"] == jobs()["heddle"]["static_configs"]
    assert spec["relabelings"] == [{"action": "replace", "targetLabel": "job", "replacement": "heddle"}]


@pytest.mark.parametrize("watched", [LEAST, MOST])
def test_the_alarms_are_those_of_a_prometheus_of_ones_own(watched: Watched) -> None:
    (spec,) = made(watched, "PrometheusRule").values()
    own = yaml.safe_load(rules_yaml(STACK, NAMESPACE, exporter=bool(watched.exporter)))

    assert spec["groups"][1:] == own["groups"]


def test_what_does_not_run_is_not_missed() -> None:
    (spec,) = made(replace(MOST, asleep=True), "PrometheusRule").values()

    assert spec["groups"] == yaml.safe_load(rules_yaml(STACK, NAMESPACE))["groups"]


@needs("promtool")
def test_a_target_that_the_operators_prometheus_never_finds_is_told(tmp_path: Path) -> None:
    """As when it does not select the objects, or may not look into the namespace."""
    (spec,) = made(MOST, "PrometheusRule").values()
    (tmp_path / RULES).write_text(yaml.safe_dump(spec))
    promtool(tmp_path, "check", "rules", RULES)
    alarm = next(each for each in ALARMS["cluster"] if each.name == "NodeNotScraped")
    missed = [
        {
            "exp_labels": {**each.labels, "namespace": NAMESPACE, "severity": str(alarm.severity)},
            "exp_annotations": {
                name: text.replace("{{ $labels.node }}", each.name).replace(
                    "{{ $labels.namespace }}", NAMESPACE
                )
                for name, text in alarm.annotations(STACK).items()
            },
        }
        for each in TARGETS
    ]
    found = f'up{{namespace="{NAMESPACE}", node="couchdb0-one", organization="one", role="couchdb"}}'
    test = {
        "interval": "15s",
        "input_series": [{"series": found, "values": "1x20"}],
        "alert_rule_test": [{"eval_time": "3m", "alertname": "NodeNotScraped", "exp_alerts": missed}],
    }
    content = {"rule_files": [RULES], "evaluation_interval": "15s", "tests": [test]}
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump(content))
    promtool(tmp_path, "test", "rules", "tests.yaml")


def test_people_are_told_as_by_an_alertmanager_of_ones_own() -> None:
    """Of this namespace's alarms alone, whatever other ones go through it."""
    (spec,) = made(MOST, "AlertmanagerConfig").values()
    own = yaml.safe_load(alertmanager_yaml(stack=STACK, receivers=RECEIVERS, secrets="/etc/heddle"))
    route, static = spec["route"], own["route"]

    assert route["matchers"] == [{"name": "namespace", "matchType": "=", "value": NAMESPACE}]
    assert [route["receiver"], *(each["name"] for each in spec["receivers"])] == [
        static["receiver"],
        *(each["name"] for each in own["receivers"]),
    ]
    for ours, theirs in (
        ("group_by", "groupBy"),
        ("group_wait", "groupWait"),
        ("group_interval", "groupInterval"),
        ("repeat_interval", "repeatInterval"),
    ):
        assert route[theirs] == static[ours]
    for each, other in zip(route["routes"], static["routes"], strict=True):
        (matcher,) = each["matchers"]
        assert (each["receiver"], each["continue"]) == (other["receiver"], other["continue"])
        assert [f'{matcher["name"]}{matcher["matchType"]}"{matcher["value"]}"'] == other["matchers"]


def test_passwords_of_receivers_are_read_from_the_secrets_that_the_stack_file_names() -> None:
    (spec,) = made(MOST, "AlertmanagerConfig").values()
    _, hook, mail, both = spec["receivers"]

    assert hook["webhookConfigs"][0]["httpConfig"]["authorization"]["credentials"] == {
        "name": "s",
        "key": "y",
    }
    assert "authPassword" not in mail["emailConfigs"][0]
    assert both["emailConfigs"][0]["authPassword"] == {"name": "s", "key": "mail"}
    assert "httpConfig" not in both["webhookConfigs"][0]


def test_what_nobody_asks_for_is_not_made() -> None:
    """Clusters may have the operator without its newer kinds."""
    assert {each["kind"] for each in operator_objects(LEAST)} == {"ServiceMonitor", "PrometheusRule"}
