"""The folder of a chaincode's metadata: read with what Fabric's packaging would take, and nothing else."""

import os
from pathlib import Path
from typing import Any

import pytest

from heddle.spec.load import check_instance
from heddle.stackfiles import with_files

OWNER = "META-INF/statedb/couchdb/indexes/owner.json"
INDEX = '{"index": {"fields": ["owner"]}, "name": "byOwner"}'


def file(folder: object) -> dict[str, Any]:
    return {
        "name": "dev",
        "organizations": [{"name": "one"}],
        "channels": [{"name": "a", "organizations": ["one"]}],
        "chaincodes": [{"name": "assets", "version": "1", "channel": "a", "image": "x", "metadata": folder}],
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A chaincode's source folder with one index."""
    path = tmp_path / "chaincode" / OWNER
    path.parent.mkdir(parents=True)
    path.write_text(INDEX)
    (tmp_path / "chaincode/main.py").write_text("print()")
    return tmp_path / "chaincode"


def test_only_what_is_below_meta_inf_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chaincode's own folder may be named; hidden files stay out; a relative path starts at the project."""
    (folder / "META-INF/.DS_Store").write_bytes(b"\xff\xfe")
    monkeypatch.chdir(folder.parent)

    instance, problems = check_instance(with_files(file("chaincode")))

    assert problems == []
    assert instance is not None
    assert instance.chaincodes[0].metadata == {OWNER: INDEX}


def test_every_file_that_fabric_refuses_is_named(folder: Path) -> None:
    """By its path in the folder."""
    (folder / "META-INF/README.md").write_text("Indexes.")
    (folder / OWNER).write_text("{")

    _, problems = check_instance(with_files(file(str(folder))))

    assert {each.path for each in problems} == {
        f"instance.chaincodes[0].metadata.{OWNER}",
        "instance.chaincodes[0].metadata.META-INF/README.md",
    }


@pytest.mark.parametrize("kind", ["nothing", "chaincode/main.py", "."])
def test_a_folder_without_metadata_stays_a_path(tmp_path: Path, folder: Path, kind: str) -> None:
    """There is none, it is a file, or it has no META-INF."""
    assert folder.is_dir()
    _refused(tmp_path / kind)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", ["empty", "no text", "a huge file", "a pipe", "a loop", "many"])
def test_what_cannot_be_read_stays_a_path(folder: Path, kind: str) -> None:
    """Nothing waits or fills memory; the check then reports the folder."""
    path = folder / OWNER
    match kind:
        case "empty":
            path.unlink()
        case "no text":
            path.write_bytes(b"\xff\xfe")
        case "a huge file":
            with path.open("wb") as stream:
                stream.truncate(1 << 40)
        case "a pipe":
            path.unlink()
            os.mkfifo(path)
        case "a loop":
            path.unlink()
            path.symlink_to(path)
        case "many":
            for number in range(1001):
                path.with_name(f"{number}.json").write_text(INDEX)

    _refused(folder)


def _refused(folder: Path) -> None:
    data = file(str(folder))
    assert with_files(data) == data
    _, problems = check_instance(data)
    assert [each.path for each in problems] == ["instance.chaincodes[0].metadata"]


@pytest.mark.parametrize("said", [None, 5, [], {"a": 1}, "a" * 5000, "\0", "~nobody-there/x"])
def test_any_value_is_a_problem_and_no_traceback(said: object) -> None:
    """Whatever YAML can hold."""
    _, problems = check_instance(with_files(file(said)))

    assert problems
    assert all(each.path.startswith("instance.chaincodes[0].metadata") for each in problems)
