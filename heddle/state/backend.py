"""Read and write the files of a stack in Pulumi's file backend: state, history, backups and locks.

Source: pkg/backend/diy (state.go, store.go, lock.go, meta.go) of pulumi/pulumi.
"""

import gzip
import hashlib
import os
import socket
import time
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from heddle.errors import EngineError, NeedsCli
from heddle.plain import Plain, ShapeError, parse_json
from heddle.processes import user_name
from heddle.state.copies import keep_newest, keep_records, make_private_folder, write_private
from heddle.state.locks import Lock, read_lock
from heddle.state.serialization import Json, dump
from heddle.versions import HEDDLE, PULUMI

__all__ = ["KILLED", "LOG_DAYS", "ORGANIZATION", "Backend", "now", "read_document", "write_durably"]

ORGANIZATION = "organization"
"""The file backend has no organizations; this is what it calls its only one."""
CHECKPOINT_VERSION = 3
VERSION = f"v{PULUMI}+heddle.{HEDDLE}"
"""The writer of a checkpoint: the release of Pulumi whose rules it follows, and Heddle."""
LOG_DAYS = 30
"""Days for which the history names what was done, unless the stack file says otherwise."""
KILLED = ".killed.json"
"""The ending of a file in the history that was the lock of a process that was killed."""
_COMPRESSED = ("", ".gz", ".zst")
"""The endings of a checkpoint's file beside `.json`: as it is, and as the CLI may compress it."""
_MOST = 1024 * 1024 * 1024
"""Bytes of a checkpoint. A network of 160 peers has a hundredth of that."""


def now() -> str:
    """Return the time as Go writes it: RFC 3339, UTC, microseconds."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def write_durably(path: Path, content: str) -> None:
    """Replace a file so that after a crash it holds the old or the new content, and after return the new."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EngineError(
            f"{error.filename or path} cannot be written: {error.strerror}",
            hint="Nothing was done. See whose files these are, and whether the disk is full.",
        ) from error


def read_document(path: Path) -> Plain:
    """Return a JSON file of the backend, unpacked if it ends with `.gz`. Raises ShapeError and OSError."""
    if path.suffix != ".gz":
        return parse_json(path.read_bytes(), limit=_MOST)
    try:
        with gzip.open(path) as file:
            return parse_json(file.read(_MOST + 1), limit=_MOST)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ShapeError(f"not compressed as its name says ({error})") from None


