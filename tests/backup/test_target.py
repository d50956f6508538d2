"""Promises about the place of backups: a folder and a bucket are one and the same to whoever uses them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from heddle.backup.target import Target, open_target
from heddle.errors import BackupError
from tests.backup.bucket import KEY, running_bucket

ID = "20261129t024500z"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """The objects of a bucket, whose endpoint and credentials are in the environment."""
    with running_bucket() as (endpoint, objects):
        settings = {
            "AWS_ENDPOINT": endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": "words",
            "AWS_REGION": "eu-test-1",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        yield objects


@pytest.fixture(params=["folder", "file://", "s3://"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    if request.param == "s3://":
        request.getfixturevalue("bucket")
        return open_target("s3://bucket/deep/prefix", "demo", base=tmp_path)
    place = f"file://{tmp_path}/kept" if request.param == "file://" else "kept"
    return open_target(place, "demo", base=tmp_path)


async def test_what_was_written_is_there(target: Target) -> None:
    name = await target.put(b"words")
    await target.write_manifest(ID, b"{}")

    assert await target.get(name) == b"words"
    assert await target.manifest(ID) == b"{}"
    assert await target.objects() == {name: 5}
    assert await target.backups() == [ID]


async def test_what_was_removed_is_gone(target: Target) -> None:
    """Also what was not there: a second removal after a kill is no error."""
    name = await target.put(b"words")
    await target.write_manifest(ID, b"{}")
    for _ in range(2):
        await target.remove_manifest(ID)
        await target.remove(name)

    assert await target.objects() == {}
    assert await target.backups() == []
    with pytest.raises(BackupError, match="is not there"):
        await target.get(name)


async def test_objects_without_a_manifest_are_no_backup(target: Target) -> None:
    """A backup that was killed before its last write does not exist."""
    await target.put(b"words")

    assert await target.backups() == []


async def test_instances_do_not_meet(tmp_path: Path) -> None:
    one, other = (open_target("kept", name, base=tmp_path) for name in ("one", "other"))
    await one.write_manifest(ID, b"{}")

    assert await other.backups() == []


async def test_a_bucket_that_refuses_is_named(
    bucket: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With where the credentials come from, and without them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")

    with pytest.raises(BackupError, match=r"s3://bucket/x: cannot write objects") as caught:
        await open_target("s3://bucket/x", "demo", base=tmp_path).put(b"words")

    assert bucket == {}
    assert "AWS_ACCESS_KEY_ID" in caught.value.hint
    assert "words" not in str(caught.value).replace("cannot write", "")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(BackupError, match="cannot be opened"):
        open_target("file/kept", "demo", base=tmp_path)
