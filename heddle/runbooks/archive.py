"""Write an archive for support: every text goes through the scrubber, whoever adds it."""

import io
import json
import os
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from heddle.errors import RunbookError
from heddle.runbooks.scrubbing import REMOVED, secret_name

__all__ = ["Archive"]


class Archive:
    """A new file, for its owner alone. Use as a context manager: what did not end well leaves no file.

    Raises RunbookError for a file that is there, or that cannot be written.
    """

    def __init__(self, path: Path, folder: str, scrub: Callable[[str], str]) -> None:
        self._path, self._folder, self._scrub = path, folder, scrub
        self._part = path.with_name(f"{path.name}.part")
        self.names: list[str] = []
        """What it holds, in order."""

    def __enter__(self) -> Self:
        if self._path.exists():
            raise RunbookError(f"{self._path} is there already", hint="Name another file, with -e to=….")
        try:
            self._part.unlink(missing_ok=True)  # of a run that was killed
            file = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise RunbookError(
                f"{self._path} cannot be written: {error.strerror}", hint="Name another file, with -e to=…."
            ) from error
        self._tar = tarfile.open(fileobj=os.fdopen(file, "wb"), mode="w:gz")
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        under = self._tar.fileobj
        self._tar.close()
        if under is not None:
            under.close()
        if kind is None:
            self._part.rename(self._path)
        else:
            self._part.unlink()

    def add(self, name: str, text: str) -> None:
        """Add a text under a name."""
        self._write(name, self._scrub(text))

    def add_json(self, name: str, content: object) -> None:
        """Add plain data as JSON; its strings are scrubbed one by one, so that it stays JSON."""
        self._write(name, json.dumps(_each(content, self._scrub), indent=2, default=str) + "\n")

    def _write(self, name: str, text: str) -> None:
        data = text.encode(errors="replace")
        member = tarfile.TarInfo(f"{self._folder}/{name}")
        member.size, member.mode, member.mtime = len(data), 0o600, int(time.time())
        self._tar.addfile(member, io.BytesIO(data))
        self.names.append(name)


def _each(content: object, scrub: Callable[[str], str]) -> object:
    if isinstance(content, str):
        return scrub(content)
    if isinstance(content, dict):
        return {scrub(str(key)): _under(str(key), value, scrub) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_each(value, scrub) for value in content]
    return content


def _under(key: str, value: object, scrub: Callable[[str], str]) -> object:
    """Return the value of a key; a text under a name such as `password` is removed, whatever it is."""
    return REMOVED if isinstance(value, str) and secret_name(key) else _each(value, scrub)
