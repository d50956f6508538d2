"""Chaincode packages of others: read under limits, refused in words, never a way out of the peer's folder."""

import gzip
import io
import json
import os
import resource
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from heddle.embedded.fabric.peer.archive import BYTES, ArchiveError, archive_files
from heddle.embedded.fabric.peer.packages import PackageError, Packages
from heddle.fabric.package import chaincode_package

METADATA = b'{"type": "ccaas", "label": "assets"}'
CONNECTION = b'{"address": "localhost:9999"}'
GOOD = chaincode_package("assets", "localhost:9999", b"root")


def entry(name: str, content: bytes = b"", *, kind: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    """One tar entry with its header as it is, so that it may lie."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, len(content)
    padding = -len(content) % 512
    return info.tobuf(tarfile.GNU_FORMAT) + content + b"\0" * padding


def zipped(*entries: bytes) -> bytes:
    return gzip.compress(b"".join(entries) + b"\0" * 1024, mtime=0)


def package(*more: bytes, metadata: bytes = METADATA, code: bytes | None = None) -> bytes:
    code = zipped(entry("connection.json", CONNECTION)) if code is None else code
    return zipped(entry("metadata.json", metadata), entry("code.tar.gz", code), *more)


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """A peer's folder, beside which nothing may appear."""
    folder = tmp_path / "peer/packages"
    folder.mkdir(parents=True)
    return folder


def everything(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*"))


def test_what_heddle_packs_is_read() -> None:
    """The limits are far from what is usual."""
    assert archive_files(GOOD).keys() == {"metadata.json", "code.tar.gz"}


def test_a_package_with_indexes_is_installed(inside: Path) -> None:
    """As a peer without CouchDB does it: they are for others."""
    files = {"META-INF/statedb/couchdb/indexes/owner.json": "{}"}

    Packages(inside).install(chaincode_package("assets", "localhost:9999", b"root", files))
    assert len(list(inside.iterdir())) == 1


LINKS = {
    "a symbolic link": entry("connection.json", kind=tarfile.SYMTYPE, link="/etc/passwd"),
    "a hard link": entry("connection.json", kind=tarfile.LNKTYPE, link="../../etc/passwd"),
    "a link to nothing": entry("connection.json", kind=tarfile.LNKTYPE, link="nowhere"),
    "a character device": entry("zero", kind=tarfile.CHRTYPE),
    "a block device": entry("disk", kind=tarfile.BLKTYPE),
    "a pipe": entry("pipe", kind=tarfile.FIFOTYPE),
    "an unknown kind": entry("what", kind=b"Z"),
    "a way up": entry("../outside", b"x"),
    "a way up in the middle": entry("a/../../outside", b"x"),
    "an absolute path": entry("/tmp/outside", b"x"),  # noqa: S108 - a name only
}


@pytest.mark.parametrize("bad", LINKS.values(), ids=LINKS.keys())
@pytest.mark.parametrize("where", ["package", "code"])
def test_entries_that_are_no_files_of_the_archive_are_refused(inside: Path, bad: bytes, where: str) -> None:
    """Links, devices, pipes, and names that lead elsewhere; outside and in the code. Nothing is written."""
    code = zipped(entry("connection.json", CONNECTION), bad)
    before = everything(inside.parent.parent)

    with pytest.raises(PackageError):
        Packages(inside).install(package(bad) if where == "package" else package(code=code))
    assert everything(inside.parent.parent) == before


def test_folders_are_in_code_only() -> None:
    """As upstream has it: a package holds two files, code may have META-INF."""
    data = zipped(entry("META-INF/", kind=tarfile.DIRTYPE), entry("connection.json", CONNECTION))

    assert archive_files(data, folders=True) == {"connection.json": CONNECTION}
    with pytest.raises(ArchiveError, match="tar entry META-INF is not a regular file, type 53"):
        archive_files(data)


def _sparse() -> bytes:
    """A sparse file in GNU's first form: a terabyte of nothing in one block."""
    header = bytearray(tarfile.TarInfo("sparse").tobuf(tarfile.GNU_FORMAT))
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[386:398], header[398:410] = b"00000000000\0", b"00000000000\0"
    header[483:495] = b"\x80" + (1 << 40).to_bytes(11, "big")
    return _summed(header)


def _sized(size: int) -> bytes:
    """A file that says it has another size than it has; negative ones are possible in base 256."""
    header = bytearray(tarfile.TarInfo("large").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = bytes([0x80 if size >= 0 else 0xFF]) + (size % (1 << 88)).to_bytes(11, "big")
    return _summed(header)


def _summed(header: bytearray) -> bytes:
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    return bytes(header)


BOMBS: dict[str, Callable[[], bytes]] = {
    "zeros": lambda: gzip.compress(bytes(BYTES + 1024)),
    "zeros in a file": lambda: zipped(entry("zeros", bytes(BYTES))),
    "many entries": lambda: zipped(*(entry(str(number)) for number in range(10_001))),
    "a sparse file": lambda: zipped(_sparse()),
    "a size that is not there": lambda: zipped(_sized(1 << 40)),
    "a size below zero": lambda: zipped(_sized(-512)),
    "a size far below zero": lambda: zipped(_sized(-(1 << 40))),
    "a long name": lambda: zipped(entry("n" * 5000, b"x"), _sized(1 << 62)),
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_bombs_do_not_go_off(bomb: Callable[[], bytes]) -> None:
    """Little that becomes much: refused, and the memory stays what the limit is, not what the bomb says."""
    data = bomb()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(ArchiveError):
        archive_files(data)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4 * BYTES >> 10


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        (b"", "could not unmarshal"),
        (b"[]", "could not unmarshal"),
        (b"[" * 100_000, "could not unmarshal"),
        (b"\xff\xfe", "could not unmarshal"),
        (b'{"label": ["a"], "type": "ccaas"}', "invalid label"),
        (b'{"label": "../../x", "type": "ccaas"}', "invalid label"),
        (b'{"label": "a/b", "type": "ccaas"}', "invalid label"),
        (b'{"label": "a", "type": "golang"}', "only runs type ccaas"),
    ],
)
def test_metadata_of_any_kind_is_an_answer(inside: Path, metadata: bytes, words: str) -> None:
    """The label becomes part of a file's name: it can lead nowhere else."""
    with pytest.raises(PackageError, match=words):
        Packages(inside).install(package(metadata=metadata))


def test_a_label_longer_than_file_names_are_is_refused(inside: Path) -> None:
    """By the file system; the peer says so."""
    metadata = json.dumps({"label": "a" * os.pathconf(inside, "PC_NAME_MAX"), "type": "ccaas"}).encode()

    with pytest.raises(PackageError, match="could not save cc install package"):
        Packages(inside).install(package(metadata=metadata))
    assert list(inside.iterdir()) == []


@pytest.mark.parametrize(
    "connection",
    [b"", b"[]", b"{}", b'{"address": 1}', b'{"address": "{{.x}}"}', b"[" * 100_000, b'{"address": null}'],
)
def test_connections_of_any_kind_are_an_answer(inside: Path, connection: bytes) -> None:
    """connection.json is another's text."""
    with pytest.raises(PackageError, match=r"connection\.json"):
        Packages(inside).install(package(code=zipped(entry("connection.json", connection))))


def _tried(folder: Path, data: bytes) -> None:
    try:
        Packages(folder).install(data)
    except PackageError:
        assert list(folder.iterdir()) == []
    else:
        for path in folder.iterdir():
            path.unlink()


@pytest.mark.parametrize(
    "data", [GOOD, package(code=zipped(entry("connection.json", CONNECTION)))], ids=["package", "own code"]
)
def test_what_the_tests_below_damage_is_installed(inside: Path, data: bytes) -> None:
    """The packages are good before their bytes are changed."""
    Packages(inside / "packages").install(data)
    assert list((inside / "packages").iterdir())


fuzzed = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@fuzzed
@given(st.binary(max_size=2000))
@example(b"\x1f\x8b")
def test_any_bytes(inside: Path, data: bytes) -> None:
    """No bytes get anything but PackageError out of a peer."""
    _tried(inside, data)
    _tried(inside, gzip.compress(data))
    _tried(inside, package(code=gzip.compress(data)))


@fuzzed
@given(st.lists(st.tuples(st.integers(0, 1535), st.integers(0, 255)), min_size=1, max_size=12), st.booleans())
def test_damaged_packages(inside: Path, changes: list[tuple[int, int]], in_code: bool) -> None:
    """Some bytes of headers and contents changed: installed whole or refused."""
    plain = bytearray(gzip.decompress(zipped(entry("connection.json", CONNECTION)) if in_code else GOOD))
    for place, value in changes:
        plain[place % len(plain)] = value
    data = io.BytesIO()
    with gzip.GzipFile(fileobj=data, mode="wb", mtime=0) as stream:
        stream.write(plain)
    _tried(inside, package(code=data.getvalue()) if in_code else data.getvalue())
