"""Pack Prometheus and Alertmanager into images, for clusters that cannot pull upstream's.

The programs are those on PATH, if they are of the versions that the names say, else Debian's. Paths in
the images are upstream's, without the distribution beneath, and without the consoles.
"""

import re
import shutil
import subprocess
from pathlib import Path

from heddle.errors import ImageError
from heddle.images.archive import Entry, File, Folder, Image, program, write_image
from heddle.images.debian import unpacked
from heddle.images.release import Packed
from heddle.versions import ALERTMANAGER, ALERTMANAGER_IMAGE, PROMETHEUS, PROMETHEUS_IMAGE

__all__ = ["ALERTMANAGER_ARCHIVE", "PROMETHEUS_ARCHIVE", "pack_prometheus"]

PROMETHEUS_ARCHIVE, ALERTMANAGER_ARCHIVE = "prometheus.tar", "alertmanager.tar"
"""The archives' file names."""

_TEXTS = "usr/share/prometheus/alertmanager"
"""Debian's Alertmanager reads its texts from there; upstream's has them within."""
_VERSION = re.compile(r"version (\d+\.\d+\.\d+)")
_OWNER = 65534
"""Upstream's images run as nobody."""


def pack_prometheus(out: Path) -> tuple[Packed, ...]:
    """Pack both programs, each into one archive.

    Raises ImageError: they are not on this machine in these versions, and cannot be had from Debian.
    """
    prometheus, _ = _found(("prometheus",), PROMETHEUS)
    alertmanager, root = _found(("alertmanager", "prometheus-alertmanager"), ALERTMANAGER)
    texts = [
        File(path=f"/{_TEXTS}/{path.name}", content=path) for path in sorted((root / _TEXTS).glob("*.tmpl"))
    ]
    images = {
        PROMETHEUS_ARCHIVE: _image(PROMETHEUS_IMAGE, PROMETHEUS, prometheus, "/bin/prometheus", []),
        ALERTMANAGER_ARCHIVE: _image(
            ALERTMANAGER_IMAGE, ALERTMANAGER, alertmanager, "/bin/alertmanager", texts
        ),
    }
    return tuple(
        Packed(image=image.name, archive=out / archive, identifier=write_image(image, out / archive))
        for archive, image in images.items()
    )


def _found(names: tuple[str, ...], version: str) -> tuple[Path, Path]:
    """Return a program and the root of the files that came with it, rather from PATH."""
    for path in (Path(found) for name in names if (found := shutil.which(name))):
        if _version(path) == version:
            return path, path.parent.parent.parent
    root = unpacked()
    # Debian has the last of the names.
    path = root / "usr/bin" / names[-1]
    if (found := _version(path)) != version:
        raise ImageError(
            f"{path}: is version {found}, expected {version}",
            hint=f"images bear the version's name: put {names[0]} {version} on PATH",
        )
    return path, root


def _version(path: Path) -> str:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ImageError(f"{path}: does not run on this machine: {error}") from error
    match = _VERSION.search(done.stdout + done.stderr)
    return match[1] if match else "unknown"


def _image(name: str, version: str, path: Path, to: str, more: list[File]) -> Image:
    entries: tuple[Entry, ...] = (
        File(path="/etc/nsswitch.conf", content=b"hosts: files dns\n"),
        File(path="/etc/passwd", content=b"root:x:0:0:root:/:\nnobody:x:65534:65534:nobody:/:\n"),
        File(path="/etc/group", content=b"root:x:0:\nnobody:x:65534:\n"),
        Folder(path="/tmp", mode=0o1777),  # noqa: S108 - in the image
        *program(path, to),
        *more,
    )
    return Image(
        name=name,
        layers=(entries,),
        entrypoint=(to,),
        environment=(("PATH", "/bin"),),
        user=f"{_OWNER}:{_OWNER}",
        labels=(("org.opencontainers.image.version", version),),
    )
