"""Folders of this machine as entries of an image."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from heddle.images.archive import Entry, File, Folder, Link


def tree(
    source: Path, to: str, *, skip: Callable[[Path], bool] = lambda _: False, owner: int = 0
) -> Iterator[Entry]:
    """Everything below `source` under the path `to`: files with their modes, links unfollowed.

    `skip` gets each path relative to `source`; a folder that it refuses is not entered.
    """
    for folder, names, files in os.walk(source):
        here = Path(folder).relative_to(source)
        yield Folder(path=str(PurePosixPath(to) / here), owner=owner)
        linked = [name for name in names if (Path(folder) / name).is_symlink()]
        names[:] = sorted(name for name in names if name not in linked and not skip(here / name))
        for name in sorted([*files, *linked]):
            if not skip(here / name):
                yield from _entry(Path(folder) / name, str(PurePosixPath(to) / here / name), owner)


def _entry(path: Path, to: str, owner: int) -> Iterator[Entry]:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        yield Link(path=to, target=str(path.readlink()))
    elif stat.S_ISREG(status.st_mode):
        yield File(path=to, content=path, mode=stat.S_IMODE(status.st_mode), owner=owner)
