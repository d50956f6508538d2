"""Unpack others' chaincode packages in memory, under limits: nothing is written by an entry's name.

Source: core/chaincode/persistence/chaincode_package.go, core/container/externalbuilder/tar.go (3.1.5).
Upstream reads without a limit; a stand-in that runs on somebody's machine has one.
"""

import gzip
import io
import tarfile
import zlib
from pathlib import PurePosixPath

__all__ = ["BYTES", "ArchiveError", "archive_files"]

BYTES = 64 << 20
"""Bytes that an archive may unpack to. Packages of chaincode as a service have some kilobytes."""
_ENTRIES = 10_000


class ArchiveError(Exception):
    """An archive that is none, is too large, or holds what may not be in it; in Fabric's words."""


def archive_files(data: bytes, *, folders: bool = False) -> dict[str, bytes]:
    """Name and content of every file in a gzipped tar; of two of one name the last.

    Args:
        data: the archive.
        folders: whether folders may be among the entries: they may in code, not in a package.

    Raises:
        ArchiveError: see the class. Links, devices and names that lead out of the archive are refused.
    """
    plain = _unzipped(data)
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as tar:
            for count, entry in enumerate(tar):
                if count == _ENTRIES:
                    raise ArchiveError(f"the archive has more than {_ENTRIES} entries")
                if folders and entry.isdir():
                    continue
                name = _name(entry)  # first: what is no file has contents that lead elsewhere
                files[name] = _content(tar, entry)
    # Headers are numbers and text of any shape: what tarfile raises for them is not only its own.
    except (tarfile.TarError, ValueError, EOFError, OSError, OverflowError, RecursionError) as error:
        raise ArchiveError(f"error inspecting next tar header: {error}") from error
    return files


def _unzipped(data: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            plain = stream.read(BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ArchiveError(f"error reading as gzip stream: {error}") from error
    if len(plain) > BYTES:
        raise ArchiveError(f"the archive unpacks to more than {BYTES >> 20} MiB")
    return plain


def _name(entry: tarfile.TarInfo) -> str:
    # A sparse file has another size than what is stored: a few bytes could become terabytes.
    if not entry.isreg() or entry.issparse():
        kind = ord(entry.type[:1] or b"\0")
        raise ArchiveError(f"tar entry {entry.name} is not a regular file, type {kind}")
    path = PurePosixPath(entry.name)
    if path.is_absolute() or ".." in path.parts:
        raise ArchiveError(f"tar contains the absolute or escaping path '{entry.name}'")
    return str(path)


def _content(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    if not 0 <= entry.size <= BYTES:
        raise ArchiveError(f"could not read {entry.name} from tar: it says it has {entry.size} bytes")
    stream = tar.extractfile(entry)
    content = stream.read() if stream else b""
    if len(content) != entry.size:
        raise ArchiveError(f"could not read {entry.name} from tar: unexpected EOF")
    return content
