"""Unpack programs of Debian's packages into Heddle's cache, without installing them.

Installing Debian's Prometheus starts it, and opens its port on this machine.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from heddle.errors import ImageError
from heddle.paths import cache_dir

__all__ = ["PROMETHEUS_PACKAGES", "folder_of", "unpacked"]

PROMETHEUS_PACKAGES = ("prometheus", "prometheus-alertmanager")
_SECONDS = 600.0


def folder_of(packages: Sequence[str] = PROMETHEUS_PACKAGES) -> Path:
    """Return the folder that has the packages' files once they are unpacked."""
    return cache_dir() / "debian" / "+".join(packages)


def unpacked(packages: Sequence[str] = PROMETHEUS_PACKAGES) -> Path:
    """Return the folder with the packages' files, as `usr/bin/…`; downloads them the first time.

    Raises ImageError: this machine has no apt-get or dpkg, or a package cannot be had.
    """
    folder = folder_of(packages)
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Elsewhere, and put in place in one step: an interruption leaves nothing that looks whole.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".unpack-") as work:
        root = Path(work, "root")
        _download(packages, Path(work))
        for package in sorted(Path(work).glob("*.deb")):
            _run(["dpkg", "--extract", str(package), str(root)], Path(work))
        try:
            root.rename(folder)
        except OSError:  # another process was faster
            if not folder.is_dir():
                raise
    return folder


def _download(packages: Sequence[str], folder: Path) -> None:
    """Download packages; on a fresh machine, fetch the lists of what there is first."""
    try:
        _run(["apt-get", "download", *packages], folder)
    except ImageError:
        _run(["apt-get", "update"], folder)
        _run(["apt-get", "download", *packages], folder)


def _run(argv: Sequence[str], folder: Path) -> None:
    if shutil.which(argv[0]) is None:
        raise ImageError(
            f"{argv[0]}: not on this machine, which is none of Debian's",
            hint="Put prometheus and alertmanager on PATH, or name images that the cluster can pull.",
        )
    try:
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise ImageError(f"{' '.join(argv[:2])}: no end after {_SECONDS:g} s") from error
    if done.returncode != 0:
        raise ImageError(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip()}")


if __name__ == "__main__":
    # `make test`: promtool and Prometheus for the tests that ask for them.
    print(unpacked())
