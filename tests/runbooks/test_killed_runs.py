"""What runs that were killed leave behind is known, and goes with the next one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from heddle.plugin.values import Properties, Secret
from heddle.runbooks import run as running
from heddle.runbooks.child import CHILD
from heddle.runbooks.deployed import context_of, namespaces_of
from heddle.state.backend import Backend
from heddle.state.encryption import Crypter
from heddle.state.project import Config, Project
from heddle.state.resource import Operation, Resource
from heddle.state.stack import Stack
from heddle.state.urn import ROOT_TYPE
from tests.network.samples import plain_access, plain_instance


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
    child = [*CHILD, *waiting]
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
