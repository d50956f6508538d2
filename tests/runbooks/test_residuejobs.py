"""Jobs that mount folders of a Kubernetes node: as little of it as can be."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from heddle.errors import RunbookError
from heddle.runbooks.machinejobs import image_on
from heddle.runbooks.residuejobs import clear_job, listed, look_job


def container(job: dict[str, Any]) -> dict[str, Any]:
    """Its only container."""
    [found] = job["spec"]["template"]["spec"]["containers"]
    return dict(found)


def test_looking_is_read_only() -> None:
    """The disk is mounted read-only; find descends only to the folders that are asked for."""
    job = look_job("one", "image", ["/var/log/pods"], date="d")

    [mount] = container(job)["volumeMounts"]
    assert mount["readOnly"] is True
    command = container(job)["command"]
    assert command[0] == "/usr/bin/find"
    assert "-prune" in command
    assert {"-exec", "-delete"} & set(command) == set()
    assert {"/node/var", "/node/var/log", "/node/var/log/pods", "/node/var/log/pods/*"} <= set(command)


def test_what_was_listed_is_the_nodes_paths() -> None:
    """Other lines of a log are none."""
    listing = listed("/node/var/log/pods/a\nfind: oops\n/node/data/b\n/node/data/c\t/x y\n", ["/data"], [])

    assert listing.folders == {"/var/log/pods/a", "/data/b"}
    assert listing.links == {"/data/c": "/x y"}


def test_looking_prints_folders_and_links_of_what_it_is_told(tmp_path: Path) -> None:
    """As this machine's find does it: nothing below what is listed, no link followed, no pattern expanded."""
    for folder in ("data/v/a/deep", "data/v/b", "else/where/x", "odd[1]/y"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "data" / "v" / "link").symlink_to("/else/where")
    (tmp_path / "way").symlink_to("data/v")
    job = look_job(
        "one", "image", ["/data/v"], date="d", positions=["/way", "/way/a", "/odd[1]", "/odd[1]/y"]
    )
    command = [part.replace("/node", str(tmp_path)) for part in container(job)["command"]]

    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    listing = listed(found.replace(str(tmp_path), "/node"), ["/data/v"], [])

    assert listing.folders == {"/data", "/data/v", "/data/v/a", "/data/v/b", "/odd[1]", "/odd[1]/y"}
    assert listing.links == {"/data/v/link": "/else/where", "/way": "data/v"}


def test_clearing_mounts_the_parents_alone() -> None:
    """What rm gets is whole paths, after `--`, and stays on its file system."""
    job = clear_job("one", "image", ["/data/v/a", "/data/v/b", "/var/log/pods/c"], date="d")

    pod = job["spec"]["template"]["spec"]
    assert [each["hostPath"]["path"] for each in pod["volumes"]] == ["/data/v", "/var/log/pods"]
    assert container(job)["command"] == [
        "/usr/bin/rm",
        "-rf",
        "--one-file-system",
        "--",
        "/node/0/a",
        "/node/0/b",
        "/node/1/c",
    ]
    assert pod["nodeName"] == "one"
    assert pod["automountServiceAccountToken"] is False


@pytest.mark.parametrize("path", ["/", "/data", "relative/a", "/data/../etc", "/data/a b", "/data/*"])
def test_paths_that_are_no_folder_within_another_are_refused(path: str) -> None:
    """Paths come from the cluster's objects, which others may write."""
    with pytest.raises(RunbookError, match="not the path of a folder within another"):
        clear_job("one", "image", [path], date="d")


def test_an_image_that_the_node_has_is_preferred() -> None:
    """A node may reach no registry."""
    node = {"status": {"images": [{"names": ["b", "b@sha256:1"]}]}}

    assert image_on(node, ["a", "b"]) == "b"
    assert image_on(node, ["a"]) == "a"


def test_jobs_of_nodes_with_long_names_are_told_apart() -> None:
    """Machines of one pool differ in their last letters, and a Job's name must not end in - or a dot."""
    pool = "gke-production-cluster-of-the-company-default-pool-1a2b3c4d"
    nodes = [f"{pool}-x9y8", f"{pool}-q7r6", "ip-10-0-1-23.eu-central-1.compute.internal"]
    date = "20261121t130000z"
    names = [look_job(node, "image", ["/var/log/pods"], date=date)["metadata"]["name"] for node in nodes]
    names += [clear_job(node, "image", ["/data/v/a"], date=date)["metadata"]["name"] for node in nodes]

    assert len(set(names)) == 6
    assert all(len(name) <= 63 and name[-1].isalnum() for name in names)
