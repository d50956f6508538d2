"""Running a playbook: what it is told, what it is not, and how it is shown."""

import ast
import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from heddle.errors import RunbookError
from heddle.runbooks import run as running
from heddle.runbooks.catalog import PLAYBOOKS, Runbook, find_runbook
from heddle.runbooks.context import VARIABLE, Package, load_context, save_context
from heddle.runbooks.display import Display
from heddle.runbooks.inventory import inventory_of
from heddle.runbooks.run import Run
from tests.network.samples import sample_network
from tests.runbooks.samples import CONTEXT

ORDERER = "orderer0-orderer"
PLAYBOOK = """
- name: Look at an orderer
  hosts: orderers
  gather_facts: false
  tasks:
    - name: Look
      ansible.builtin.debug:
        msg: "{{ orderer }} on {{ inventory_hostname }}, {{ words }}"
"""
VARIABLES = """
orderer: {kind: host, required: true, description: The orderer.}
words: {kind: list, default: "a,b", description: Some words.}
"""


@pytest.fixture
def new_runbook(tmp_path: Path) -> Runbook:
    """A runbook that is a new folder and nothing else."""
    folder = tmp_path / "playbooks/look-around"
    folder.mkdir(parents=True)
    (folder / "playbook.yml").write_text(PLAYBOOK)
    (folder / "variables.yml").write_text(VARIABLES)
    return find_runbook("look-around", folder.parent)


