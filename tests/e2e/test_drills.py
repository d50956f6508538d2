"""Incidents are rehearsed as a person would: damage under load, alarm, the command that it names, proof.

On the cluster of test_network.py. The times of the rules are divided by ten: what is tried is that each alarm
leads to a recovery, not how long rules wait. `python -m bench drills` measures that.
"""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import programs
from tests.e2e.conftest import CLUSTER
from tests.e2e.kube import Kube
from tests.e2e.project import Project, fabric_release
from tests.programs import needs

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
NAMESPACE = "fabric-drilled"
CHEAP = ("orderer-killed", "chaincode-server-crashes")
"""Drills whose recovery takes no Job and no new node."""


@pytest.fixture(scope="module")
def drilled(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Three orderers, of which one may fail, and a peer."""
    base = "dev" if fabric_release() else "offline"
    stack = Project.copy(tmp_path_factory.mktemp("drills") / "drilled", stack=CLUSTER, base=base)
    stack.edit("name", value="drilled")
    stack.edit("publicAddress", value="none")
    stack.edit("ordering", value={"type": "raft", "nodes": 3, "batch": {"timeout": "500ms"}})
    stack.edit("organizations", value=[{"name": "organization", "peers": 1}])
    if found := programs.path_of("prometheus"):  # it may be where `make prometheus` leaves it
        stack.environment["PATH"] += f":{Path(found).parent}"
    stack.ok("heddle", "up", CLUSTER, "--yes")
    yield stack
    stack.ok("heddle", "destroy", CLUSTER, "--yes")


@needs("prometheus")
@pytest.mark.parametrize("name", CHEAP)
def test_an_incident_leads_from_its_alarm_to_its_proof(drilled: Project, kube: Kube, name: str) -> None:
    """Every transaction that was told as committed is on the ledger, once; nothing of the drill is left."""
    out = drilled.folder / f"{name}.json"
    shorter = ("--hasten", "10", "--baseline", "5")
    ended = drilled.run("heddle", "drill", name, "--stack", CLUSTER, "--yes", *shorter, "--out", str(out))

    print(ended.output)
    assert ended.code == 0, ended.output
    (result,) = json.loads(out.read_text())["drills"]
    assert result["alarm"] in result["alarms"]
    assert result["followed"]
    assert (result["lost"], result["doubled"]) == (0, 0)
    assert "ConfigMap/heddle-drill" not in kube.names_in(NAMESPACE)
    drilled.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")


def test_a_killed_drill_is_taken_back(drilled: Project, kube: Kube) -> None:
    """It leaves its note and its damage; `--clear` brings the orderer back, and has nothing to do again."""
    command = ("heddle", "drill", "orderer-killed", "--stack", CLUSTER, "--yes", "--without-alarm")
    with drilled.start(*command, "--baseline", "1") as drill:
        for line in drill.stdout or ():
            if line.startswith("damaged"):
                drill.send_signal(signal.SIGKILL)
                break
    assert "ConfigMap/heddle-drill" in kube.names_in(NAMESPACE)

    cleared = drilled.ok("heddle", "drill", "--clear", "--stack", CLUSTER)

    assert "taken back" in cleared
    assert "ConfigMap/heddle-drill" not in kube.names_in(NAMESPACE)
    assert "nothing to take back" in drilled.ok("heddle", "drill", "--clear", "--stack", CLUSTER)
    drilled.ok("heddle", "up", CLUSTER, "--yes", "--expect-no-changes")
