"""Copies of a state: their owner's alone, and a number of them."""

import stat
from pathlib import Path

import pytest

from heddle.errors import EngineError
from heddle.state.copies import KEPT
from heddle.state.encryption import find_passphrase
from tests.state.conftest import Shelf


def modes(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): oct(stat.S_IMODE(path.stat().st_mode)) for path in root.rglob("*")}


@pytest.mark.parametrize("before", ["nothing", "an earlier release's"])
def test_nobody_else_reads_copies_of_the_state(shelf: Shelf, before: str) -> None:
    """Folders, checkpoint, its copy, backups and history, also those that are there already."""
    base = shelf.folder / "state" / ".pulumi"
    if before != "nothing":
        for name in ("backups", "history"):
            folder = base / name / "lab" / "dev"
            folder.mkdir(parents=True)
            (folder / "dev.1700000000000000000.json").write_text("{}")
            (folder / "dev.1700000000000000000.json").chmod(0o644)
    with shelf.backend.locked():
        shelf.backend.save(shelf.document([]))
        shelf.backend.begin()
        shelf.backend.remember({"kind": "update"})
        found = modes(base)
    files = {name: mode for name, mode in found.items() if (base / name).is_file() and name != "meta.yaml"}
    assert len([name for name in files if name.startswith(("backups", "history"))]) >= 3
    assert "stacks/lab/dev.json.bak" in files
    assert set(files.values()) == {"0o600"}
    private = ("backups/lab/dev", "history/lab/dev")
    assert [found[name] for name in private] == ["0o700"] * 2


def test_a_number_of_copies_is_kept(shelf: Shelf) -> None:
    """The newest; an update's two files go together, and files of others stay."""
    base = shelf.folder / "state" / ".pulumi"
    shelf.backend.save(shelf.document([]))
    backups, history = base / "backups/lab/dev", base / "history/lab/dev"
    for folder in (backups, history):
        folder.mkdir(parents=True)
        (folder / "notes.txt").touch()
    for number in range(KEPT + 5):
        time = 1_700_000_000_000_000_000 + number
        (backups / f"dev.{time}.json").touch()
        (history / f"dev-{time}.history.json").touch()
        (history / f"dev-{time}.checkpoint.json").touch()
    shelf.backend.begin()
    shelf.backend.remember({"kind": "update"})

    assert len(list(backups.glob("dev.*"))) == KEPT
    assert len(list(history.glob("dev-*.history.json"))) == KEPT
    assert len(list(history.glob("dev-*.checkpoint.json"))) == KEPT
    assert not (backups / "dev.1700000000000000005.json").exists()
    assert (backups / "dev.1700000000000000006.json").exists()
    assert (backups / "notes.txt").exists()


@pytest.mark.parametrize("place", ["variable", "blank variable", "file"])
def test_an_empty_passphrase_is_refused(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would encrypt with what everybody knows; the message says how a stack gets another one."""
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    if place != "file":
        monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "  " if place == "blank variable" else "")
    else:
        (tmp_path / "passphrase").write_text("\n")
        monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    with pytest.raises(EngineError, match="is empty") as refused:
        find_passphrase()
    assert "change-secrets-provider" in refused.value.hint
