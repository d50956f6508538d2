"""The playbook node-logs as a whole: its Jobs run on a folder in place of a machine's disk."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from heddle.runbooks import run as running
from heddle.runbooks.catalog import PLAYBOOKS, find_runbook
from heddle.runbooks.display import Display
from heddle.runbooks.run import Run
from tests.logs.cluster import Cluster, Pod, answer, served
from tests.logs.samples import ORDERER, PEER, network_on
from tests.runbooks.machines import fingerprints, write
from tests.runbooks.test_triage import context_of

PLACE = "heddle-logs-fabric-dev"
ROOT = "/var/log/pods"
CAPACITY = 10_000_000
OTHERS = 7_000_000
_MODULE = '''#!/usr/bin/python
"""Play the cluster: a Job's command runs at once, on a folder."""
import json, os
from pathlib import Path
from ansible.module_utils.basic import AnsibleModule
from tests.runbooks.machines import execute
module = AnsibleModule(argument_spec={
    **{name: {"type": "str"} for name in ("state", "api_version", "kind", "namespace", "name")},
    "wait_timeout": {"type": "int"},
    "definition": {"type": "dict"}, "wait": {"type": "bool"}}, supports_check_mode=True)
given = {name: value for name, value in module.params.items() if value is not None}
place = Path(os.environ["PLACE"])
with open(place / "calls", "a") as calls:
    calls.write(json.dumps(given) + "\\n")
job = given.get("definition") or {}
if job.get("kind") == "Job":
    name = job["metadata"]["name"]
    (place / "jobs" / name).write_text(execute(job, place / "disk"))
if (given.get("kind"), given.get("state")) == ("Namespace", "absent"):
    for path in (place / "jobs").iterdir():
        path.unlink()
