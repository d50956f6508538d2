"""What ended processes held is let go of later: a cluster goes down in one call all the same."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from heddle.embedded.kubernetes import cgroups, down
from heddle.embedded.kubernetes.layout import Layout
from heddle.errors import LocalKubeError


@pytest.fixture
def group(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A control group of the cluster, on a machine that has nothing else of it."""
    monkeypatch.setattr(cgroups, "_hierarchies", lambda: iter([(tmp_path, "cgroup2")]))
    monkeypatch.setattr(down, "network_leftovers", lambda _: [])
    monkeypatch.setattr(down, "restore_machine", lambda _: None)
    folder = tmp_path / layout.mark / "kubepods"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def busy(group: Path) -> Iterator[Path]:
    """The same, in which the last thread of a process ends after a while; a file stands for it."""
    thread = group / "thread"
    thread.touch()
    ending = threading.Timer(0.4, thread.unlink)
    ending.start()
    yield group
    ending.join()


def test_a_control_group_that_is_busy_for_a_while(layout: Layout, busy: Path) -> None:
    """The fact is awaited, where before somebody had to call `cluster down` again."""
    down.stop(layout, None)
    assert not busy.parent.exists()


def test_a_mount_that_is_busy_for_a_while(
    layout: Layout, group: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a control group: `umount` refuses until nobody uses it."""
    mounts, refusals = [layout.folder / "volume"], [1, 2]

    def umount(*_: object) -> str:
        if refusals:
            raise LocalKubeError(f"umount: target is busy ({refusals.pop()})")
        mounts.clear()
        return ""

    monkeypatch.setattr(down, "_mounts", lambda _: list(mounts))
    monkeypatch.setattr(down, "run", umount)
    down.stop(layout, None)
    assert down.leftovers(layout) == []
    assert not group.exists()


def test_what_stays_busy_is_named(layout: Layout, group: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the deadline."""
    monkeypatch.setattr(down, "_RELEASE_SECONDS", 0.2)
    (group / "thread").touch()
    with pytest.raises(LocalKubeError, match=f"could not remove control group {group}"):
        down.stop(layout, None)
