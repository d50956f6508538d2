"""Prometheus and Alertmanager packed from programs of the right version, under upstream's names."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from heddle.cli.app import app
from heddle.errors import ImageError
from heddle.images import debian
from heddle.images.prometheus import pack_prometheus
from heddle.versions import ALERTMANAGER, ALERTMANAGER_IMAGE, PROMETHEUS, PROMETHEUS_IMAGE
from tests.images.test_archive import read


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in front of all others on PATH, and an empty cache."""
    folder = tmp_path / "usr/bin"
    folder.mkdir(parents=True)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


def write(folder: Path, name: str, version: str) -> None:
    program = folder / name
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\necho '{name.rpartition('-')[2]}, version {version}+ds (branch: HEAD)'\n")
    program.chmod(0o755)


def test_programs_on_path_are_packed_where_upstreams_images_have_them(path: Path, tmp_path: Path) -> None:
    """Debian's texts go along: its Alertmanager does not start without them."""
    write(path, "prometheus", PROMETHEUS)
    write(path, "prometheus-alertmanager", ALERTMANAGER)
    texts = path.parent / "share/prometheus/alertmanager"
    texts.mkdir(parents=True)
    (texts / "default.tmpl").write_text("{{ define }}")

    packed = pack_prometheus(tmp_path / "out")

    assert [each.image for each in packed] == [PROMETHEUS_IMAGE, ALERTMANAGER_IMAGE]
    (manifest, config, layers), (_, _, more) = (read(each.archive) for each in packed)
    assert manifest["RepoTags"] == [PROMETHEUS_IMAGE]
    assert config["config"]["User"] == "65534:65534"
    assert "bin/prometheus" in layers[0]
    assert {"bin/alertmanager", "usr/share/prometheus/alertmanager/default.tmpl"} <= set(more[0])
    assert [each.identifier for each in pack_prometheus(tmp_path / "again")] == [
        each.identifier for each in packed
    ]


def test_the_command_packs_both(path: Path, tmp_path: Path) -> None:
    """And says what to do with them."""
    write(path, "prometheus", PROMETHEUS)
    write(path, "prometheus-alertmanager", ALERTMANAGER)
    out = tmp_path / "out"

    done = CliRunner().invoke(app, ["image", "pack", "--monitoring", "--out", str(out)])

    assert done.exit_code == 0, done.output
    assert f"next: heddle cluster load {out}/prometheus.tar {out}/alertmanager.tar" in done.output


def test_another_version_on_path_gives_way_to_debians(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path, "prometheus", "1.0.0")
    root = tmp_path / "cache/heddle/debian/prometheus+prometheus-alertmanager"
    write(root / "usr/bin", "prometheus", PROMETHEUS)
    write(root / "usr/bin", "prometheus-alertmanager", ALERTMANAGER)

    assert len(pack_prometheus(tmp_path / "out")) == 2

    write(root / "usr/bin", "prometheus", "9.9.9")
    with pytest.raises(ImageError, match=f"is version 9.9.9, expected {PROMETHEUS}"):
        pack_prometheus(tmp_path / "out")


def test_a_package_that_cannot_be_had_leaves_nothing_that_looks_whole(path: Path, tmp_path: Path) -> None:
    """The words of apt-get are the message; the next run tries again."""
    (path / "apt-get").write_text("#!/bin/sh\necho 'E: Unable to locate package' >&2\nexit 100\n")
    (path / "apt-get").chmod(0o755)

    with pytest.raises(ImageError, match=r"apt-get .*Unable to locate package"):
        debian.unpacked()

    assert list((tmp_path / "cache/heddle/debian").iterdir()) == []


def test_a_machine_without_debians_tools_is_told_what_else_to_do(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(path))

    with pytest.raises(ImageError, match="apt-get: not on this machine") as caught:
        debian.unpacked()

    assert "PATH" in (caught.value.hint or "")