ended = {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}
module.exit_json(changed=bool(job), resources=[ended])
'''


@dataclass
class NodePod(Pod):
    """A pod with what tells whose it is, on the machine m1."""

    namespace: str = "fabric-dev"

    def plain(self) -> dict[str, Any]:
        found = super().plain()
        found["metadata"]["namespace"] = self.namespace
        found["spec"]["nodeName"] = "m1"
        found["spec"]["containers"][0]["image"] = "fabric-peer:x"
        return found


class Machine(Cluster):
    """An API server whose only machine has a folder as its disk; the Jobs' logs are in another."""

    def __init__(self, pods: list[Pod], place: Path) -> None:
        super().__init__(pods)
        self.place = place
        ready = {"conditions": [{"type": "Ready", "status": "True"}]}
        info = {"containerRuntimeVersion": "containerd://2.1.4"}
        self.objects = {
            "/version": {"gitVersion": "v1.34.0"},
            "/api/v1/namespaces/fabric-dev": {"metadata": {"name": "fabric-dev"}},
            "/api/v1/nodes": [{"metadata": {"name": "m1"}, "status": {**ready, "nodeInfo": info}}],
            "/api/v1/nodes/m1/proxy/configz": {"kubeletconfig": {"podLogsDir": ROOT}},
        }

    def _object(self, writer: asyncio.StreamWriter, path: str) -> None:
        if path.endswith("/stats/summary"):
            self.objects[path] = self._summary()
        if path != f"/api/v1/namespaces/{PLACE}/pods":
            return super()._object(writer, path)
        jobs = [each.name for each in (self.place / "jobs").iterdir()]
        pods = [{"metadata": {"name": name}, "status": {"phase": "Succeeded"}} for name in jobs]
        return answer(writer, 200, {"items": pods})

    async def _log(self, writer: asyncio.StreamWriter, name: str, query: dict[str, str]) -> None:
        if name in self.pods:
            return await super()._log(writer, name, query)
        return answer(writer, 200, (self.place / "jobs" / name).read_text())

    def _summary(self) -> dict[str, Any]:
        used = {name: self._used(pod) for name, pod in self.pods.items()}
        return {
            "node": {
                "fs": {
                    "capacityBytes": CAPACITY,
                    "availableBytes": CAPACITY - OTHERS - sum(used.values()),
                }
            },
            "pods": [
                {
                    "podRef": {"namespace": "fabric-dev", "name": name, "uid": pod.uid},
                    "containers": [{"name": "node", "logs": {"usedBytes": used[name]}}],
                }
                for name, pod in self.pods.items()
            ],
        }

    def _used(self, pod: Pod) -> int:
        folder = self.place / "disk" / folder_of(pod).lstrip("/")
        return sum(path.stat().st_size for path in folder.rglob("*"))


def folder_of(pod: Pod) -> str:
    """Where a kubelet keeps a pod's logs."""
    return f"{ROOT}/{getattr(pod, 'namespace', 'fabric-dev')}_{pod.name}_{pod.uid}"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """A machine with a peer, whose logs fill the disk, an orderer, and a pod of somebody else."""
    modules = tmp_path / "ansible_collections/kubernetes/core/plugins/modules"
    for folder in (modules, tmp_path / "jobs", tmp_path / "disk"):
        folder.mkdir(parents=True)
    for name in ("k8s", "k8s_info"):
        (modules / f"{name}.py").write_text(_MODULE)
    own = {"app.kubernetes.io/instance": "dev", "app.kubernetes.io/managed-by": "heddle"}
    pods = [NodePod(f"{name}-0", {**own, "heddle.dev/node": name}) for name in (PEER, ORDERER)]
    # Somebody else's, in the same namespace and with one of the labels.
    pods.append(NodePod("theirs", {"app.kubernetes.io/instance": "dev"}))
    for pod in pods:
        write(tmp_path / "disk", f"{folder_of(pod)}/node/0.log", b"x" * 10_000)
        write(tmp_path / "disk", f"{folder_of(pod)}/node/0.log.20261130-120000.gz", b"y" * 200_000)
    write(tmp_path / "disk", f"{folder_of(pods[0])}/node/0.log.20261130-130000", b"z" * 1_500_000)
    monkeypatch.setattr(running, "remove_jobs", lambda *_: None)
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(PLAYBOOKS.parent))
    monkeypatch.setenv("PLACE", str(tmp_path))
    found = Machine(list(pods), tmp_path)
    with served(found):
        yield found


def started(machine: Machine, *, check: bool = False, **variables: str) -> tuple[bool, Display, list[str]]:
    """Run it; whether it succeeded, what it showed."""
    lines: list[str] = []
    display = Display(lines.append)
    what = Run(
        runbook=find_runbook("node-logs"),
        context=context_of(network_on(machine)),
        folder=PLAYBOOKS.parent,
        variables={"patience": "30", **variables},
        check=check,
        artifacts=machine.place / "artifacts",
    )
    return running.run(what, display), display, lines


def own_files(machine: Machine) -> set[str]:
    """The files of the peer's and the orderer's logs."""
    pods = [pod for pod in machine.pods.values() if len(pod.labels) == 3]
    return {path for path in fingerprints(machine.place / "disk") for pod in pods if folder_of(pod) in path}


def calls(machine: Machine) -> list[str]:
    """What was asked of the cluster, in words."""
    found = [json.loads(line) for line in (machine.place / "calls").read_text().splitlines()]
    kinds = [(each.get("definition") or each, each.get("state", "read")) for each in found]
    return [f"{state} {each.get('kind')}" for each, state in kinds]


def test_it_trims_what_is_its_own_and_proves_it(machine: Machine) -> None:
    """Rotated files go and no other file is another one; what was made for it is gone."""
    before = fingerprints(machine.place / "disk")

    done, display, lines = started(machine)

    assert done, lines
    after = fingerprints(machine.place / "disk")
    gone = before.keys() - after.keys()
    assert {path.rpartition("/")[2] for path in gone} == {
        "0.log.20261130-120000.gz",
        "0.log.20261130-130000",
    }
    assert len(gone) == 3
    assert after == {path: each for path, each in before.items() if path not in gone}
    assert display.changes == 1
    assert any("then: m1: 3 rotated files of 2 pods (2Mi) deleted" in line for line in lines)
    assert calls(machine)[-1] == "absent Namespace"
    proof = json.loads((machine.place / "artifacts/proof.json").read_text())
    assert (proof["runbook"], proof["kept"], proof["passed"]) == ("node-logs", True, 3)
    assert "node-logs on dev" in (machine.place / "artifacts/proof.html").read_text()


def test_again_it_is_another_incident(machine: Machine) -> None:
    """Without its cause nothing is made or changed; what else is wrong here, nodes that are away, is told."""
    for path in own_files(machine):
        if ".log." in path:
            (machine.place / "disk" / path.lstrip("/")).unlink()
    before = fingerprints(machine.place / "disk")

    done, display, lines = started(machine)

    assert not done
    assert any("this is not node-logs. It is:" in line for line in lines)
    assert (display.changes, fingerprints(machine.place / "disk")) == (0, before)
    assert calls(machine) == ["absent Namespace"]


def test_the_plan_changes_nothing(machine: Machine) -> None:
    """Its Jobs only look, and their place goes."""
    before = fingerprints(machine.place / "disk")

    done, display, lines = started(machine, check=True)

    assert done, lines
    assert any("then: m1:" in line for line in lines)
    assert (display.changes, fingerprints(machine.place / "disk")) == (0, before)
    assert calls(machine)[-1] == "absent Namespace"
