"""Running a playbook: what it is told, what it is not, and how it is shown."""

import ast
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from heddle.cli import runbook as cli
from heddle.errors import RunbookError
from heddle.plugin.values import Properties, Secret
from heddle.runbooks import run as running
from heddle.runbooks.catalog import PLAYBOOKS, Runbook, find_runbook, runbooks
from heddle.runbooks.context import VARIABLE, Context, Package, load_context, save_context
from heddle.runbooks.deployed import context_of, namespaces_of
from heddle.runbooks.display import Display
from heddle.runbooks.inventory import inventory_of
from heddle.runbooks.run import Run
from heddle.state.backend import Backend
from heddle.state.encryption import Crypter
from heddle.state.project import Config, Project
from heddle.state.resource import Operation, Resource
from heddle.state.stack import Stack
from heddle.state.urn import ROOT_TYPE
from tests.network.samples import plain_access, plain_instance, sample_network


def test_the_catalog_is_the_playbooks() -> None:
    """Each verb has a title and variables, and is short enough to be read aloud."""
    found = {one.name: one for one in runbooks()}

    assert {"clean-residue", "rejoin-peer"} <= set(found)
    assert found["rejoin-peer"].title == "Rejoin a peer whose ledger is broken"
    assert next(one for one in found["rejoin-peer"].variables if one.name == "peer").required
    assert all(len(one.path.read_text().splitlines()) < 130 for one in found.values())


def test_every_runbook_has_its_page() -> None:
    """And every playbook's variable stands in it."""
    docs = PLAYBOOKS.parent / "docs/operations"
    for one in runbooks():
        page = (docs / f"runbook-{one.name}.md").read_text(encoding="utf-8")
        assert [each.name for each in one.variables if f"`{each.name}`" not in page] == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "peer: is needed"),
        ({"peer": "p", "foo": "1"}, "foo: there is no such variable"),
        ({"peer": "p", "remedy": "hope"}, "allowed: auto, rebuild, refetch, set-aside"),
        ({"peer": "p", "patience": "long"}, "patience: 'long' — a whole number is expected"),
    ],
)
def test_variables_are_checked_first(given: dict[str, str], said: str) -> None:
    """Before anything is looked at."""
    with pytest.raises(RunbookError, match=said):
        find_runbook("rejoin-peer").check(given)


def test_a_playbook_gets_every_variable_of_its_kind() -> None:
    """Defaults stand in the runbook's folder alone; a list is written with commas."""
    values = find_runbook("rejoin-peer").values({"peer": "p", "other_holders": "A, B"})

    assert values == {"peer": "p", "remedy": "auto", "other_holders": ["A", "B"], "patience": 300}
    assert find_runbook("rejoin-peer").values({"peer": "p"})["other_holders"] == []


CONTEXT = Context(
    stack="dev", kubeconfig="k", deployed=sample_network(), packages=(), approvals=(), namespaces={}
)
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


def test_an_unknown_runbook_names_those_there_are() -> None:
    """A typo costs one look."""
    with pytest.raises(RunbookError) as error:
        find_runbook("rejoin")
    assert "clean-residue, rejoin-peer" in str(error.value)


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


def test_namespaces_of_all_stacks(tmp_path: Path) -> None:
    """Of every project of the backend, without a passphrase; what cannot be read is no proof of absence."""
    metadata = {"name": "fabric-dev", "labels": {"app.kubernetes.io/instance": "dev"}}
    resource = {"type": "kubernetes:core/v1:Namespace", "inputs": {"metadata": metadata}}
    document = {"version": 3, "checkpoint": {"latest": {"resources": [resource]}}}
    (tmp_path / "fabric").mkdir()
    (tmp_path / "fabric/dev.json").write_text(json.dumps(document))
    (tmp_path / "fabric/dev.json.bak").write_text("{")

    assert namespaces_of(tmp_path) == {"fabric-dev": "dev"}
    (tmp_path / "fabric/other.json.gz").write_bytes(b"")
    with pytest.raises(ValueError, match="compressed"):
        namespaces_of(tmp_path)


def test_what_a_killed_run_was_making_is_no_residue(tmp_path: Path) -> None:
    """The next `up` takes it up again: its namespace lives, and its claim is no leftover."""
    metadata = {"name": "fabric-new", "labels": {"app.kubernetes.io/instance": "new"}}
    namespace = {"type": "kubernetes:core/v1:Namespace", "inputs": {"metadata": metadata}}
    pending = [{"type": "creating", "resource": namespace}]
    (tmp_path / "new.json").write_text(
        json.dumps({"version": 3, "checkpoint": {"latest": {"pending_operations": pending}}})
    )
    assert namespaces_of(tmp_path) == {"fabric-new": "new"}

    outputs: Properties = {"instance": plain_instance(), "access": Secret(plain_access())}
    root = Resource(urn="urn:pulumi:dev::fabric::s::s", type=ROOT_TYPE, custom=False, outputs=outputs)
    claim = Resource(
        urn="urn:pulumi:dev::fabric::c::c",
        type="kubernetes:core/v1:PersistentVolumeClaim",
        custom=True,
        inputs={"metadata": {"name": "peer0-one"}},
    )
    stack = Stack(
        name="dev",
        project=Project(name="fabric", folder=tmp_path, main=tmp_path, stacks=tmp_path, config={}),
        config=Config(values={}, secret_keys=()),
        backend=Backend(tmp_path / "state", "fabric", "dev"),
        crypter=Crypter("correct horse"),
        resources={root: ""},
        interrupted=(Operation(resource=claim, type="creating"),),
    )
    assert context_of(stack).claims == ("peer0-one",)


