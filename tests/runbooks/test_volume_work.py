"""The tasks that work on a stopped node's volume, with modules that play a cluster."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from heddle.runbooks.catalog import PLAYBOOKS

_MODULE = """#!/usr/bin/python
import json, os
from ansible.module_utils.basic import AnsibleModule
names = ("state", "kind", "namespace", "name", "definition", "delete_options", "wait", "wait_timeout",
         "prefix")
types = {"definition": "dict", "delete_options": "dict"}
module = AnsibleModule(argument_spec={
    **{name: {"type": types.get(name, "str")} for name in names}, "api_version": {"type": "str"}})
given = {name: value for name, value in module.params.items() if value is not None}
with open(os.environ["CALLS"], "a") as calls:
    calls.write(json.dumps(given) + "\\n")
found = {"Job": json.loads(os.environ["JOB"])}.get(given.get("kind"), {})
module.exit_json(changed=False, resources=[found], lines=["pod x: Pending"])
"""


def work(folder: Path, conditions: list[dict[str, str]]) -> tuple[bool, list[dict[str, Any]]]:
    """Whether the tasks succeeded with a Job of these conditions, and what the cluster was asked."""
    modules = folder / "ansible_collections/kubernetes/core/plugins/modules"
    modules.mkdir(parents=True)
    (folder / "library").mkdir()
    for path in (modules / "k8s.py", modules / "k8s_info.py", folder / "library/heddle_broken_pods.py"):
        path.write_text(_MODULE)
    variables = {
        "heddle_namespace": "fabric-x",
        "peer_node": "peer0-one",
        "peer_job": {"metadata": {"name": "job"}},
        "patience": "2",
    }
    tasks = [{"ansible.builtin.include_tasks": str(PLAYBOOKS / "roles/peer/tasks/volume_job.yml")}]
    play = {"hosts": "localhost", "gather_facts": False, "any_errors_fatal": True, "vars": variables}
    (folder / "play.yml").write_text(json.dumps([{**play, "tasks": tasks}]))
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(folder),
        "ANSIBLE_LIBRARY": str(folder / "library"),
        "ANSIBLE_HOME": str(folder / "home"),
        "CALLS": str(folder / "calls"),
        "JOB": json.dumps({"status": {"conditions": conditions}}),
    }
    ansible = Path(sys.executable).parent / "ansible-playbook"
    command = [str(ansible), "-i", "localhost,", "-c", "local", "-e"]
    command += [f"ansible_python_interpreter={sys.executable}", str(folder / "play.yml")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=250)
    calls = [json.loads(line) for line in (folder / "calls").read_text().splitlines()]
    assert calls, done.stdout + done.stderr
    return done.returncode == 0, calls


def removed(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [call for call in calls if call.get("state") == "absent"]


@pytest.mark.parametrize(
    "conditions", [[], [{"type": "Failed", "status": "True"}]], ids=["it never ended", "it failed"]
)
def test_no_job_is_left_that_could_work_on_the_volume_later(
    tmp_path: Path, conditions: list[dict[str, str]]
) -> None:
    """The peer is started next: a Job whose image came late would move a running peer's files."""
    done, calls = work(tmp_path, conditions)

    assert not done
    [removal] = removed(calls)
    assert (removal["kind"], removal["name"], removal["wait"]) == ("Job", "job", "True")
    assert removal["delete_options"] == {"propagationPolicy": "Foreground"}


def test_a_job_that_ended_well_goes_with_the_run(tmp_path: Path) -> None:
    """The tasks leave it: `heddle runbook run` removes all of its Jobs at its end."""
    done, calls = work(tmp_path, [{"type": "Complete", "status": "True"}])

    assert done
    assert not removed(calls)
