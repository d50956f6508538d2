"""Pulumi's file backend: where a stack's state, history, backups and locks are.

Source: pkg/backend/diy (state.go, store.go, lock.go, meta.go) of pulumi/pulumi.
"""

import getpass
import gzip
import hashlib
import json
import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from heddle.engine.serial import Json, dump
from heddle.errors import EngineError, NeedsCli
from heddle.versions import HEDDLE, PULUMI

__all__ = ["ORGANIZATION", "Backend", "now", "write_durably"]

ORGANIZATION = "organization"
"""The file backend has no organizations; this is what it calls its only one."""
CHECKPOINT_VERSION = 3
VERSION = f"v{PULUMI}+heddle.{HEDDLE}"
"""Who wrote a checkpoint: the Pulumi whose rules it follows, and us."""


def now() -> str:
    """Return the time as Go writes it: RFC 3339, UTC, microseconds."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def write_durably(path: Path, content: str) -> None:
    """Replace a file so that after a crash it holds the old or the new content, and after return the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
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


def state_folder(url: str, working_dir: Path) -> Path:
    """Return the folder that holds `.pulumi`.

    Args:
        url: `file://PATH`, `file://~` (the user's home folder as the system knows it), or empty for that.
        working_dir: what a relative path is relative to.

    Raises NeedsCli for any other kind of backend.
    """
    parts = urlsplit(url or "file://~")
    if parts.scheme != "file":
        raise NeedsCli(
            f"the state is at {parts.scheme}://…: this needs the CLI",
            hint="The embedded engine keeps state in files: PULUMI_BACKEND_URL=file://PATH. Or use `pulumi`.",
        )
    path = unquote(parts.netloc + parts.path)
    # `~` is the account's home, not $HOME: so it is in Pulumi's CLI, which must find the same state.
    return _home() / path[1:].lstrip("/") if path.startswith("~") else working_dir / path


def _home() -> Path:
    """Return the account's home folder by the system's list of users."""
    import pwd

    return Path(pwd.getpwuid(os.getuid()).pw_dir)


def _alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and only waits to be collected does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


class Backend:
    """The files of one stack below `ROOT/.pulumi`."""

    def __init__(self, root: Path, project: str, stack: str) -> None:
        self._base = root / ".pulumi"
        self.stack = stack
        self.project = project
        self.qualified_name = f"{ORGANIZATION}/{project}/{stack}"
        self.checkpoint = self._base / "stacks" / project / f"{stack}.json"
        self._locks = self._base / "locks" / self.qualified_name
        self._history = self._base / "history" / project / stack
        self._backups = self._base / "backups" / project / stack

    def exists(self) -> bool:
        """Tell whether the stack was ever created."""
        return self._existing() is not None

    def _existing(self) -> Path | None:
        """Return the checkpoint file, which the CLI may have compressed; the newest of several."""
        candidates = [
            path
            for suffix in ("", ".gz", ".zst")
            if (path := self.checkpoint.with_name(self.checkpoint.name + suffix)).exists()
        ]
        return max(candidates, key=lambda path: path.stat().st_mtime_ns, default=None)

    def read(self) -> Json:
        """Return the latest deployment (DeploymentV3), None for a stack never created or empty."""
        path = self._existing()
        if path is None:
            return None
        if path.suffix == ".zst":
            raise NeedsCli(
                f"{path} is compressed with zstd: this needs the CLI", hint="Use `pulumi stack export`."
            )
        content = path.read_bytes()
        try:
            document = json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
        except ValueError as error:
            raise EngineError(
                f"{path} is not a checkpoint: {error}", hint=f"A copy is in {self._backups}."
            ) from error
        if document.get("version") != CHECKPOINT_VERSION or document.get("features"):
            raise NeedsCli(
                f"the checkpoint has version {document.get('version')} {document.get('features') or ''}: "
                "this needs the CLI",
                hint="Use `pulumi` for this stack.",
            )
        return document["checkpoint"].get("latest")

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
        self._meta()
        path = self._existing()
        if path is None:
            return
        content = path.read_bytes()
        path.with_name(path.name + ".bak").write_bytes(content)
        self._backups.mkdir(parents=True, exist_ok=True)
        stem, _, suffix = path.name.partition(".json")
        (self._backups / f"{stem}.{time.time_ns()}.json{suffix}").write_bytes(content)

    def _meta(self) -> None:
        """Say once which layout this is: the one with projects."""
        meta = self._base / "meta.yaml"
        if not meta.exists():
            self._base.mkdir(parents=True, exist_ok=True)
            meta.write_text("version: 1\n", encoding="utf-8")

    def remember(self, update: Json) -> None:
        """Add an update (UpdateInfo) to the history, with a copy of the checkpoint it left."""
        self._history.mkdir(parents=True, exist_ok=True)
        prefix = f"{self.stack}-{time.time_ns()}"
        (self._history / f"{prefix}.history.json").write_text(dump(update), encoding="utf-8")
        if (path := self._existing()) is not None:
            suffix = path.name.removeprefix(self.checkpoint.name)
            (self._history / f"{prefix}.checkpoint.json{suffix}").write_bytes(path.read_bytes())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the stack's lock. Raises EngineError, naming the holder, when another process has it."""
        own = self._locks / f"{uuid.uuid4()}.json"
        self._drop_dead(own)
        self._refuse_others(own)
        content = {
            "pid": os.getpid(),
            "username": getpass.getuser(),
            "hostname": socket.gethostname(),
            "timestamp": now(),
        }
        write_durably(own, dump(content))
        try:
            # Two that started at once both see each other now, and both give way: so does the CLI.
            self._refuse_others(own)
            yield
        finally:
            own.unlink(missing_ok=True)

    def _others(self, own: Path) -> list[tuple[Path, Json]]:
        """Return the locks of others, and what they say."""
        found = []
        for path in sorted(self._locks.glob("*.json")):
            if path != own:
                try:
                    found.append((path, json.loads(path.read_text(encoding="utf-8"))))
                except FileNotFoundError:
                    continue
        return found

    def _drop_dead(self, own: Path) -> None:
        """Remove locks whose process on this machine is gone: a killed run must not stop its healer."""
        for path, lock in self._others(own):
            if lock.get("hostname") == socket.gethostname() and not _alive(lock.get("pid")):
                path.unlink(missing_ok=True)

    def _refuse_others(self, own: Path) -> None:
        """Raise EngineError in the CLI's words while anyone else holds a lock."""
        others = self._others(own)
        if not others:
            return
        holders = [
            f"\n  {path}: created by {lock['username']}@{lock['hostname']} (pid {lock['pid']}) "
            f"at {lock['timestamp']}"
            for path, lock in others
        ]
        raise EngineError(
            f"the stack is currently locked by {len(others)} lock(s). Either wait for the other process(es) "
            f"to end or delete the lock file with `pulumi cancel`.{''.join(holders)}"
        )
