"""`heddle monitoring rules` and `dashboards` write what belongs to the instance."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from heddle.cli.app import app
from tests.monitoring.promtool import promtool
from tests.network.samples import plain_access, plain_instance, sample_network, use_network
from tests.programs import needs


@pytest.fixture(autouse=True)
def _network(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = plain_instance() | {"operationsTlsCertificate": "operations tls\n"}
    access = plain_access() | {"operationsTlsKey": "key of operations tls\n"}
    use_network(monkeypatch, sample_network(instance, access))


def write_config(out: Path, *more: str) -> dict[str, str]:
    """Run `heddle monitoring config`, and return what it wrote."""
    done = CliRunner().invoke(app, ["monitoring", "config", "dev", "--out", str(out), *more])
    assert done.exit_code == 0, done.output
    return {path.name: path.read_text() for path in out.iterdir() if not path.name.startswith(".")}


@needs("promtool")
def test_prometheus_takes_the_configuration(tmp_path: Path) -> None:
    """With its rules, and the files that it names."""
    write_config(
        tmp_path / "out", "--exporter", "192.0.2.10:9745", "--alertmanager", "alerts.example.org:9093"
    )

    assert "SUCCESS" in promtool(tmp_path / "out", "check", "config", "prometheus.yaml")


def test_each_node_is_scraped_by_the_name_that_its_certificate_bears(tmp_path: Path) -> None:
    files = write_config(tmp_path / "out", "--exporter", "192.0.2.10:9745")

    services = list(yaml.safe_load_all(files["services.yaml"]))
    assert [each["metadata"]["name"] for each in services if each] == [
        "orderer0-orderer-operations",
        "peer0-one-operations",
        "peer0-two-operations",
    ]
    jobs = {each["job_name"]: each for each in yaml.safe_load(files["prometheus.yaml"])["scrape_configs"]}
    assert list(jobs) == ["orderer0-orderer", "peer0-one", "peer0-two", "heddle"]
    assert jobs["peer0-one"]["tls_config"]["server_name"] == "peer0-one.fabric-dev.svc.cluster.local"
    (target,) = jobs["orderer0-orderer"]["static_configs"]
    assert target["targets"] == ["orderer0-orderer-operations.fabric-dev.svc:8443"]
    assert target["labels"]["role"] == "orderer"
    assert files["roots.pem"] == "tls root of orderer\ntls root of one\ntls root of two\n"


def test_the_key_is_its_owners_alone(tmp_path: Path) -> None:
    write_config(tmp_path / "out")

    open_to_others = {path.name: bool(path.stat().st_mode & 0o044) for path in (tmp_path / "out").iterdir()}
    assert not open_to_others["client.key"]
    assert open_to_others["prometheus.yaml"]


def test_files_of_others_are_not_written_over(tmp_path: Path) -> None:
    """Unless somebody says so."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out/rules.yaml").write_text("groups: []\n")

    done = CliRunner().invoke(app, ["monitoring", "config", "dev", "--out", str(tmp_path / "out")])

    assert done.exit_code == 1
    assert (tmp_path / "out/rules.yaml").read_text() == "groups: []\n"
    assert "QuorumLost" in write_config(tmp_path / "out", "--force")["rules.yaml"]


def test_the_rules_are_of_the_instance() -> None:
    done = CliRunner().invoke(app, ["monitoring", "rules", "dev"])

    rules = [rule for group in yaml.safe_load(done.stdout)["groups"] for rule in group["rules"]]
    by_name = {rule["alert"]: rule for rule in rules}
    assert by_name["QuorumLost"]["expr"] == 'heddle_channel_margin{namespace="fabric-dev"} < 0'
    assert by_name["PeerBehind"]["annotations"]["command"] == (
        "heddle runbook run height-gap --stack dev --check"
    )


def test_the_dashboards_are_files(tmp_path: Path) -> None:
    out = tmp_path / "dashboards"
    done = CliRunner().invoke(app, ["monitoring", "dashboards", "dev", "--out", str(out)])

    assert done.exit_code == 0
    titles = {path.stem: json.loads(path.read_text())["title"] for path in out.glob("*.json")}
    assert titles == {
        "instance": "dev: instance",
        "ordering": "dev: ordering service",
        "channel": "dev: channel",
        "peer": "dev: peer",
    }


@pytest.mark.parametrize("listen", ["9745", ":9745", "localhost:x", "localhost:70000"])
def test_an_address_that_is_none_is_wrong_usage(listen: str) -> None:
    done = CliRunner().invoke(app, ["monitoring", "serve", "dev", "--listen", listen])

    assert done.exit_code == 2
    assert "HOST:PORT" in done.output
