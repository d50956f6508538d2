"""Fabric's images from a release folder."""

import tarfile
from pathlib import Path

import pytest

from heddle.errors import ImageError
from heddle.images.release import ARCHIVES, pack_release
from heddle.versions import FABRIC, ORDERER_IMAGE, PEER_IMAGE
from tests.images.test_archive import read

PROGRAMS = ("bin/peer", "bin/orderer", *(f"builders/ccaas/bin/{n}" for n in ("build", "detect", "release")))


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release whose programs are scripts that know their version."""
    folder = tmp_path / "release"
    for name in (*PROGRAMS, "config/core.yaml", "config/orderer.yaml", "config/configtx.yaml"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\necho '{path.name}:'\necho ' Version: v{FABRIC}'\n")
        path.chmod(0o755)
    return folder


def test_images_bear_upstreams_names_and_hold_what_upstreams_hold(release: Path, tmp_path: Path) -> None:
    """Program, sample configuration and, in the peer, the builder of chaincode services."""
    packed = {p.image: p for p in pack_release(release, tmp_path / "out")}
    assert set(packed) == {PEER_IMAGE, ORDERER_IMAGE} == set(ARCHIVES)
    manifest, config, layers = read(packed[PEER_IMAGE].archive)
    members = {name: member for layer in layers for name, member in layer.items()}
    assert manifest["RepoTags"] == [PEER_IMAGE]
    assert config["config"]["Cmd"] == ["peer", "node", "start"]
    assert "FABRIC_CFG_PATH=/etc/hyperledger/fabric" in config["config"]["Env"]
    assert members["usr/local/bin/peer"].mode & 0o111
    for name in ("build", "detect", "release"):
        assert members[f"opt/hyperledger/ccaas_builder/bin/{name}"].mode & 0o111
    assert members["var/hyperledger/production"].uid == 1000


def test_what_else_lies_in_a_release_stays_out(release: Path, tmp_path: Path) -> None:
    """Only upstream's files, whatever a folder from elsewhere has beside them."""
    (release / "builders/ccaas/bin/key").symlink_to("/etc/passwd")
    (release / "builders/ccaas/bin/more").mkdir()
    for packed in pack_release(release, tmp_path / "out"):
        _, _, layers = read(packed.archive)
        names = {name for layer in layers for name in layer}
        assert not any(name.endswith(("ccaas_builder/bin/key", "bin/more")) for name in names)


def test_an_incomplete_release_is_refused_with_all_that_it_lacks(release: Path, tmp_path: Path) -> None:
    """Every missing file is named, and nothing is written."""
    (release / "bin/orderer").unlink()
    (release / "builders/ccaas/bin/build").unlink()
    with pytest.raises(ImageError, match=r"bin/orderer.*ccaas/bin/build"):
        pack_release(release, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_another_version_does_not_get_the_name(release: Path, tmp_path: Path) -> None:
    """An image's tag is a promise."""
    (release / "bin/peer").write_text("#!/bin/sh\necho ' Version: v2.5.9'\n")
    with pytest.raises(ImageError, match=rf"is version 2\.5\.9, expected {FABRIC}"):
        pack_release(release, tmp_path / "out")


def test_another_release_is_packed_under_its_own_tag(release: Path, tmp_path: Path) -> None:
    """Images of two releases lie side by side in a cluster, for an upgrade."""
    for name in ("peer", "orderer"):
        (release / "bin" / name).write_text("#!/bin/sh\necho ' Version: v3.1.4'\n")
    packed = pack_release(release, tmp_path / "out", "3.1.4")
    assert [each.image for each in packed] == [
        "docker.io/hyperledger/fabric-peer:3.1.4",
        "docker.io/hyperledger/fabric-orderer:3.1.4",
    ]
    _, config, _ = read(packed[0].archive)
    assert "FABRIC_VER=3.1.4" in config["config"]["Env"]


def test_archives_are_plain_tar_files(release: Path, tmp_path: Path) -> None:
    """Any docker load or ctr import takes them."""
    for packed in pack_release(release, tmp_path / "out"):
        with tarfile.open(packed.archive) as tar:
            assert tar.getnames()[0] == "manifest.json"
