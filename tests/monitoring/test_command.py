"""`heddle monitoring rules` and `dashboards` write what belongs to the instance."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from heddle.cli.app import app
from tests.network.samples import sample_network, use_network


@pytest.fixture(autouse=True)
def _network(monkeypatch: pytest.MonkeyPatch) -> None:
    use_network(monkeypatch, sample_network())


def test_the_rules_are_of_the_instance() -> None:
    done = CliRunner().invoke(app, ["monitoring", "rules", "dev"])

    rules = [rule for group in yaml.safe_load(done.stdout)["groups"] for rule in group["rules"]]
    by_name = {rule["alert"]: rule for rule in rules}
    assert by_name["QuorumLost"]["expr"] == 'heddle_channel_margin{namespace="fabric-dev"} < 0'
    assert by_name["PeerBehind"]["annotations"]["command"] == (
        "heddle runbook run rejoin-peer --stack dev -e peer={{ $labels.node }} --check"
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
