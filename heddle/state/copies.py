"""Keep copies of a state: for their owner's eyes alone, and not for ever."""

import os
import re
import time
from collections import defaultdict
from pathlib import Path

__all__ = ["KEPT", "keep_newest", "keep_records", "make_private_folder", "write_private"]

KEPT = 50
"""Copies of each kind that stay; Pulumi's CLI keeps all, and each is as large as the state."""
_FILE, _FOLDER = 0o600, 0o700
_STAMP = re.compile(r"[.-](\d{10,})\.")
"""Nanoseconds in the name of a copy (Pulumi's pkg/backend/diy/state.go)."""


def make_private_folder(path: Path, root: Path) -> None:
    """Make a folder below `root` and what is missing above it; what is there of ours is closed to others."""
    for folder in (*reversed([each for each in path.parents if each.is_relative_to(root)]), path):
        folder.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
        _close(folder, _FOLDER)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that its owner alone reads, from its first byte on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE), "wb") as file:
        os.fchmod(file.fileno(), _FILE)
        file.write(content)


def keep_newest(folder: Path, count: int = KEPT, *, kind: str = "") -> None:
    """Remove older copies than the newest of a folder, and close those that stay to others.

    `kind`: only files with this in their names. One without a time in its name is left alone.
    """
    copies = _by_time(folder, kind)
    for stamp in sorted(copies)[:-count]:
        for path in copies[stamp]:
            path.unlink(missing_ok=True)


def keep_records(folder: Path, *, days: int) -> None:
    """Remove records that are both older than so many days and not among the newest `KEPT` of a folder."""
    oldest = time.time_ns() - days * 86_400 * 10**9
    copies = _by_time(folder, "")
    for stamp in sorted(copies)[:-KEPT]:
        for path in copies[stamp] if stamp < oldest else ():
            path.unlink(missing_ok=True)


def _by_time(folder: Path, kind: str) -> dict[int, list[Path]]:
    """Return the files of a folder by the time in their names, closed to others."""
    found: dict[int, list[Path]] = defaultdict(list)
    for path in folder.iterdir():
        if kind in path.name and (stamp := _STAMP.search(path.name)):
            found[int(stamp[1])].append(path)
            _close(path, _FILE)
    return found


def _close(path: Path, mode: int) -> None:
    """Take others' access to a file or folder of ours away; what belongs to somebody else stays as it is."""
    status = path.lstat()
    if status.st_uid == os.getuid() and status.st_mode & 0o077:
        path.chmod(mode)
