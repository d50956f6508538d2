"""Names and paths of a cluster."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heddle.embedded.kubernetes.layout import layout_of
from heddle.errors import LocalKubeError


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a_b", "a/b", "..", "a" * 31])
def test_a_name_that_is_no_label_is_refused(name: str, clusters: Path) -> None:
    """It becomes a node's name, a file's and a network namespace's."""
    with pytest.raises(LocalKubeError, match="cluster name"):
        layout_of(name)


@given(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?", fullmatch=True))
def test_links_have_names_that_the_kernel_takes(name: str) -> None:
    """At most 15 characters, and the two ends differ."""
    layout = layout_of(name)
    assert len(layout.outer_link) <= 15
    assert layout.outer_link != layout.inner_link


def test_a_folder_behind_a_link_has_the_kernels_name(
    clusters: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Mounts below it are found by that name, and the cluster is the same whichever way leads to it."""
    direct = layout_of("one")
    (tmp_path / "link").symlink_to(clusters)
    monkeypatch.setenv("HEDDLE_CLUSTERS", str(tmp_path / "link"))

    assert layout_of("one") == direct


def test_the_same_name_in_another_folder_is_another_cluster(
    clusters: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Network namespaces and control groups are the machine's: tests must not meet a cluster in use."""
    here = layout_of("one")
    monkeypatch.delenv("HEDDLE_CLUSTERS")
    assert layout_of("one").mark == "heddle-one"
    assert here.mark != "heddle-one"
    assert here.outer_link != layout_of("one").outer_link


def test_a_path_too_long_for_a_socket_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise containerd fails minutes later with 'invalid argument'."""
    monkeypatch.setenv("HEDDLE_CLUSTERS", "/tmp/" + "x" * 90)  # noqa: S108 - a long path, never made
    with pytest.raises(LocalKubeError, match="too long for a socket"):
        layout_of("one")
