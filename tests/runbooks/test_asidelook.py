"""What runbooks set aside is found on every kind of volume, and nothing else is taken for it."""

import importlib
import shlex
import subprocess
from pathlib import Path

import pytest

from heddle.network.instance import read_instance
from heddle.runbooks.asidelook import folders_in, free_command, look_command, volumes_of
from heddle.runbooks.catalog import PLAYBOOKS
from tests.network.samples import plain_instance


def test_volumes_of_databases_are_looked_at_too() -> None:
    """By the pod that has them, at the path where it has them."""
    plain = plain_instance()
    plain["peers"][0]["stateDatabase"] = "couchdb0-one"

    found = {each.claim: (each.pod, each.path) for each in volumes_of(read_instance(plain))}

    ledger = "/var/hyperledger/production"
    assert found == {
        "orderer0-orderer": ("orderer0-orderer-0", ledger),
        "peer0-one": ("peer0-one-0", ledger),
        "couchdb0-one": ("couchdb0-one-0", "/opt/couchdb/data"),
        "peer0-two": ("peer0-two-0", ledger),
    }


def test_only_folders_of_that_name_are_found_and_deleted(tmp_path: Path) -> None:
    """No file, no link, nothing deeper, no name that no runbook gives."""
    for path in (
        "set-aside-1/x",
        "set-aside-2-blocks",
        "set-aside",
        "deep/set-aside-3",
        "set-aside-a b",
        "kept",
    ):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "set-aside-file").write_text("x")
    (tmp_path / "set-aside-link").symlink_to(tmp_path / "kept")
    before = set(tmp_path.rglob("*"))

    said = subprocess.run(look_command(str(tmp_path)), check=True, capture_output=True, text=True)
    found = folders_in(said.stdout, str(tmp_path))
    subprocess.run(free_command(found), check=True)

    gone = [tmp_path / "set-aside-1", tmp_path / "set-aside-1/x", tmp_path / "set-aside-2-blocks"]
    assert found == (str(gone[0]), str(gone[2]))
    assert set(tmp_path.rglob("*")) == before - set(gone)


def test_the_playbook_runs_that_very_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """As its module splits the line again into arguments."""
    monkeypatch.syspath_prepend(PLAYBOOKS / "filter_plugins")
    filters = importlib.import_module("heddle_jobs").FilterModule().filters()

    paths = ["/opt/couchdb/data/set-aside-20261130"]
    assert shlex.split(filters["heddle_free_command"]({"files": paths})) == free_command(paths)
