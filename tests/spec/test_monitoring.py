"""Promises about the section `monitoring` of a stack file."""

from typing import Any, get_args

import pytest

from heddle.planner.incidents import Severity
from heddle.spec.load import check_instance, parse_instance
from heddle.spec.monitoring import Monitoring, Operator
from heddle.spec.monitoring import Severity as Named

BASE: dict[str, Any] = {"name": "demo", "organizations": [{"name": "org1"}]}
MAIL = {"to": "ops@example.com", "from": "heddle@example.com", "smarthost": "smtp.example.com:587"}


def _checked(monitoring: object, **more: object) -> list[str]:
    _, problems = check_instance({**BASE, "monitoring": monitoring, **more})
    return [f"{each.path.removeprefix('instance.')}: {each.allowed}" for each in problems]


@pytest.mark.parametrize("said", [True, {}])
def test_true_is_a_prometheus_with_all_defaults(said: object) -> None:
    assert parse_instance({**BASE, "monitoring": said}, source="test").monitoring == Monitoring()


@pytest.mark.parametrize("said", [False, None])
def test_nothing_watches_by_default(said: object) -> None:
    assert parse_instance({**BASE, "monitoring": said}, source="test").monitoring is None
    assert parse_instance(BASE, source="test").monitoring is None


@pytest.mark.parametrize("said", ["yes", 1, [], "on"])
def test_what_is_neither_is_refused(said: object) -> None:
    assert _checked(said) == ["monitoring: true, false or a mapping, as {retention: 30d}"]


@pytest.mark.parametrize(
    "exporter", ["192.0.2.10:9745", "exporter.example.com:1", "[2001:db8::1]:65535", "heddle:9745"]
)
def test_an_exporter_has_host_and_port(exporter: str) -> None:
    assert _checked({"exporter": exporter}) == []


@pytest.mark.parametrize(
    "exporter", ["host", "host:0", "host:65536", ":1", "http://host:1", "a b:1", "host:1/x"]
)
def test_any_other_exporter_is_refused(exporter: str) -> None:
    (problem,) = _checked({"exporter": exporter})
    assert problem.startswith("monitoring.exporter: a host and a port")


@pytest.mark.parametrize(
    "url",
    ["ftp://x/y", "x", "https://", "https://u:p@x/y", "https://x:port/", "http://x:0/", "http://x/a\nb"]
    + [f"https://x/a{each}b" for each in ' "<>\\^`{|}'],
)
def test_a_webhook_is_an_address_without_a_password(url: str) -> None:
    (problem,) = _checked({"receivers": [{"name": "a", "webhook": {"url": url}}]})
    assert problem.startswith("monitoring.receivers[0].webhook.url: an address")


@pytest.mark.parametrize(("name", "other"), [("username", "password"), ("password", "username")])
def test_name_and_password_of_a_mail_server_come_together(name: str, other: str) -> None:
    value = "heddle" if name == "username" else {"secret": "mail", "key": "password"}
    assert _checked({"receivers": [{"name": "a", "mail": {**MAIL, name: value}}]}) == [
        f"monitoring.receivers[0].mail.{name}: only with {other}"
    ]


def test_a_receiver_is_told_somehow_and_has_a_name_of_its_own() -> None:
    assert _checked({"receivers": [{"name": "a", "mail": MAIL}, {"name": "a"}]}) == [
        "monitoring.receivers[1]: webhook, mail or both: nobody else would be told",
        "monitoring.receivers[1].name: a name that no other receiver has; "
        "instance.monitoring.receivers[0].name has it too",
    ]


@pytest.mark.parametrize("said", [None, False])
def test_pods_that_do_not_run_have_no_settings(said: object) -> None:
    assert _checked(said, nodes={"prometheus": {"storage": {"size": "3Gi"}}}) == [
        "nodes.prometheus: only with monitoring"
    ]


def test_pods_that_watch_have_settings_but_no_variables() -> None:
    settings = {"storage": {"size": "3Gi"}, "resources": {"limits": {"memory": "2Gi"}}}
    assert _checked(True, nodes={"prometheus": settings, "alertmanager": settings}) == []
    (problem,) = _checked(True, nodes={"prometheus": {"environment": {"A": "b"}}})
    assert problem.startswith("nodes.prometheus.environment: nothing")


def test_severities_are_those_of_the_alarms() -> None:
    assert set(get_args(Named)) == {str(each) for each in Severity}


@pytest.mark.parametrize("said", [True, {}, {"labels": {}}])
def test_the_operator_is_asked_for_by_true(said: object) -> None:
    instance = parse_instance({**BASE, "monitoring": {"operator": said}}, source="test")
    assert instance.monitoring == Monitoring(operator=Operator())


@pytest.mark.parametrize("said", [False, None])
def test_without_the_operator_it_is_a_prometheus_of_its_own(said: object) -> None:
    instance = parse_instance({**BASE, "monitoring": {"operator": said}}, source="test")
    assert instance.monitoring == Monitoring()


@pytest.mark.parametrize("said", ["yes", 1, [], "prometheus"])
def test_what_is_no_operator_is_refused(said: object) -> None:
    assert _checked({"operator": said}) == [
        "monitoring.operator: true, false or a mapping, as {labels: {release: kube-prometheus-stack}}"
    ]


def test_labels_of_the_operators_objects_are_ones_own() -> None:
    assert _checked({"operator": {"labels": {"release": "stack", "team.example.com/name": "a"}}}) == []
    own, value = _checked({"operator": {"labels": {"heddle.dev/node": "a", "release": "a b"}}})
    assert own.startswith("monitoring.operator.labels.heddle.dev/node: labels of your own")
    assert value.startswith("monitoring.operator.labels.release: ")


def test_a_misspelt_key_of_the_operator_is_named() -> None:
    (problem,) = _checked({"operator": {"label": {"release": "stack"}}})
    assert problem.startswith("monitoring.operator.label: ")


def test_what_the_operators_prometheus_says_itself_is_not_in_the_stack_file() -> None:
    assert _checked({"operator": True, "retention": "30d"}) == [
        "monitoring.retention: nothing with operator: its Prometheus keeps samples as long as it says"
    ]
    assert _checked({"operator": False, "retention": "30d"}) == []
    assert _checked({"operator": {}}, nodes={"prometheus": {"storage": {"size": "3Gi"}}}) == [
        "nodes.prometheus: only without monitoring.operator"
    ]
