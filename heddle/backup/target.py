"""Read and write the objects of one instance in a folder or a bucket.

Layout, beneath `TARGET/INSTANCE/`: `backups/ID/manifest.json`, and `objects/AB/ABCD…`, named by the SHA-256
of their bytes.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from heddle.errors import BackupError
from heddle.text import printable

__all__ = ["Target", "open_target"]

_MANIFEST = "manifest.json"
_BACKUPS = "backups"
_OBJECTS = "objects"


class Target:
    """Read and write the backups of one instance. Every method raises BackupError where the target fails.

    The store is asked by threads of Python: its own, which serve its asynchronous methods, may still want
    Python when that ends, and then abort the process.
    """

    def __init__(self, store: ObjectStore, place: str, prefix: str) -> None:
        self.place = place
        self._store = store
        self._prefix = prefix

    async def backups(self) -> list[str]:
        """Return the names of all backups, the oldest first: those that have a manifest."""
        names = [name async for name, _ in self._names(_BACKUPS)]
        return sorted(name.split("/")[0] for name in names if name.endswith(f"/{_MANIFEST}"))

    async def manifest(self, backup: str) -> bytes:
        """Return the manifest of a backup."""
        return await self._get(f"{_BACKUPS}/{backup}/{_MANIFEST}", f"backup {backup}")

    async def write_manifest(self, backup: str, data: bytes) -> None:
        """Write the manifest of a backup: from now on the backup exists."""
        # After a crash of the machine a manifest must not stand without the objects that it names.
        if isinstance(self._store, LocalStore):
            os.sync()
        await self._put(f"{_BACKUPS}/{backup}/{_MANIFEST}", data)
        if isinstance(self._store, LocalStore):
            os.sync()

    async def remove_manifest(self, backup: str) -> None:
        """Remove the manifest of a backup: from now on it does not exist."""
        await self._delete(f"{_BACKUPS}/{backup}/{_MANIFEST}")

    async def objects(self) -> dict[str, int]:
        """Return the size of every object, by its SHA-256."""
        return {name.split("/")[-1]: size async for name, size in self._names(_OBJECTS)}

    async def put(self, data: bytes) -> str:
        """Write an object and return its name, the SHA-256 of its bytes."""
        name = hashlib.sha256(data).hexdigest()
        await self._put(_object(name), data)
        return name

    async def get(self, sha256: str) -> bytes:
        """Return an object. Raises BackupError also when its bytes are not those that it is named by."""
        data = await self._get(_object(sha256), f"object {sha256[:16]}…")
        if hashlib.sha256(data).hexdigest() != sha256:
            raise BackupError(
                f"{self.place}: object {sha256} is damaged: its bytes have another SHA-256",
                hint="Use another backup, and see what happened to the storage.",
            )
        return data

    async def remove(self, sha256: str) -> None:
        """Remove an object; nothing happens where there is none."""
        await self._delete(_object(sha256))

    async def _names(self, folder: str) -> AsyncIterator[tuple[str, int]]:
        """Yield the names below a folder, relative to it, each with its size."""
        base = f"{self._prefix}/{folder}/"
        async with self._asking("list", folder):
            found = await asyncio.to_thread(self._listed, base)
        for path, size in found:
            yield path.removeprefix(base), size

    def _listed(self, base: str) -> list[tuple[str, int]]:
        return [(each["path"], each["size"]) for batch in self._store.list(base) for each in batch]

    def _content(self, path: str) -> bytes:
        return bytes(self._store.get(path).bytes())

    async def _put(self, path: str, data: bytes) -> None:
        async with self._asking("write", path):
            await asyncio.to_thread(self._store.put, f"{self._prefix}/{path}", data)

    async def _get(self, path: str, what: str) -> bytes:
        async with self._asking("read", path):
            try:
                return await asyncio.to_thread(self._content, f"{self._prefix}/{path}")
            except FileNotFoundError:
                raise BackupError(
                    f"{self.place}: {what} is not there",
                    hint="`heddle backup list` shows the backups, `heddle backup verify` what they lack.",
                ) from None

    async def _delete(self, path: str) -> None:
        async with self._asking("remove", path):
            try:
                await asyncio.to_thread(self._store.delete, f"{self._prefix}/{path}")
            except FileNotFoundError:
                return

    @asynccontextmanager
    async def _asking(self, verb: str, what: str) -> AsyncIterator[None]:
        try:
            yield
        except (BaseError, OSError) as error:
            words = printable(str(error).splitlines()[0] if str(error) else type(error).__name__)
            raise BackupError(
                f"backups in {self.place}: cannot {verb} {what}: {words}",
                hint="See that the target is there and that the credentials in the environment may use it "
                "(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT for S3).",
            ) from error


def open_target(place: str, instance: str, *, base: Path) -> Target:
    """Return the backups of an instance in a place: a URL of a bucket, or a folder, which is made.

    A relative folder starts at `base`. Credentials and the endpoint of a bucket come from the environment.
    Raises BackupError for a place that cannot be used.
    """
    scheme = urlsplit(place).scheme
    try:
        if scheme in ("", "file"):
            folder = base / (place if not scheme else urlsplit(place).path)
            # Ledgers and a state are for nobody else's eyes, whatever the umask.
            (folder / instance).mkdir(mode=0o700, parents=True, exist_ok=True)
            store: ObjectStore = LocalStore(folder)
        else:
            store = from_url(place)
    except (BaseError, OSError, ValueError) as error:
        raise BackupError(f"backups in {place}: it cannot be opened: {printable(str(error))}") from error
    return Target(store, place, instance)


def _object(sha256: str) -> str:
    return f"{_OBJECTS}/{sha256[:2]}/{sha256}"
