"""Keep what is decided about a cluster once, on disk before anything is made (`cluster.json`); lock it."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import TextIO

from heddle.embedded.kubernetes.addresses import Block
from heddle.embedded.kubernetes.layout import Layout
from heddle.errors import LocalKubeError
from heddle.spec.defaults import DNS_DOMAIN

__all__ = ["Record", "exclusive", "read_record", "records", "waiting_lock", "write_json", "write_record"]

# The lock of a killed command lives on in a child that has not become its own program yet: for milliseconds,
# on a busy machine more. A command that works on a cluster holds the lock for longer.
_LOCK_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Record:
    """Hold a cluster's addresses and DNS domain, which stay for its life: etcd and certificates carry them.

    `running` is set before `up` makes anything outside the folder and cleared when `down` has removed it all.
    `programs` is the key of the built programs it runs.
    """

    name: str
    network: str
    dns_domain: str = DNS_DOMAIN
    programs: str = ""
    running: bool = False

    @property
    def block(self) -> Block:
        """Return the cluster's block of addresses, with its DNS domain."""
        return Block(network=IPv4Network(self.network), dns_domain=self.dns_domain)


def read_record(layout: Layout) -> Record | None:
    """Return the cluster's record, or None if it never was up."""
    try:
        return Record(**json.loads(layout.record.read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise LocalKubeError(
            f"{layout.record}: not readable: {error}",
            hint=f"heddle cluster down --purge --name {layout.name} removes the cluster with its data",
        ) from error


def write_record(layout: Layout, record: Record) -> None:
    """Replace the record in one step, and not before it is on disk."""
    write_json(layout.record, asdict(record))


def records(folder: Path) -> list[Record]:
    """Return the records of all clusters of this machine that can be read."""
    found = []
    for path in sorted(folder.glob("*/cluster.json")):
        try:
            found.append(Record(**json.loads(path.read_text())))
        except (OSError, ValueError, TypeError):
            continue  # its own `up` or `down` reports it; it must not stop another cluster's
    return found


def write_json(path: Path, content: object) -> None:
    """Write `path` so that a crash leaves the old or the new content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    with new.open("w") as file:
        json.dump(content, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


@contextmanager
def exclusive(path: Path, what: str) -> Iterator[None]:
    """Hold the lock at `path`; it goes with the process, however that ends.

    Raises:
        LocalKubeError: another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    limit = time.monotonic() + _LOCK_SECONDS
    while (file := _locked(path)) is None:
        if time.monotonic() > limit:
            raise LocalKubeError(
                f"{what}: another heddle is working on it", hint="wait for it to end, or stop it"
            )
        time.sleep(0.05)
    with file:
        yield


def _locked(path: Path) -> TextIO | None:
    """Open and lock the file at `path`; return None where another process has it, or has just removed it."""
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.stat().st_ino == os.fstat(file.fileno()).st_ino:
            return file
    except (BlockingIOError, FileNotFoundError):
        pass
    file.close()
    return None


@contextmanager
def waiting_lock(path: Path) -> Iterator[None]:
    """Hold the lock at `path` once nobody else does; for what takes milliseconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
