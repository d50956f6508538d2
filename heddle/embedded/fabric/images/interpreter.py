"""Put the running Python into an image: program, standard library, shared libraries, installed packages.

Everything is compiled beforehand, with pycs that no time stamp can make stale: an image's files have none,
and its file system is read-only where it runs.
"""

import importlib.metadata
import importlib.util
import py_compile
import sys
import sysconfig
import tempfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path, PurePosixPath

from heddle.errors import ImageError
from heddle.images.archive import Entry, File, Link, libraries, program

__all__ = ["PYTHON", "compiled", "distribution", "interpreter", "library_path"]

VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"
PYTHON = f"/usr/local/bin/{VERSION}"
LIBRARY = f"/usr/local/lib/{VERSION}"
PACKAGES = f"{LIBRARY}/site-packages"

_UNUSED = {
    "__pycache__", "site-packages", "dist-packages", "test", "tests", "idlelib", "tkinter", "lib2to3",
    "ensurepip", "turtledemo", "pydoc_data", "distutils", "unittest", "sqlite3", "curses", "dbm", "xmlrpc",
    "wsgiref", "venv", "msilib",
}  # fmt: skip
_UNUSED_EXTENSIONS = (
    "_test", "_xx", "xx", "_tkinter", "_sqlite3", "_curses", "_dbm", "_gdbm", "nis", "ossaudiodev",
    "readline", "audioop", "_codecs_",
)  # fmt: skip
_DEFAULT_FOLDERS = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")


def interpreter() -> Iterator[Entry]:
    """Yield the program, the standard library and what they link to."""
    binary = Path(sys._base_executable).resolve()  # type: ignore[attr-defined]  # noqa: SLF001 - sys.executable is the venv's
    yield from program(binary, PYTHON)
    yield Link(path="/usr/local/bin/python3", target=VERSION)
    stdlib = Path(sysconfig.get_path("stdlib"))
    sources = (path for path in stdlib.rglob("*.py") if _used(path.relative_to(stdlib)))
    yield from compiled((path, f"{LIBRARY}/{path.relative_to(stdlib)}") for path in sources)
    # Not from platstdlib, which is the virtual environment's.
    dynload = Path(sysconfig.get_config_var("DESTSHARED") or stdlib / "lib-dynload")
    for path in sorted(dynload.glob("*.so")):
        if not path.name.startswith(_UNUSED_EXTENSIONS):
            yield from _extension(path, f"{LIBRARY}/lib-dynload/{path.name}")
    yield from _name_service(binary)


def _used(path: Path) -> bool:
    return not _UNUSED.intersection(path.parts) and not any(part.startswith("config-") for part in path.parts)


def _extension(path: Path, to: str) -> Iterator[Entry]:
    yield File(path=to, content=path, mode=0o755)
    for library in libraries(path):
        yield File(path=str(library), content=library, mode=0o755)


def _name_service(binary: Path) -> Iterator[Entry]:
    """Yield the libraries that glibc loads to look a name up; from 2.34 on it has them inside."""
    for folder in {library.parent for library in libraries(binary) if library.name.startswith("libc.")}:
        for name in ("libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"):
            if (folder / name).exists():
                yield File(path=str(folder / name), content=folder / name, mode=0o755)


def library_path(entries: Iterable[Entry]) -> str:
    """Return folders of shared libraries that the loader would not search, for LD_LIBRARY_PATH."""
    folders = {
        str(PurePosixPath(entry.path).parent)
        for entry in entries
        if isinstance(entry, File) and ".so" in PurePosixPath(entry.path).name
    }
    return ":".join(
        sorted(folder for folder in folders if not folder.startswith((*_DEFAULT_FOLDERS, f"{LIBRARY}/")))
    )


def distribution(name: str, *, only: Collection[str] = ()) -> Iterator[Entry]:
    """Yield the importable files of an installed package.

    Args:
        name: as pip knows it.
        only: first parts of paths to take; empty for all.

    Raises:
        ImageError: it is not installed.
    """
    try:
        files = importlib.metadata.distribution(name).files or []
    except importlib.metadata.PackageNotFoundError as error:
        raise ImageError(
            f"the package {name} is not installed, and the image needs it",
            hint="pip install -r requirements.lock",
        ) from error
    sources: list[tuple[Path, str]] = []
    for file in files:
        if not _wanted(file, only):
            continue
        path, to = Path(str(file.locate())), f"{PACKAGES}/{file}"
        if path.suffix == ".py":
            sources.append((path, to))
        elif ".so" in path.name:
            yield from _extension(path, to)
        else:
            yield File(path=to, content=path)
    yield from compiled(sources)


def _wanted(file: importlib.metadata.PackagePath, only: Collection[str]) -> bool:
    first = file.parts[0]
    if (
        first == ".."
        or first.endswith((".dist-info", ".egg-info"))
        or (only and not first.startswith(tuple(only)))
    ):
        return False
    return file.suffix not in {".pyc", ".pyi", ".pxd", ".pyx", ".c", ".h"} and not {"tests", "_test"} & set(
        file.parts
    )


def compiled(sources: Iterable[tuple[Path, str]]) -> Iterator[Entry]:
    """Yield each source, and its bytecode beside it."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "module.pyc"
        for path, to in sources:
            yield File(path=to, content=path)
            try:
                py_compile.compile(
                    str(path),
                    cfile=str(target),
                    dfile=to,
                    doraise=True,
                    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
                )
            except py_compile.PyCompileError:
                continue  # some packages carry templates that are no Python; they are never imported
            yield File(path=importlib.util.cache_from_source(to), content=target.read_bytes())
