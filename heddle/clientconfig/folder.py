"""Write a folder of client configuration, and leave alone what others put there.

A hidden record in the folder holds the checksums of what Heddle wrote. A file that is not in it, or was
changed since, is somebody's work: nothing at all is written then, unless forced.
"""

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heddle.clientconfig.files import ClientFile
from heddle.errors import EngineError

__all__ = ["Written", "write_client_folder"]

_RECORD = ".heddle-sdk-config.json"
_RECORD_BYTES = 1 << 20
"""A record is some kilobytes; more than this is something else."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A file of the folder after the run."""

    path: Path
    changed: bool
    secret: bool


def write_client_folder(
    out: Path, owner: Mapping[str, str], files: Mapping[str, ClientFile], *, force: bool = False
) -> tuple[Written, ...]:
    """Write the files that differ; a second run with the same content writes nothing.

    A folder holds the configuration of one `owner` (instance, organization); `force` writes over files that
    are not Heddle's.
    Raises EngineError: files of others are in the way, or the folder is another organization's.
    """
    record = _read_record(out)
    known = record.get("owner", owner)
    if known != owner and not force:
        whose = ", ".join(f"{key} {value}" for key, value in known.items())
        raise EngineError(
            f"{out} holds the client configuration of {whose}",
            hint="Choose another folder for --out, or write over it with --force.",
        )
    recorded: dict[str, str] = record.get("files", {}) if known == owner else {}
    foreign = [name for name, file in files.items() if _is_foreign(out, name, file, recorded)]
    if foreign and not force:
        raise EngineError(
            f"{out}: these are not as Heddle wrote them, or not Heddle's at all: {', '.join(foreign)}",
            hint="Move them away or choose another folder for --out; --force writes over them.",
        )
    written = tuple(_write(out, name, file) for name, file in files.items())
    recorded = {**recorded, **{name: _checksum(file.content.encode()) for name, file in files.items()}}
    content = json.dumps({"owner": dict(owner), "files": dict(sorted(recorded.items()))}, indent=2) + "\n"
    _write(out, _RECORD, ClientFile(content=content, secret=True))
    return written


def _read_record(out: Path) -> Mapping[str, Any]:
    """Return the record of an earlier run; nothing where there is none that can be read."""
    path = out / _RECORD
    with contextlib.suppress(OSError, ValueError, RecursionError):
        if not path.is_symlink() and path.stat().st_size <= _RECORD_BYTES:
            found = json.loads(path.read_bytes())
            files = found["files"] if isinstance(found, dict) and set(found) == {"owner", "files"} else None
            if isinstance(files, dict) and isinstance(found["owner"], dict):
                return {"owner": found["owner"], "files": files}
    return {}


def _is_foreign(out: Path, name: str, file: ClientFile, recorded: Mapping[str, str]) -> bool:
    path = out / name
    if any(map(_leads_elsewhere, _between(out, path))):
        return True
    if not path.is_symlink() and not path.exists():
        return False
    if path.is_symlink() or not path.is_file():
        return True
    content = path.read_bytes()
    return content != file.content.encode() and recorded.get(name) != _checksum(content)


def _between(out: Path, path: Path) -> list[Path]:
    """Return the folders below `out` that lead to a file."""
    return [above for above in path.parents if above != out and out in above.parents]


def _leads_elsewhere(folder: Path) -> bool:
    return folder.is_symlink() or (folder.exists() and not folder.is_dir())


def _write(out: Path, name: str, file: ClientFile) -> Written:
    """Write a file in one step; one that is secret is never readable by others, not even for a moment."""
    path, mode = out / name, 0o600 if file.secret else 0o644
    content = file.content.encode()
    same = not path.is_symlink() and path.is_file() and path.read_bytes() == content
    changed = not same or stat.S_IMODE(path.stat().st_mode) != mode
    try:
        if changed:
            for above in reversed(_between(out, path)):
                if _leads_elsewhere(above):
                    above.unlink()  # only when forced: a folder of ours leads nowhere else
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
            fresh = path.with_name(f".{path.name}.new")
            fresh.unlink(missing_ok=True)
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:  # noqa: PTH123 - a descriptor
                stream.write(content)
            fresh.chmod(mode)
            fresh.replace(path)
    except OSError as error:
        raise EngineError(f"cannot write {path}: {error.strerror}", hint="Look at --out.") from error
    return Written(path=path, changed=changed, secret=file.secret)


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
