"""The Jobs that look at logs of pods on a machine and trim them: of these very pods, and of nobody else."""

import os
from pathlib import Path
from typing import Any

import pytest

from heddle.errors import RunbookError
from heddle.runbooks.nodelogs import listed, look_job, place_of, trim_job
from tests.runbooks.machines import execute, fingerprints, link, write

ROOT = "/var/log/pods"
UID = "0a0a0a0a-0000-0000-0000-000000000000"
PEER = {"metadata": {"namespace": "fabric-dev", "name": "peer0-one-0", "uid": UID}}
OWN = f"{ROOT}/fabric-dev_peer0-one-0_{UID}"
THEIRS = (
    f"{ROOT}/fabric-dev_peer0-one-0_{UID.replace('a', 'b')}/peer/0.log.20261130-120000",
    f"{ROOT}/fabric-dev-two_peer0-one-0_{UID}/peer/0.log.20261130-120000",
    f"{ROOT}/fabric-dev_peer0-one-01_{UID}/peer/0.log.20261130-120000",
    f"{ROOT}/kube-system_x_{UID}/x/0.log.20261130-120000.gz",
    f"{ROOT}/0.log.20261130-120000",
)
ROTATED = (f"{OWN}/peer/0.log.20261130-120000", f"{OWN}/peer/0.log.20261130-110000.gz")
STRANGE = (
    f"{OWN}/peer/0.log.20261130-120000.tmp",
    f"{OWN}/peer/notes.txt",
    f"{OWN}/peer/0.log.old",
    f"{OWN}/0.log.20261130-120000",
    f"{OWN}/peer/deep/0.log.20261130-120000",
)


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A machine with the logs of a peer, and of neighbours whose names are nearly the same."""
    for path in (*ROTATED, *STRANGE, *THEIRS, f"{OWN}/peer/0.log", f"{OWN}/peer/1.log"):
        write(tmp_path, path, path.encode())
    link(tmp_path, f"{OWN}/peer/2.log", THEIRS[0])
    return tmp_path


def look(disk: Path, *pods: dict[str, Any]) -> Any:
    """What a Job finds there."""
    log = execute(look_job("m1", "x", ROOT, pods or (PEER,), date="d", place="p"), disk)
    return listed(log, ROOT, pods or (PEER,))


def test_looking_lists_the_files_of_these_pods_alone(disk: Path) -> None:
    """Rotated and current ones; what a kubelet does not name so, and links, are no files to be trimmed."""
    files, elsewhere = look(disk)

    assert {each.path: each.rotated for each in files} == {
        **dict.fromkeys(ROTATED, True),
        f"{OWN}/peer/0.log": False,
        f"{OWN}/peer/1.log": False,
    }
    assert all(each.size == len(each.path) and each.pod == "peer0-one-0" for each in files)
    assert elsewhere == ("peer0-one-0",)


def test_a_pod_without_a_folder_is_no_error(disk: Path) -> None:
    """It may have started a moment ago, or have gone."""
    gone = {"metadata": {**PEER["metadata"], "name": "gone"}}

    assert look(disk, gone) == ((), ())
    assert len(look(disk, gone, PEER)[0]) == 4


def test_a_folder_that_is_a_link_is_not_gone_into(tmp_path: Path) -> None:
    """Whoever could make one would lead the Job to a neighbour."""
    write(tmp_path, THEIRS[0])
    link(tmp_path, OWN, THEIRS[0].rpartition("/peer")[0])

    assert look(tmp_path) == ((), ())


def test_trimming_deletes_and_empties_what_it_is_told(disk: Path) -> None:
    """And mounts nothing but the folders of these pods."""
    before = fingerprints(disk)
    job = trim_job("m1", "x", ROTATED, [f"{OWN}/peer/0.log"], date="d", place="p")

    execute(job, disk)

    pod = job["spec"]["template"]["spec"]
    assert [each["hostPath"] for each in pod["volumes"]] == [{"path": OWN, "type": "Directory"}]
    assert (disk / OWN.lstrip("/") / "peer/0.log").read_bytes() == b""
    changed = {*ROTATED, f"{OWN}/peer/0.log"}
    after = fingerprints(disk)
    assert {path: each for path, each in before.items() if path not in changed} == {
        path: each for path, each in after.items() if path not in changed
    }
    assert not set(ROTATED) & set(after)


def test_trimming_twice_is_trimming_once(disk: Path) -> None:
    """A file that is gone is not missed, and none is made."""
    job = trim_job("m1", "x", ROTATED, [f"{OWN}/peer/0.log", f"{OWN}/peer/9.log"], date="d", place="p")

    execute(job, disk)
    once = fingerprints(disk)
    execute(job, disk)

    assert fingerprints(disk) == once
    assert f"{OWN}/peer/9.log" not in once


def test_a_link_in_place_of_a_file_is_not_followed(disk: Path) -> None:
    """Between the look and the deed somebody may put one there."""
    before = fingerprints(disk)
    job = trim_job("m1", "x", [f"{OWN}/peer/2.log"], [f"{OWN}/peer/2.log"], date="d", place="p")

    execute(job, disk)

    assert fingerprints(disk) == before


def test_who_appends_goes_on_at_the_beginning(disk: Path) -> None:
    """As containerd and conmon have the file open: no hole is left, and no line that comes later is lost."""
    path = disk / OWN.lstrip("/") / "peer/0.log"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND), "wb", buffering=0) as runtime:
        runtime.write(b"before\n" * 1000)
        execute(trim_job("m1", "x", [], [f"{OWN}/peer/0.log"], date="d", place="p"), disk)
        runtime.write(b"after\n")

    assert path.read_bytes() == b"after\n"


@pytest.mark.parametrize("path", ["/var/log/../etc/x/y", "relative/a/b", "/var/log/a b/c/d", "/a*/b/c"])
def test_paths_that_are_none_of_logs_are_refused(path: str) -> None:
    """They come from the cluster."""
    with pytest.raises(RunbookError, match="is no path of logs"):
        trim_job("m1", "x", [path], [], date="d", place="p")
    with pytest.raises(RunbookError, match="is no path of logs"):
        look_job("m1", "x", path, [PEER], date="d", place="p")


def test_every_instance_has_a_place_of_its_own() -> None:
    """Two of them may fill one machine, and each run removes its place at the end."""
    names = ["a", "fabric-dev", "x" * 63, "x" * 62 + "y", "x" * 51]

    places = [place_of(name) for name in names]

    assert places[1] == "heddle-logs-fabric-dev"
    assert len(set(places)) == len(names)
    assert all(len(each) <= 63 for each in places)
