"""Promises about the section `backup` of a stack file."""

import pytest

from heddle.spec.load import check_instance

KEY = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"


def _checked(**backup: object) -> list[str]:
    _, problems = check_instance({"name": "demo", "organizations": [{"name": "org1"}], "backup": backup})
    return [f"{each.path}: {each.allowed}" for each in problems]


@pytest.mark.parametrize(
    "target", ["kept", "/srv/kept", "file:///srv/kept", "s3://bucket/a", "gs://b", "az://b"]
)
def test_a_folder_or_a_bucket_keeps_backups(target: str) -> None:
    assert _checked(target=target, keep=3, encryptTo=[KEY]) == []


@pytest.mark.parametrize("target", ["", " ", "ftp://host/x", "s3://", "s3://key:secret@bucket", "http://x/y"])
def test_any_other_target_is_refused(target: str) -> None:
    """Credentials in it most of all."""
    (problem,) = _checked(target=target)
    assert problem.startswith("instance.backup.target: a folder, or a bucket")


@pytest.mark.parametrize(
    "key", ["AGE-SECRET-KEY-1XYZ", "age1", KEY[:-1], f"{KEY}x", f"{KEY[:-2]}qq", KEY.replace("ql3", "q3l")]
)
def test_only_a_public_key_of_age_is_encrypted_to(key: str) -> None:
    """Also one with a slip of the pen: nobody could read what is encrypted to it, or nothing would be."""
    (problem,) = _checked(target="kept", encryptTo=[key])
    assert problem.startswith("instance.backup.encryptTo[0]: a public key of age")


@pytest.mark.parametrize("keep", [0, -1, True, 1.5])
def test_at_least_one_backup_is_kept(keep: object) -> None:
    assert len(_checked(target="kept", keep=keep)) == 1
