"""Pack a CouchDB release into the image of peers' state databases, for clusters that cannot pull it.

Paths, user and the administrator's two variables follow upstream's image (apache/couchdb-docker, 3.4.2),
without the distribution beneath: of that only the shell and the programs that the release's scripts call.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from heddle.errors import ImageError
from heddle.images.archive import (
    Entry,
    File,
    Folder,
    Image,
    Link,
    file_tools,
    libraries,
    program,
    programs,
    write_image,
)
from heddle.images.release import Packed
from heddle.versions import COUCHDB, COUCHDB_IMAGE

__all__ = ["COUCHDB_ARCHIVE", "pack_couchdb"]

COUCHDB_ARCHIVE = "couchdb.tar"
"""The archive's file name."""

_HOME, _OWNER = "/opt/couchdb", 5984
_ENTRY = "/docker-entrypoint.sh"
_PARTS = ("bin/couchdb", "etc/default.ini", "etc/vm.args", "releases/start_erl.data")
_WRITABLE = ("data", "etc/local.d", "var/log")
"""Folders below the home that CouchDB and the entry point write to. What a release has in them stays out."""
_TOOLS = ("basename", "cat", "df", "dirname", "readlink", "sed")
"""Programs that bin/couchdb and Erlang's os_mon call."""
_SETTINGS = b"; Pods are reached by their address.\n[chttpd]\nbind_address = any\n"
_DISTRIBUTION = re.compile(r"^-(?:name|sname|setcookie|kernel inet_dist_use_interface)\b.*\n?", re.MULTILINE)
"""Arguments that give the machine a name. Upstream's image has none of them: a database's files carry the
name of the machine that wrote them, and another one does not open them."""
_BUSY_WAIT = "\n+sbwt none\n+sbwtdcpu none\n+sbwtdio none\n"
"""Arguments for a share of a processor, as upstream's image has them: waiting busily uses it up."""


def pack_couchdb(release: Path, out: Path) -> Packed:
    """Pack a CouchDB release (the folder rel/couchdb that `make release` leaves) into one archive.

    Raises ImageError: a file is missing, or the release is of another version than the image's name says.
    """
    found = {path.name.removeprefix("couch-") for path in release.glob("lib/couch-[0-9]*")}
    missing = [part for part in _PARTS if not (release / part).is_file()]
    if missing or not found:
        lacks = ", ".join(missing or ["lib/couch-VERSION"])
        raise ImageError(
            f"{release}: is not a whole CouchDB release: missing {lacks}",
            hint=f"give --couchdb the folder rel/couchdb that `make release` of CouchDB {COUCHDB} leaves",
        )
    if found != {COUCHDB}:
        raise ImageError(
            f"{release}: is version {', '.join(sorted(found))}, expected {COUCHDB}",
            hint="images bear the version's name: pack a release of that version",
        )
    archive = out / COUCHDB_ARCHIVE
    return Packed(image=COUCHDB_IMAGE, archive=archive, identifier=write_image(_image(release), archive))


def _image(release: Path) -> Image:
    return Image(
        name=COUCHDB_IMAGE,
        layers=(_base(), (*_release(release), *_own(release))),
        entrypoint=(_ENTRY,),
        command=(f"{_HOME}/bin/couchdb",),
        environment=(("PATH", "/usr/bin:/bin"), ("COUCHDB_VERSION", COUCHDB)),
        user=f"{_OWNER}:{_OWNER}",
        labels=(("org.opencontainers.image.version", COUCHDB),),
    )


def _base() -> tuple[Entry, ...]:
    """Return the files that a distribution would bring and CouchDB uses."""
    accounts = f"root:x:0:0:root:/:\ncouchdb:x:{_OWNER}:{_OWNER}:couchdb:{_HOME}:\n"
    return (
        File(path="/etc/nsswitch.conf", content=b"hosts: files dns\n"),
        File(path="/etc/passwd", content=accounts.encode()),
        File(path="/etc/group", content=f"root:x:0:\ncouchdb:x:{_OWNER}:\n".encode()),
        Folder(path="/tmp", mode=0o1777),  # noqa: S108 - in the image
        *program(Path("/bin/sh").resolve(), "/bin/sh"),
        *programs(*_TOOLS),
        *file_tools(),
    )


def _release(release: Path) -> Iterator[Entry]:
    """Yield the release's files, and the shared libraries that its programs and its plugins link to."""
    for path in sorted(release.rglob("*")):
        inside = path.relative_to(release)
        if any(inside.is_relative_to(folder) for folder in _WRITABLE):
            continue
        to = f"{_HOME}/{inside}"
        if path.is_symlink():
            yield Link(path=to, target=str(path.readlink()))
        elif path.is_dir():
            yield Folder(path=to, owner=_OWNER)
        else:
            mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            yield File(path=to, content=path, mode=mode, owner=_OWNER)
            if _is_binary(path):
                yield from (File(path=str(each), content=each, mode=0o755) for each in libraries(path))


def _own(release: Path) -> Iterator[Entry]:
    """Yield what the image has beside the release or instead of it; the last entry of a path counts."""
    yield from (Folder(path=f"{_HOME}/{name}", mode=0o777, owner=_OWNER) for name in _WRITABLE)
    arguments = _DISTRIBUTION.sub("", (release / "etc/vm.args").read_text()) + _BUSY_WAIT
    yield File(path=f"{_HOME}/etc/vm.args", content=arguments.encode(), owner=_OWNER)
    yield File(path=f"{_HOME}/etc/default.d/10-docker-default.ini", content=_SETTINGS, owner=_OWNER)
    script = Path(__file__).with_name("couchdb-entrypoint.sh")
    yield File(path=_ENTRY, content=script, mode=0o755)


def _is_binary(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) == b"\x7fELF"
