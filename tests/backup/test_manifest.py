"""Promises about the manifest of a backup."""

import json
from typing import Any

import pytest

from heddle.backup.manifest import FORMAT, read_manifest, write_manifest
from heddle.errors import BackupError
from tests.backup.samples import manifest

ID = "20261129t024500z"


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert read_manifest(write_manifest(manifest()), ID) == manifest()


def test_a_manifest_of_a_later_format_is_refused() -> None:
    """A later Heddle may mean something else by the same names."""
    data = json.loads(write_manifest(manifest())) | {"format": FORMAT + 1}

    with pytest.raises(BackupError, match="its format is 2; this Heddle reads 1"):
        read_manifest(json.dumps(data).encode(), ID)


def test_a_manifest_stands_under_its_own_name() -> None:
    """Whoever copies a manifest to another name does not make an old backup the newest."""
    with pytest.raises(BackupError, match="another name"):
        read_manifest(write_manifest(manifest()), "20261130t024500z")


@pytest.mark.parametrize("path", ["../evil", "a/../../evil", "/etc/passwd", "a//b", "", "a/./b", "a\n"])
def test_no_file_of_a_backup_leads_out_of_its_folder(path: str) -> None:
    data = json.loads(write_manifest(manifest()))
    data["state"]["path"] = path

    with pytest.raises(BackupError, match="path"):
        read_manifest(json.dumps(data).encode(), ID)


def test_an_object_is_named_by_a_hash_alone() -> None:
    data = json.loads(write_manifest(manifest()))
    data["state"]["pieces"][0]["sha256"] = "../../backups/x"

    with pytest.raises(BackupError, match="SHA-256"):
        read_manifest(json.dumps(data).encode(), ID)


def _gap(channel: dict[str, Any]) -> None:
    channel["blocks"][1]["first"] = 4


def _begins_late(channel: dict[str, Any]) -> None:
    del channel["blocks"][0]


def _ends_early(channel: dict[str, Any]) -> None:
    channel["height"] = 9


def _empty(channel: dict[str, Any]) -> None:
    channel.update(blocks=[], height=0)


@pytest.mark.parametrize("damage", [_gap, _begins_late, _ends_early, _empty])
def test_a_channel_has_all_its_blocks(damage: Any) -> None:
    """Ranges follow each other from block 0 to the height."""
    data = json.loads(write_manifest(manifest()))
    damage(data["channels"]["trade"])

    with pytest.raises(BackupError, match=r"channels\.trade"):
        read_manifest(json.dumps(data).encode(), ID)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b"\xff"])
def test_what_is_no_manifest_is_an_error_with_a_place(data: bytes) -> None:
    with pytest.raises(BackupError, match=f"backup {ID}"):
        read_manifest(data, ID)
