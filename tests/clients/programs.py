"""Client programs of other languages, made ready once per lock file and kept in Heddle's cache."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from heddle.paths import cache_dir

HERE = Path(__file__).parent


def prepared(name: str, sources: Sequence[str], command: Sequence[str], product: str) -> Path:
    """A folder with a copy of `sources` in which `command` made `product`; made once for the same sources.

    A command that fails fails the test with its words: a machine that has the tool has to have the packages.
    """
    digest = hashlib.sha256(b"\0".join((HERE / name / source).read_bytes() for source in sources)).hexdigest()
    folder = cache_dir() / "test-clients" / f"{name}-{digest[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / ".done"
        if not done.exists():
            for source in sources:
                shutil.copy(HERE / name / source, folder / source)
            output(command, folder, seconds=280)
            assert (folder / product).exists(), product
            done.touch()
    return folder


def output(
    command: Sequence[str],
    folder: Path,
    *,
    seconds: float = 250,
    environment: Mapping[str, str] | None = None,
) -> str:
    """What a command prints; its errors are the test's."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout
