"""Files that a stack file names as certificates: read only if they are files, and of a usual size."""

import os
from pathlib import Path
from typing import Any

import pytest

from heddle.stackfiles import with_files


def named(path: str) -> dict[str, Any]:
    return {"organizations": [{"name": "two", "external": {"rootCertificates": [path]}}]}


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "kind", ["a device", "a pipe", "a folder", "a huge file", "a key", "no text", "a loop"]
)
def test_what_is_no_file_of_certificates_stays_a_path(tmp_path: Path, kind: str) -> None:
    """Nothing waits, fills memory, or takes a key along; the check then reports the path."""
    path = tmp_path / "found.pem"
    match kind:
        case "a device":
            path = Path("/dev/zero")
        case "a pipe":
            os.mkfifo(path)
        case "a folder":
            path.mkdir()
        case "a huge file":
            with path.open("wb") as stream:
                stream.truncate(1 << 40)
        case "a key":
            path.write_text("-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n")
        case "no text":
            path.write_bytes(b"\xff\xfe" * 50)
        case "a loop":
            path.symlink_to(path)

    data = named(str(path))
    assert with_files(data) == data
