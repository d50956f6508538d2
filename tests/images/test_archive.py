"""Images written with tarfile: same content, same bytes; what containerd needs is in them."""

import hashlib
import json
import os
import sys
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from heddle.errors import ImageError
from heddle.images.archive import Entry, File, Folder, Image, Link, libraries, program, write_image


def image(*entries: Entry) -> Image:
    return Image(name="localhost/heddle/test:1", layers=(entries,))


def read(archive: Path) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, tarfile.TarInfo]]]:
    """Manifest, configuration and, for each layer, its members by name."""
    with tarfile.open(archive) as tar:

        def content(name: str) -> bytes:
            member = tar.extractfile(name)
            assert member is not None
            return member.read()

        manifest = json.loads(content("manifest.json"))[0]
        config = json.loads(content(manifest["Config"]))
        layers = []
        for name, diff in zip(manifest["Layers"], config["rootfs"]["diff_ids"], strict=True):
            assert f"sha256:{hashlib.sha256(content(name)).hexdigest()}" == diff
            with tarfile.open(fileobj=tar.extractfile(name)) as layer:
                layers.append({member.name: member for member in layer.getmembers()})
    return manifest, config, layers


def test_the_same_content_is_the_same_image(tmp_path: Path) -> None:
    """Whatever the order of entries and the time: the id says what is in it."""
    a, b = File(path="/a", content=b"1"), File(path="/b/c", content=b"2")
    first = write_image(image(a, b), tmp_path / "1.tar")
    second = write_image(image(b, a), tmp_path / "2.tar")
    assert first == second
    assert (tmp_path / "1.tar").read_bytes() == (tmp_path / "2.tar").read_bytes()
    assert write_image(image(a), tmp_path / "3.tar") != first


def test_the_configuration_says_how_it_starts(tmp_path: Path) -> None:
    """Name, command, environment, numeric user; each layer's digest is that of its bytes."""
    made = replace(
        image(File(path="/x", content=b"")), command=("/x",), environment=(("A", "b"),), labels=(("k", "v"),)
    )
    write_image(made, tmp_path / "i.tar")
    manifest, config, _ = read(tmp_path / "i.tar")
    assert manifest["RepoTags"] == ["localhost/heddle/test:1"]
    assert config["config"]["Cmd"] == ["/x"]
    assert config["config"]["Env"] == ["A=b"]
    assert config["config"]["User"] == "1000:1000"
    assert config["config"]["Labels"] == {"k": "v"}


def test_owners_modes_links_and_folders_above(tmp_path: Path) -> None:
    """Each as asked for; folders above are root's and open."""
    write_image(
        image(
            File(path="/opt/x/run", content=b"#", mode=0o755),
            Folder(path="/data", mode=0o700, owner=1000),
            Link(path="/bin/run", target="../opt/x/run"),
        ),
        tmp_path / "i.tar",
    )
    members = read(tmp_path / "i.tar")[2][0]
    assert members["opt/x/run"].mode == 0o755
    assert (members["data"].mode, members["data"].uid, members["data"].gid) == (0o700, 1000, 1000)
    assert members["bin/run"].linkname == "../opt/x/run"
    assert members["opt"].isdir()
    assert list(members) == sorted(members)


@pytest.mark.parametrize("path", ["a", "../a", "/a/../../b"])
def test_a_path_out_of_the_image_is_refused(tmp_path: Path, path: str) -> None:
    """A layer must not write beside its root."""
    with pytest.raises(ImageError, match="absolute path"):
        write_image(image(File(path=path, content=b"")), tmp_path / "i.tar")
    assert not (tmp_path / "i.tar").exists()


def test_a_missing_file_leaves_the_old_archive(tmp_path: Path) -> None:
    """An archive is replaced in one step or not at all."""
    archive = tmp_path / "i.tar"
    write_image(image(File(path="/a", content=b"1")), archive)
    before = archive.read_bytes()
    with pytest.raises(ImageError, match="/gone"):
        write_image(image(File(path="/gone", content=tmp_path / "gone")), archive)
    assert archive.read_bytes() == before
    assert list(tmp_path.iterdir()) == [archive]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", ["a pipe", "a device", "a folder"])
def test_only_regular_files_get_into_an_image(tmp_path: Path, kind: str) -> None:
    """A release that others packed may hold anything; nothing waits or never ends."""
    path = tmp_path / "found"
    match kind:
        case "a pipe":
            os.mkfifo(path)
        case "a device":
            path.symlink_to("/dev/zero")
        case "a folder":
            path.mkdir()
    with pytest.raises(ImageError, match=r"/x: .*not a regular file"):
        write_image(image(File(path="/x", content=path)), tmp_path / "i.tar")
    assert not (tmp_path / "i.tar").exists()


def test_a_program_brings_its_libraries(tmp_path: Path) -> None:
    """The interpreter of this test is linked dynamically or not: with its loader, or alone."""
    executable = Path(sys.executable).resolve()
    paths = [entry.path for entry in program(executable, "/usr/bin/python")]
    assert paths == ["/usr/bin/python", *map(str, libraries(executable))]
    assert all(Path(path).is_absolute() for path in paths)
    if len(paths) > 1:
        assert any("ld-" in path for path in paths)


def test_a_script_needs_no_libraries(tmp_path: Path) -> None:
    """Nor does any file that is no dynamic executable."""
    script = tmp_path / "x"
    script.write_text("#!/bin/sh\n")
    assert libraries(script) == ()
