"""What is written for Prometheus and Alertmanager, by their own judgement."""

import subprocess
from pathlib import Path

import pytest

from heddle.monitoring.targets import Database, Places, Target, config_yaml
from heddle.render import alertmanager_yaml
from heddle.spec.monitoring import Receiver
from tests import programs
from tests.monitoring.promtool import promtool
from tests.programs import needs

TARGET = Target(name="peer0-one", host="peer0-one.example.com", port=9443, organization="one", role="peer")
DATABASE = Database(name="couchdb0-one", port=5984, organization="one", password_file="one.password")
TOLD = {"secret": "told", "key": "key"}
MAIL = {"to": "a@example.com", "from": "b@example.com", "smarthost": "smtp.example.com:587"}
RECEIVERS = [
    Receiver.model_validate(each)
    for each in (
        {"name": "hook", "webhook": {"url": "https://alerts.example.com/'#:%22", "token": TOLD}},
        {"name": "mail", "severities": ["critical", "warning"], "mail": MAIL},
        {
            "name": "both",
            "webhook": {"url": "http://x:1"},
            "mail": {**MAIL, "username": "n", "password": TOLD},
        },
    )
]


@needs("promtool")
@pytest.mark.parametrize("places", [Places(), Places(exporter="[::1]:9745", alertmanager="alerts:9093")])
@pytest.mark.parametrize("tls", [True, False])
def test_prometheus_takes_its_configuration(tmp_path: Path, places: Places, *, tls: bool) -> None:
    for name in ("rules.yaml", "roots.pem", "client.pem", "client.key", "one.password"):
        (tmp_path / name).touch()
    config = config_yaml("prod", "fabric-prod", [TARGET], tls=tls, places=places, databases=[DATABASE])
    (tmp_path / "prometheus.yaml").write_text(config)

    promtool(tmp_path, "check", "config", "--syntax-only", "prometheus.yaml")


@needs("amtool")
@pytest.mark.parametrize("receivers", [[], RECEIVERS])
def test_alertmanager_takes_its_configuration(tmp_path: Path, receivers: list[Receiver]) -> None:
    file = tmp_path / "alertmanager.yaml"
    file.write_text(alertmanager_yaml(stack="prod", receivers=receivers, secrets="/etc/heddle"))
    amtool = programs.program("amtool")

    checked = subprocess.run(
        [amtool, "check-config", file], capture_output=True, text=True, check=False, timeout=60
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(receivers) + 1} receivers" in checked.stdout


@needs("amtool")
def test_an_alarm_reaches_those_whom_it_is_for(tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yaml"
    file.write_text(alertmanager_yaml(stack="prod", receivers=RECEIVERS, secrets="/etc/heddle"))
    ask = [programs.program("amtool"), "config", "routes", "test", "--config.file", str(file)]

    def told(severity: str) -> str:
        done = subprocess.run(
            [*ask, f"severity={severity}"], capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout.strip()

    assert told("critical") == "hook,mail,both"
    assert told("note") == "hook,both"
