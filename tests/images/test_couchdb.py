"""CouchDB's image from a release folder, and the entry point that makes its administrator."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from heddle.cli.app import app
from heddle.errors import ImageError
from heddle.images import couchdb as module
from heddle.images.couchdb import pack_couchdb
from heddle.versions import COUCHDB, COUCHDB_IMAGE
from tests.images.test_archive import read

VM_ARGS = """# Which machine is this?
-name couchdb@127.0.0.1
-kernel inet_dist_use_interface {127,0,0,1}
-kernel error_logger silent
+SDio 16
"""


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release whose database is a script, with one program that has shared libraries."""
    folder = tmp_path / "couchdb"
    files = {
        "bin/couchdb": "#!/bin/sh\necho started as $0 $*\n",
        "etc/default.ini": "[couchdb]\n",
        "etc/local.ini": "; [admins]\n;admin = mysecretpassword\n",
        "etc/local.d/mine.ini": "[admins]\nme = secret\n",
        "etc/vm.args": VM_ARGS,
        "releases/start_erl.data": "13.1.5 \n",
        f"lib/couch-{COUCHDB}/ebin/couch.app": "",
        "data/shards/mine.couch": "",
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (folder / "bin/couchdb").chmod(0o755)
    (folder / "bin/remsh").symlink_to("couchdb")
    shutil.copy("/usr/bin/find", folder / "bin/beam")
    return folder


def unpacked(release: Path, folder: Path) -> Path:
    """Return a folder with the image's files in it, as a container would see them."""
    packed = pack_couchdb(release, folder)
    root = folder / "root"
    with tarfile.open(packed.archive) as outer:
        for member in sorted(name for name in outer.getnames() if name.endswith("/layer.tar")):
            with tarfile.open(fileobj=outer.extractfile(member)) as layer:
                layer.extractall(root, filter="data")
    return root


def test_the_image_bears_upstreams_name_and_starts_as_upstreams_does(release: Path, tmp_path: Path) -> None:
    """Entry point, command, numeric user; folders that its user may write to; nothing of a user's own."""
    packed = pack_couchdb(release, tmp_path / "out")
    manifest, config, layers = read(packed.archive)
    members = {name: member for layer in layers for name, member in layer.items()}

    assert packed.image == COUCHDB_IMAGE
    assert manifest["RepoTags"] == [COUCHDB_IMAGE]
    assert config["config"]["Entrypoint"] == ["/docker-entrypoint.sh"]
    assert config["config"]["Cmd"] == ["/opt/couchdb/bin/couchdb"]
    assert config["config"]["User"] == "5984:5984"
    assert members["docker-entrypoint.sh"].mode & 0o111
    assert members["opt/couchdb/bin/couchdb"].mode & 0o111
    assert members["opt/couchdb/bin/remsh"].linkname == "couchdb"
    for folder in ("opt/couchdb/data", "opt/couchdb/etc/local.d"):
        assert members[folder].mode & 0o777 == 0o777
        assert members[folder].uid == 5984
    assert not any("mine" in name for name in members)


def test_every_program_finds_what_it_needs(release: Path, tmp_path: Path) -> None:
    """The shell that the scripts name, the programs that they call, and shared libraries."""
    members = {name for layer in read(pack_couchdb(release, tmp_path / "out").archive)[2] for name in layer}

    assert {"bin/sh", *(f"usr/bin/{name}" for name in ("sed", "cat", "readlink", "find", "rm"))} <= members
    assert any("libc.so" in name for name in members)


def test_a_database_belongs_to_no_named_machine(release: Path, tmp_path: Path) -> None:
    """Upstream's image has no name either, so a volume goes from one image to the other."""
    root = unpacked(release, tmp_path / "out")
    arguments = (root / "opt/couchdb/etc/vm.args").read_text().splitlines()

    assert not any(line.startswith("-name") or "inet_dist" in line for line in arguments)
    assert {"-kernel error_logger silent", "+SDio 16", "+sbwt none"} <= set(arguments)
    assert "bind_address = any" in (root / "opt/couchdb/etc/default.d/10-docker-default.ini").read_text()


def test_an_incomplete_release_is_refused_with_all_that_it_lacks(release: Path, tmp_path: Path) -> None:
    """Every missing file is named, and nothing is written."""
    (release / "bin/couchdb").unlink()
    (release / "etc/vm.args").unlink()
    with pytest.raises(ImageError, match=r"bin/couchdb, etc/vm\.args") as refused:
        pack_couchdb(release, tmp_path / "out")
    assert "rel/couchdb" in (refused.value.hint or "")
    assert not (tmp_path / "out").exists()


def test_another_version_does_not_get_the_name(release: Path, tmp_path: Path) -> None:
    """An image's tag is a promise."""
    (release / f"lib/couch-{COUCHDB}").rename(release / "lib/couch-3.5.0")
    with pytest.raises(ImageError, match=rf"is version 3\.5\.0, expected {COUCHDB}"):
        pack_couchdb(release, tmp_path / "out")


def test_the_command_packs_it_alone(release: Path, tmp_path: Path) -> None:
    """Beside Fabric's release or without; with neither there is nothing to pack."""
    runner = CliRunner()
    packed = runner.invoke(app, ["image", "pack", "--couchdb", str(release), "--out", str(tmp_path / "out")])
    neither = runner.invoke(app, ["image", "pack"])

    assert packed.exit_code == 0, packed.output
    assert COUCHDB_IMAGE in packed.output
    assert (tmp_path / "out/couchdb.tar").exists()
    assert neither.exit_code == 2
    assert "--couchdb FOLDER" in neither.output


class Entry:
    """The entry point, run on this machine: /opt/couchdb is a folder of the test."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.script = home / "entrypoint.sh"
        text = Path(module.__file__).with_name("couchdb-entrypoint.sh").read_text()
        self.script.write_text(text.replace("home=/opt/couchdb", f"home={home}"))

    def run(self, *argv: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Start it as a container would."""
        return subprocess.run(
            ["/bin/sh", str(self.script), *argv],
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def settings(self) -> str:
        return (self.home / "etc/local.d/docker.ini").read_text()


@pytest.fixture
def entry(release: Path) -> Entry:
    (release / "etc/local.d/mine.ini").unlink()
    return Entry(release)


ADMINISTRATOR = {"COUCHDB_USER": "peer", "COUCHDB_PASSWORD": "pass=word %s"}


@pytest.mark.parametrize("argv", [(), ("couchdb",), ("{home}/bin/couchdb",)])
def test_the_entry_point_makes_the_administrator_and_starts(entry: Entry, argv: tuple[str, ...]) -> None:
    """Whichever way upstream's image may be called."""
    done = entry.run(*(each.format(home=entry.home) for each in argv), **ADMINISTRATOR)

    assert done.stdout == f"started as {entry.home}/bin/couchdb\n", done.stderr
    assert entry.settings == "\n[admins]\npeer = pass=word %s\n"


def test_options_reach_the_database(entry: Entry) -> None:
    """As with upstream's: what begins with - or + is for it."""
    assert entry.run("+A", "4", **ADMINISTRATOR).stdout.endswith("/bin/couchdb +A 4\n")


def test_a_container_that_starts_again_keeps_its_administrator(entry: Entry) -> None:
    """CouchDB has hashed the password meanwhile; a second line would make it start with the first anew."""
    entry.run(**ADMINISTRATOR)
    hashed = entry.settings.replace("pass=word %s", "-pbkdf2-1,2,3")
    (entry.home / "etc/local.d/docker.ini").write_text(hashed)

    assert entry.run(**ADMINISTRATOR).returncode == 0
    assert entry.settings == hashed


def test_an_administrator_of_another_name_is_none(entry: Entry) -> None:
    """A longer name, a comment, another section."""
    (entry.home / "etc/local.d/a.ini").write_text("[other]\npeer = 1\n[admins]\n;peer = 1\npeers = 1")
    entry.run(**ADMINISTRATOR)

    assert "peer = pass=word %s" in entry.settings


def test_without_an_administrator_it_does_not_start(entry: Entry) -> None:
    """CouchDB 3 would end as well; the words say what to do."""
    done = entry.run()

    assert done.returncode == 1
    assert "set COUCHDB_USER and COUCHDB_PASSWORD" in done.stderr
    assert done.stdout == ""


def test_another_program_is_just_run(entry: Entry) -> None:
    """As runbooks run `find` on a volume."""
    assert entry.run("echo", "hello").stdout == "hello\n"
