"""Write container images as docker-archives, for `ctr images import` or `docker load`, with `tarfile` alone.

The same content gives the same bytes: entries are sorted, times are zero, owners are numbers. So an
image is rebuilt only when something in it changed, and its id says what is in it.

Layout of the archive: `manifest.json`, `<id>.json` (the image's configuration) and one `<digest>/layer.tar`
per layer, as Docker's image specification v1.2 has it. Layers are not compressed: they stay on one machine.
"""

import errno
import hashlib
import io
import json
import os
import stat
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from heddle.errors import ImageError

__all__ = [
    "Entry",
    "File",
    "Folder",
    "Image",
    "Link",
    "file_tools",
    "libraries",
    "program",
    "programs",
    "write_image",
]

_FILE_TOOLS = ("dd", "find", "mkdir", "mv", "rm", "sha256sum", "sleep")


@dataclass(frozen=True, kw_only=True)
class File:
    """A regular file of an image: `content` in memory, or the path of a file of this machine."""

    path: str
    content: bytes | Path
    mode: int = 0o644
    owner: int = 0


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A folder of an image. Folders above an entry are made (0755 root) where none is given."""

    path: str
    mode: int = 0o755
    owner: int = 0


@dataclass(frozen=True, kw_only=True)
class Link:
    """A symbolic link of an image; `target` is not followed and may be relative."""

    path: str
    target: str


Entry = File | Folder | Link


@dataclass(frozen=True, kw_only=True)
class Image:
    """The content of an image, and the command that it starts.

    `layers` go from the lowest up: what changes rarely belongs into the first. `user` is numeric
    (`1000:1000`), because `runAsNonRoot` cannot check a name.
    """

    name: str
    layers: tuple[tuple[Entry, ...], ...]
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    user: str = "1000:1000"
    folder: str = "/"
    labels: tuple[tuple[str, str], ...] = ()


def write_image(image: Image, archive: Path) -> str:
    """Write `image` to `archive` (replaced in one step) and return its id, `sha256:…` of its configuration.

    Raises ImageError: an entry's path is not absolute, or a file of this machine cannot be read.
    """
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix=".image-") as work:
        layers = [
            _write_layer(entries, Path(work) / f"layer-{n}.tar") for n, entries in enumerate(image.layers)
        ]
        config = json.dumps(_configuration(image, [digest for digest, _ in layers]), sort_keys=True).encode()
        identifier = hashlib.sha256(config).hexdigest()
        files = [f"{digest}/layer.tar" for digest, _ in layers]
        manifest = [{"Config": f"{identifier}.json", "RepoTags": [image.name], "Layers": files}]
        new = Path(work) / "archive.tar"
        with tarfile.open(new, "w", format=tarfile.PAX_FORMAT) as tar:
            _add(tar, "manifest.json", json.dumps(manifest).encode())
            _add(tar, f"{identifier}.json", config)
            for digest, path in dict(layers).items():
                _add(tar, f"{digest}/layer.tar", path)
        new.replace(archive)
    return f"sha256:{identifier}"


def program(path: Path, to: str) -> tuple[Entry, ...]:
    """Return an executable of this machine at `to`, with its shared libraries where it looks for them."""
    found = (File(path=str(library), content=library, mode=0o755) for library in libraries(path))
    return (File(path=to, content=path, mode=0o755), *found)


def file_tools() -> tuple[Entry, ...]:
    """Return the programs that work on a node's volume, where upstream's images have them. No shell.

    Raises ImageError: this machine lacks one of them.
    """
    return programs(*_FILE_TOOLS)


def programs(*names: str) -> tuple[Entry, ...]:
    """Return programs of this machine's /usr/bin, each at its own path.

    Raises ImageError: this machine lacks one of them.
    """
    paths = [Path("/usr/bin", name) for name in names]
    if missing := [str(path) for path in paths if not path.exists()]:
        raise ImageError(f"{', '.join(missing)}: not on this machine", hint="install coreutils and findutils")
    return tuple(entry for path in paths for entry in program(path, str(path)))


def libraries(path: Path) -> tuple[Path, ...]:
    """Return an executable's loader and shared libraries, as `ldd` finds them; none for a static one.

    Raises ImageError: a library that the executable names is not on this machine.
    """
    result = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=False)
    if result.returncode != 0:  # 'not a dynamic executable'
        return ()
    missing = [line.split()[0] for line in result.stdout.splitlines() if "not found" in line]
    if missing:
        raise ImageError(
            f"{path}: needs {', '.join(missing)}, not found on this machine",
            hint="install the package that holds it, or use a statically linked program",
        )
    words = (word for line in result.stdout.splitlines() for word in line.split())
    return tuple(dict.fromkeys(Path(word) for word in words if word.startswith("/")))


def _write_layer(entries: Iterable[Entry], path: Path) -> tuple[str, Path]:
    """Write one layer; return its digest (hex) and its path. A later entry replaces an earlier one."""
    by_path = {_inside(entry.path): entry for entry in entries}
    for name in list(by_path):
        for above in PurePosixPath(name).parents:
            if str(above) != ".":
                by_path.setdefault(str(above), Folder(path=f"/{above}"))
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(by_path):
            _add_entry(tar, name, by_path[name])
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path


def _inside(path: str) -> str:
    """Return an entry's path as layers have it: relative to the root, without `..`."""
    pure = PurePosixPath(path)
    if not pure.is_absolute() or ".." in pure.parts:
        raise ImageError(f"image entry {path!r}: expected an absolute path without '..'")
    return str(pure.relative_to("/"))


def _add_entry(tar: tarfile.TarFile, name: str, entry: Entry) -> None:
    if isinstance(entry, File):
        _add(tar, name, entry.content, mode=entry.mode, owner=entry.owner)
    elif isinstance(entry, Folder):
        tar.addfile(_info(name, entry.mode, entry.owner, tarfile.DIRTYPE))
    else:
        info = _info(name, 0o777, 0, tarfile.SYMTYPE)
        info.linkname = entry.target
        tar.addfile(info)


def _add(
    tar: tarfile.TarFile, name: str, content: bytes | Path, *, mode: int = 0o644, owner: int = 0
) -> None:
    info = _info(name, mode, owner)
    try:
        with _open(content) as stream:
            info.size = stream.seek(0, io.SEEK_END)
            stream.seek(0)
            tar.addfile(info, stream)
    except OSError as error:
        raise ImageError(f"image entry /{name}: {error}") from error


def _open(content: bytes | Path) -> BinaryIO:
    if isinstance(content, bytes):
        return io.BytesIO(content)
    if not stat.S_ISREG(content.stat().st_mode):
        # Opening a pipe waits for ever, reading a device never ends.
        raise OSError(errno.EINVAL, "not a regular file", str(content))
    return content.open("rb")


def _info(name: str, mode: int, owner: int, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.mode, info.uid, info.gid, info.type = mode, owner, owner, kind
    return info


def _configuration(image: Image, digests: Sequence[str]) -> dict[str, object]:
    """Return the image's configuration (Docker's image specification v1.2, OCI's image-spec config.md)."""
    return {
        "architecture": _architecture(),
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {
            "Entrypoint": list(image.entrypoint) or None,
            "Cmd": list(image.command) or None,
            "Env": [f"{key}={value}" for key, value in image.environment],
            "User": image.user,
            "WorkingDir": image.folder,
            "Labels": dict(image.labels) or None,
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "heddle"} for _ in digests],
    }


def _architecture() -> str:
    """Return this machine's architecture in Go's words, which images use."""
    machine = os.uname().machine
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