def test_the_sweep_passes_over_what_others_put_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody can write the temporary folder: links to nowhere, to our own folders, names without end."""
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "key").touch()
    links = [tmp_path / f"heddle-runbook-{pid}-x" for pid in (999999999, 999999998)]
    links[0].symlink_to(tmp_path / "nowhere")
    links[1].symlink_to(kept)
    (tmp_path / f"heddle-runbook-{'9' * 30}-x").mkdir()
    (tmp_path / "heddle-runbook-²-x").mkdir()

    running._sweep()

    assert (kept / "key").exists()
    assert all(link.is_symlink() for link in links)


def test_what_killed_runs_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their folders hold keys; those of runs that go on stay."""
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    dead, alive = tmp_path / f"heddle-runbook-{done.pid}-x", tmp_path / f"heddle-runbook-{os.getpid()}-y"
    dead.mkdir()
    alive.mkdir()

    running._sweep()

    assert (dead.exists(), alive.exists()) == (False, True)


def test_a_playbook_does_not_outlive_its_lock() -> None:
    """The command ends with the process that started it, killed or not."""
    waiting = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
    child = [sys.executable, "-m", "heddle.runbooks.child", *waiting]
    script = (
        f"import subprocess, time; p = subprocess.Popen({child!r}); print(p.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        lines = [parent.stdout.readline().strip(), parent.stdout.readline().strip()]
        pid = next(int(line) for line in lines if line.isdigit())
        assert "up" in lines
        parent.kill()
        # The pipe closes when the last process that writes to it has ended.
        assert parent.stdout.read() == ""
    assert not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes()


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


@pytest.fixture
def checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """A stack without a network in the current folder; collects for each run whether it only looked."""
    (tmp_path / "Pulumi.yaml").write_bytes((PLAYBOOKS.parent / "Pulumi.yaml").read_bytes())
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks/Pulumi.x.yaml").write_text("config: {}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "x")
    found: list[bool] = []

    def run(what: Run, _: Display) -> bool:
        found.append(what.check)
        return True

    monkeypatch.setattr(cli, "run", run)
    monkeypatch.setattr(cli, "context_of", lambda _: CONTEXT)
    return found


CLEAN = ["run", "clean-residue", "-s", "x"]


def test_nothing_runs_where_nobody_can_be_asked(checks: list[bool]) -> None:
    """As `up` does: a script says --yes."""
    result = CliRunner().invoke(cli.app, CLEAN)

    assert result.exit_code == 2
    assert "--yes or --check must be passed in" in result.output
    assert checks == []


@pytest.mark.parametrize(
    ("options", "answer", "expected", "code"),
    [
        ([], "y\n", [True, False], 0),
        ([], "n\n", [True], 1),
        (["--yes"], "", [False], 0),
        (["--check"], "", [True], 0),
        (["--check", "--yes"], "", [True], 0),
    ],
)
def test_the_plan_is_shown_before_the_question(
    checks: list[bool],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    answer: str,
    expected: list[bool],
    code: int,
) -> None:
    """Whoever says no has changed nothing; --yes does not ask, --check never acts."""
    monkeypatch.setattr(cli, "require_terminal", lambda *_: None)

    result = CliRunner().invoke(cli.app, [*CLEAN, *options], input=answer)

    assert (checks, result.exit_code) == (expected, code)


def test_the_verb_waits_for_nobody_who_has_the_lock(tmp_path: Path) -> None:
    """While an `up` of either engine runs, a runbook is refused, and names the holder."""
    root = PLAYBOOKS.parent
    (tmp_path / "Pulumi.yaml").write_bytes((root / "Pulumi.yaml").read_bytes())
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks/Pulumi.x.yaml").write_text("config: {}\n")
    environment = os.environ | {
        "PULUMI_BACKEND_URL": f"file://{tmp_path}",
        "PULUMI_CONFIG_PASSPHRASE": "x",
    }
    command = [
        sys.executable,
        "-m",
        "heddle.cli.app",
        "runbook",
        "run",
        "rejoin-peer",
        "--yes",
        "-s",
        "x",
        "-e",
        "peer=p",
    ]
    with Backend(tmp_path, "fabric", "x").locked():
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    assert done.returncode == 1
    assert "the stack is currently locked by 1 lock(s)" in done.stderr


def test_a_kept_record_has_no_secret(tmp_path: Path) -> None:
    """Ansible-runner writes the environment beside its events; that is left out."""
    (tmp_path / "record/run").mkdir(parents=True)
    (tmp_path / "record/run/command").write_text("PULUMI_CONFIG_PASSPHRASE")
    (tmp_path / "record/run/stdout").write_text("ok")

    running._keep(tmp_path / "record", tmp_path / "kept")

    assert [path.name for path in (tmp_path / "kept/run").iterdir()] == ["stdout"]