@pytest.fixture(autouse=True)
def swept(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """In place of a cluster: names of the runbooks whose Jobs were removed."""
    found: list[str] = []
    monkeypatch.setattr(running, "remove_jobs", lambda _, runbook: found.append(runbook))
    return found


def started(runbook: Runbook, folder: Path, **variables: str) -> tuple[bool, list[str]]:
    """Run a runbook on the network of the sample output; whether it succeeded, and its lines."""
    lines: list[str] = []
    runbook.check(variables)
    what = Run(
        runbook=runbook,
        context=CONTEXT,
        folder=folder,
        variables=variables,
        check=False,
    )
    return running.run(what, Display(lines.append)), lines


def test_a_new_runbook_is_a_new_folder(new_runbook: Runbook, tmp_path: Path) -> None:
    """Variables, defaults and kind of host are declared there; it runs on the named host alone."""
    done, lines = started(new_runbook, tmp_path, orderer=ORDERER)

    assert done
    assert lines == ["Look at an orderer", "  ✓ Look", f"      {ORDERER} on {ORDERER}, ['a', 'b']"]


def test_jobs_go_before_a_run_and_when_it_has_ended(
    new_runbook: Runbook, tmp_path: Path, swept: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of a killed run first; its own also when it fails, and when it cannot even begin."""
    started(new_runbook, tmp_path, orderer=ORDERER)
    assert swept == ["look-around"] * 2
    new_runbook.path.write_text(PLAYBOOK.replace("{{ orderer }}", "{{ nothing }}"))
    assert not started(new_runbook, tmp_path, orderer=ORDERER)[0]
    assert swept == ["look-around"] * 4
    with pytest.raises(RunbookError):
        started(new_runbook, tmp_path, orderer="none")
    assert swept == ["look-around"] * 6


def test_a_look_removes_nothing(new_runbook: Runbook, tmp_path: Path, swept: list[str]) -> None:
    """With --check nothing is changed."""
    what = Run(
        runbook=new_runbook, context=CONTEXT, folder=tmp_path, variables={"orderer": ORDERER}, check=True
    )

    running.run(what, Display(lambda _: None))

    assert swept == []


def test_one_that_only_reads_removes_nothing(new_runbook: Runbook, tmp_path: Path, swept: list[str]) -> None:
    """Its playbook says so; Jobs of other runs are not its affair."""
    assert not new_runbook.reads_only
    new_runbook.path.write_text(
        PLAYBOOK.replace("  tasks:", "  vars:\n    heddle_reads_only: true\n  tasks:")
    )
    reading = find_runbook("look-around", new_runbook.path.parents[1])

    assert reading.reads_only
    assert started(reading, tmp_path, orderer=ORDERER)[0]
    assert swept == []


SLOW = """
- name: Take a while
  hosts: orderers
  gather_facts: false
  tasks:
    - name: Ask for the end of the run, and go on
      ansible.builtin.command:
        argv: [sh, -c, "echo $$ > {folder}/pid; kill -{number} {heddle}; sleep 300"]
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_its_playbook_before_its_jobs_go(
    new_runbook: Runbook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A playbook that went on would make another Job."""
    new_runbook.path.write_text(SLOW.format(folder=tmp_path, number=number, heddle=os.getpid()))
    working: list[bool] = []

    def remove(*_: object) -> None:
        pid = tmp_path / "pid"
        command = Path(f"/proc/{pid.read_text().strip()}/cmdline") if pid.exists() else pid
        working.append(command.exists() and command.read_bytes() != b"")  # empty: it has ended

    monkeypatch.setattr(running, "remove_jobs", remove)

    with pytest.raises(RunbookError, match="was interrupted"):
        started(new_runbook, tmp_path, orderer=ORDERER)

    assert working == [False, False]


def test_a_host_must_be_one_of_the_runbooks_kind(new_runbook: Runbook, tmp_path: Path) -> None:
    """A peer is no orderer; the orderers there are stand in the message."""
    with pytest.raises(RunbookError, match="has no orderer 'peer0-one'") as error:
        started(new_runbook, tmp_path, orderer="peer0-one")
    assert ORDERER in str(error.value)


def test_the_inventory_has_no_secret(tmp_path: Path) -> None:
    """It goes through Ansible: names and addresses only."""
    instance = sample_network().instance
    text = json.dumps(inventory_of("dev", instance, folder=tmp_path, python=sys.executable))

    assert "peer0-one" in text
    assert "key of" not in text
    assert "kubeconfig" not in text


def test_the_context_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds keys: one user can read it, and modules get all of it back."""
    path = tmp_path / "context.json"
    package = Package(peer="peer0-one", label="assets_1.0", package_id="id", content="")
    save_context(path, replace(CONTEXT, packages=(package,), namespaces={"n": "i"}))
    monkeypatch.setenv(VARIABLE, str(path))

    context = load_context()

    assert path.stat().st_mode & 0o777 == 0o600
    assert context.network.instance.name == "dev"
    assert context.packages == (package,)
    assert context.namespaces == {"n": "i"}


def test_modules_work_only_within_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A playbook run by hand would hold no lock."""
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(RunbookError, match="only within a run"):
        load_context()


def test_every_module_is_of_todays_kind() -> None:
    """Ansible hands parameters only to files that import AnsibleModule themselves."""
    for path in (PLAYBOOKS / "library").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        imported = {node.module for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
        assert "ansible.module_utils.basic" in imported
        assert text.startswith("#!/usr/bin/python\n")


def events(*pairs: tuple[str, dict[str, Any]]) -> list[str]:
    """What the display makes of events."""
    lines: list[str] = []
    display = Display(lines.append)
    for kind, data in pairs:
        display({"event": kind, "event_data": data})
    return lines


def test_text_of_nodes_cannot_move_the_terminal() -> None:
    """A log line is shown as it is, but for signs that a terminal obeys."""
    failure = {"task": "Look", "task_action": "heddle_x", "res": {"msg": "log \x1b[2J[/] [bold]x"}}

    assert events(("runner_on_failed", failure)) == ["  ✗ Look", "      log �[2J[/] [bold]x"]


def test_a_run_reads_aloud() -> None:
    """Each task once, with a plan, what changed, and a failure's own words."""
    assert events(
        ("playbook_on_play_start", {"play": "Rejoin a peer"}),
        (
            "runner_on_ok",
            {"task": "The plan", "task_action": "ansible.builtin.debug", "res": {"msg": ["a", "b"]}},
        ),
        ("runner_on_ok", {"task": "Keep", "task_action": "ansible.builtin.set_fact", "res": {}}),
        (
            "runner_on_ok",
            {"task": "Scale", "task_action": "kubernetes.core.k8s_scale", "res": {"changed": True}},
        ),
        ("runner_on_failed", {"task": "Look", "task_action": "heddle_x", "res": {"msg": "no\n  next step"}}),
    ) == [
        "Rejoin a peer",
        "  ✓ The plan",
        "      a",
        "      b",
        "  ~ Scale",
        "  ✗ Look",
        "      no",
        "        next step",
    ]


def test_a_kept_record_has_no_secret(tmp_path: Path) -> None:
    """Ansible-runner writes the environment beside its events; that is left out."""
    (tmp_path / "record/run").mkdir(parents=True)
    (tmp_path / "record/run/command").write_text("PULUMI_CONFIG_PASSPHRASE")
    (tmp_path / "record/run/stdout").write_text("ok")

    running._keep(tmp_path / "record", tmp_path / "kept")

    assert [path.name for path in (tmp_path / "kept/run").iterdir()] == ["stdout"]
