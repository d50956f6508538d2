"""Programs run for a test: started with their output in a file, awaited by their port, ended by their pid."""

import fcntl
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_GIVEN: dict[int, IO[str]] = {}
"""Ports of this process, each with the locked file that keeps it from other test runs on this machine."""


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nothing uses, also while a program of ours is stopped.

    From a range that no kernel hands out and no NodePort is in.
    """
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(20000, 29000)  # noqa: S311 - a choice, not a key
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if _reserve(port):
            found.append(port)
    return found


def _reserve(port: int) -> bool:
    if port in _GIVEN:
        return False
    folder = Path(tempfile.gettempdir(), "heddle-test-ports")
    folder.mkdir(exist_ok=True)
    lock = (folder / str(port)).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return False
    _GIVEN[port] = lock  # released when this process ends
    return True


@dataclass
class Program:
    """One program, which can be stopped and started again."""

    name: str
    argv: list[str]
    environment: dict[str, str]
    log: Path
    ports: tuple[int, ...]
    folder: Path | None = None
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it without waiting; it dies with the test run, also when that is killed."""
        leash = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [*leash, *self.argv],
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait(self, seconds: float = 300) -> None:
        """Wait until it listens on all its ports; its last words if it does not."""
        end = time.monotonic() + seconds
        for port in self.ports:
            while not _listens(port):
                if self._process is None or self._process.poll() is not None:
                    raise AssertionError(f"{self.name} ended:\n{self.tail()}")
                if time.monotonic() > end:
                    raise AssertionError(f"{self.name} does not listen on {port}:\n{self.tail()}")
                time.sleep(0.02)

    def stop(self, *, kill: bool = False) -> None:
        """End it and wait until it is gone."""
        if self._process is None:
            return
        if self._process.poll() is None:
            if kill:
                self._process.kill()
            else:
                self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def pause(self) -> None:
        """Let it do nothing, while its ports take connections; only `stop(kill=True)` ends it then."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def ended(self, seconds: float = 60) -> None:
        """Wait until it has ended by itself."""
        assert self._process is not None
        self._process.wait(seconds)

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def tail(self, lines: int = 30) -> str:
        """The end of its output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
