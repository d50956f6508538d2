"""What clusters share is made by the first and undone by the last."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

from heddle.embedded.kubernetes import shared
from heddle.embedded.kubernetes.layout import Layout


@dataclass(frozen=True, kw_only=True)
class Moved(Layout):
    """A cluster whose share of the machine lies in the test's folder."""

    @property
    def netns(self) -> Path:
        """As a file beside those of other clusters."""
        return self.folder / "netns" / f"heddle-{self.name}"

    @property
    def bindings(self) -> dict[Path, Path]:
        """One mount point."""
        return {self.folder / "lib" / "kubelet": self.folder}


Scene: TypeAlias = tuple[Layout, Layout, Path, Path]


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Two clusters, a kernel setting and a mount point that does not exist yet."""
    setting = tmp_path / "setting"
    setting.write_text("0\n")
    monkeypatch.setattr(shared, "_STATE", tmp_path / "machine.json")
    monkeypatch.setattr(shared, "_LOCK", tmp_path / ".lock")
    monkeypatch.setattr(shared, "_AT_LEAST", {str(setting): 1})
    (tmp_path / "netns").mkdir()
    point = tmp_path / "lib" / "kubelet"
    one, two = (Moved(name=name, folder=tmp_path) for name in ("one", "two"))
    return one, two, setting, point


def test_the_last_cluster_undoes_what_the_first_made(scene: Scene) -> None:
    """Also when it is not the one that made it."""
    one, two, setting, point = scene
    for cluster in (one, two):
        cluster.netns.touch()
        shared.prepare_machine(cluster)
    assert setting.read_text() == "1"
    assert point.is_dir()
    one.netns.unlink()
    shared.restore_machine(one)
    assert point.is_dir(), "the other cluster's mount is on it"
    two.netns.unlink()
    shared.restore_machine(two)
    assert setting.read_text().strip() == "0"
    assert not point.parent.exists()
    assert not shared._STATE.exists()


def test_what_was_there_before_stays(scene: Scene) -> None:
    """A machine that forwards already, with a kubelet of its own, is left as it was."""
    one, _, setting, point = scene
    setting.write_text("1")
    point.mkdir(parents=True)
    one.netns.touch()
    shared.prepare_machine(one)
    one.netns.unlink()
    shared.restore_machine(one)
    assert setting.read_text() == "1"
    assert point.is_dir()


def test_a_folder_that_someone_else_uses_by_now_stays(scene: Scene) -> None:
    """Only empty folders are removed."""
    one, _, _, point = scene
    shared.prepare_machine(one)
    (point / "theirs").touch()
    shared.restore_machine(one)
    assert (point / "theirs").exists()