class Backend:
    """Read and write the files of one stack below `ROOT/.pulumi`."""

    def __init__(self, root: Path, project: str, stack: str, *, log_days: int = LOG_DAYS) -> None:
        self.base = root / ".pulumi"
        self.stack = stack
        self._log_days = log_days
        self.project = project
        self.qualified_name = f"{ORGANIZATION}/{project}/{stack}"
        self.checkpoint = self.base / "stacks" / project / f"{stack}.json"
        self._locks = self.base / "locks" / self.qualified_name
        self.history = self.base / "history" / project / stack
        self._backups = self.base / "backups" / project / stack

    def exists(self) -> bool:
        """Tell whether the stack was ever created."""
        return self._existing() is not None

    def stacks(self) -> list[str]:
        """Return the names of the project's stacks in this backend, sorted."""
        suffixes = [f".json{compressed}" for compressed in _COMPRESSED]
        return sorted(
            {
                path.name.removesuffix(suffix)
                for suffix in suffixes
                for path in self.checkpoint.parent.glob(f"*{suffix}")
            }
        )

    def _existing(self) -> Path | None:
        """Return the checkpoint file, which the CLI may have compressed; the newest of several."""
        candidates = [
            path
            for suffix in _COMPRESSED
            if (path := self.checkpoint.with_name(self.checkpoint.name + suffix)).exists()
        ]
        return max(candidates, key=lambda path: path.stat().st_mtime_ns, default=None)

    def read(self) -> Json:
        """Return the latest deployment (DeploymentV3), None for a stack never created or empty.

        Raises EngineError, naming the file, when it is damaged; NeedsCli when only the CLI reads it.
        """
        path = self._existing()
        if path is None:
            return None
        if path.suffix == ".zst":
            raise NeedsCli(
                f"{path} is compressed with zstd: this needs the CLI", hint="Use `pulumi stack export`."
            )
        try:
            document = read_document(path)
            version, features = document["version"].integer(), document.object().get("features")
            if version != CHECKPOINT_VERSION or features:
                raise NeedsCli(
                    f"{path} has version {version} {features or ''}: this needs the CLI",
                    hint="Use `pulumi` for this stack.",
                )
            latest = document["checkpoint"].get("latest")
            return None if latest is None else latest.object()
        except ShapeError as error:
            raise self.damaged(str(error)) from error
        except OSError as error:
            raise EngineError(
                f"{path} cannot be read: {error.strerror}", hint="It is left as it is: see whose file it is."
            ) from error

    def content(self) -> bytes:
        """Return the bytes of the checkpoint, unpacked. Raises EngineError when there is none to read."""
        path = self._existing()
        if path is None:
            raise EngineError(f"{self.checkpoint} is not there")
        if path.suffix == ".zst":
            raise NeedsCli(
                f"{path} is compressed with zstd: this needs the CLI", hint="Use `pulumi stack export`."
            )
        try:
            data = path.read_bytes()
            return gzip.decompress(data) if path.suffix == ".gz" else data
        except (OSError, EOFError, zlib.error) as error:
            raise EngineError(f"{path} cannot be read: {error}") from error

    def damaged(self, why: str) -> EngineError:
        """Return the error to raise for a checkpoint that cannot be read; nothing is written then."""
        return EngineError(
            f"{self._existing() or self.checkpoint} is not a checkpoint: {why}",
            hint=f"It is left as it is. Earlier states are in {self._backups}.",
        )

    def document(self, resources: list[str], operations: list[str], salt: str) -> str:
        """Return a checkpoint's text around resources and pending operations that are JSON texts already."""
        manifest = {"time": now(), "magic": hashlib.sha256(VERSION.encode()).hexdigest(), "version": VERSION}
        secrets = {"type": "passphrase", "state": {"salt": salt}}
        parts = [f'"manifest":{dump(manifest)}', f'"secrets_providers":{dump(secrets)}']
        if resources:
            parts.append(f'"resources":[{",".join(resources)}]')
        if operations:
            parts.append(f'"pending_operations":[{",".join(operations)}]')
        parts.append('"metadata":{}')
        name = dump(self.qualified_name)
        return (
            f'{{"version":{CHECKPOINT_VERSION},'
            f'"checkpoint":{{"stack":{name},"latest":{{{",".join(parts)}}}}}}}'
        )

    def save(self, document: str) -> None:
        """Make a checkpoint durable."""
        write_durably(self.checkpoint, document)
        # What the CLI left compressed is older now; the CLI itself removes it then.
        for suffix in (".gz", ".zst"):
            self.checkpoint.with_name(self.checkpoint.name + suffix).unlink(missing_ok=True)

    def begin(self) -> None:
        """Set the state as it is aside, as the CLI does: beside the checkpoint and among backups."""
        with _writing(self.base):
            meta = self.base / "meta.yaml"
            if not meta.exists():  # says which layout this is: the one with projects
                make_private_folder(self.base, self.base)
                meta.write_text("version: 1\n", encoding="utf-8")
            if (path := self._existing()) is not None:
                content = path.read_bytes()
                write_private(path.with_name(path.name + ".bak"), content)
                make_private_folder(self._backups, self.base)
                stem, _, suffix = path.name.partition(".json")
                write_private(self._backups / f"{stem}.{time.time_ns()}.json{suffix}", content)
                keep_newest(self._backups)

    def remember(self, update: Json) -> None:
        """Add an update (UpdateInfo) to the history, with a copy of the checkpoint it left."""
        make_private_folder(self.history, self.base)
        prefix = f"{self.stack}-{time.time_ns()}"
        write_private(self.history / f"{prefix}.history.json", dump(update).encode())
        if (path := self._existing()) is not None:
            suffix = path.name.removeprefix(self.checkpoint.name)
            write_private(self.history / f"{prefix}.checkpoint.json{suffix}", path.read_bytes())
        self.tidy_history()

    def tidy_history(self) -> None:
        """Remove old copies of the state from the history, and what was done longer ago than is kept."""
        keep_newest(self.history, kind=".checkpoint.json")
        keep_records(self.history, days=self._log_days)

    def holders(self) -> list[Lock | None]:
        """Return the locks on the stack, also those that dead processes left; None: one cannot be read."""
        return [lock for _, lock in self._others(self._locks)]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the stack's lock. Raises EngineError, naming the holder, when another process has it."""
        own = self._locks / f"{uuid.uuid4()}.json"
        for path, lock in self._others(own):
            if lock is not None and lock.dead():  # a killed run must not stop its healer
                self._keep_killed(path)
        self._refuse_others(own)
        content = {
            "pid": os.getpid(),
            "username": user_name(),
            "hostname": socket.gethostname(),
            "timestamp": now(),
        }
        with _writing(own):
            write_durably(own, dump(content))
        try:
            # Two that started at once both see each other now, and both give way: so does the CLI.
            self._refuse_others(own)
            yield
        finally:
            own.unlink(missing_ok=True)

    def _keep_killed(self, path: Path) -> None:
        """Take a dead process's lock away and keep it in the history: of the CLI's run nothing else tells."""
        with _writing(self.history), suppress(FileNotFoundError):
            make_private_folder(self.history, self.base)
            path.replace(self.history / f"{self.stack}-{path.stat().st_mtime_ns}{KILLED}")

    def _others(self, own: Path) -> list[tuple[Path, Lock | None]]:
        """Return the locks of others, and what they say; None where that cannot be read."""
        found: list[tuple[Path, Lock | None]] = []
        for path in sorted(self._locks.glob("*.json")):
            if path != own:
                with suppress(FileNotFoundError):
                    found.append((path, read_lock(path)))
        return found

    def _refuse_others(self, own: Path) -> None:
        """Raise EngineError in the CLI's words while anyone else holds a lock."""
        others = self._others(own)
        if not others:
            return
        holders = [
            f"\n  {path}: {lock or 'it cannot be read, so whose it is is unknown'}" for path, lock in others
        ]
        raise EngineError(
            f"the stack is currently locked by {len(others)} lock(s). Either wait for the other process(es) "
            f"to end or delete the lock file with `pulumi cancel`.{''.join(holders)}"
        )
