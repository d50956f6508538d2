"""Pack Fabric's release folder into node images, for clusters that cannot pull them (DESIGN, decision 15).

The paths in the images follow upstream's images/peer/Dockerfile and images/orderer/Dockerfile (Fabric 3.1.5),
without the distribution beneath: no shell, no package, only the few programs that runbooks use on a volume.
The user is numeric, which `runAsNonRoot` demands.
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from heddle.errors import ImageError
from heddle.images.archive import Entry, File, Folder, Image, file_tools, program, write_image
from heddle.versions import FABRIC, ORDERER_IMAGE, PEER_IMAGE

__all__ = ["ARCHIVES", "Packed", "pack_release"]

_CONFIG = "/etc/hyperledger/fabric"
_BUILDER = "/opt/hyperledger/ccaas_builder/bin"
_BUILDER_PROGRAMS = ("build", "detect", "release")
_VERSION = re.compile(r"^\s*Version:\s*v?(\S+)", re.MULTILINE)

ARCHIVES = {PEER_IMAGE: "fabric-peer.tar", ORDERER_IMAGE: "fabric-orderer.tar"}
"""The archive's file name for each image."""


@dataclass(frozen=True, kw_only=True)
class Packed:
    """A written image; `identifier` is `sha256:…` of its configuration."""

    image: str
    archive: Path
    identifier: str


def pack_release(release: Path, out: Path, version: str = FABRIC) -> tuple[Packed, ...]:
    """Pack a release folder (bin, config, builders/ccaas/bin) into one archive per node image.

    The images are named by the version: those of two releases lie side by side in a cluster.

    Raises ImageError: a file is missing, or the programs are not of the version that the images' name says.
    """
    wanted = ("bin/peer", "bin/orderer", "config/core.yaml", "config/orderer.yaml", "config/configtx.yaml")
    builder = tuple(f"builders/ccaas/bin/{name}" for name in _BUILDER_PROGRAMS)
    missing = [path for path in (*wanted, *builder) if not (release / path).is_file()]
    if missing:
        raise ImageError(
            f"{release}: is not a whole Fabric release: missing {', '.join(missing)}",
            hint=f"unpack hyperledger-fabric-linux-*-{version}.tar.gz and give its folder to --from",
        )
    for name in ("peer", "orderer"):
        _check_version(release / "bin" / name, version)
    images = {PEER_IMAGE: _peer(release, version), ORDERER_IMAGE: _orderer(release, version)}
    return tuple(
        Packed(
            image=images[name].name,
            archive=out / archive,
            identifier=write_image(images[name], out / archive),
        )
        for name, archive in ARCHIVES.items()
    )


def _peer(release: Path, version: str) -> Image:
    # Only what upstream's has, whatever else lies beside it.
    builders = [release / "builders/ccaas/bin" / name for name in _BUILDER_PROGRAMS]
    entries = [
        *program(release / "bin/peer", "/usr/local/bin/peer"),
        File(path=f"{_CONFIG}/core.yaml", content=release / "config/core.yaml"),
        *(entry for path in builders for entry in program(path, f"{_BUILDER}/{path.name}")),
    ]
    return _image(PEER_IMAGE, version, entries, ("peer", "node", "start"))


def _orderer(release: Path, version: str) -> Image:
    entries = [
        *program(release / "bin/orderer", "/usr/local/bin/orderer"),
        File(path=f"{_CONFIG}/orderer.yaml", content=release / "config/orderer.yaml"),
        File(path=f"{_CONFIG}/configtx.yaml", content=release / "config/configtx.yaml"),
    ]
    return _image(ORDERER_IMAGE, version, entries, ("orderer", "start"))


def _image(name: str, version: str, entries: list[Entry], command: tuple[str, ...]) -> Image:
    return Image(
        name=f"{name.removesuffix(FABRIC)}{version}",
        layers=(_base(), tuple(entries)),
        command=command,
        environment=(("PATH", "/usr/local/bin"), ("FABRIC_CFG_PATH", _CONFIG), ("FABRIC_VER", version)),
        labels=(("org.opencontainers.image.version", version),),
    )


def _base() -> tuple[Entry, ...]:
    """Return the files that a distribution would bring and a Fabric node uses."""
    return (
        # Go's own resolver reads it; without it, it asks DNS before /etc/hosts.
        File(path="/etc/nsswitch.conf", content=b"hosts: files dns\n"),
        File(path="/etc/passwd", content=b"root:x:0:0:root:/:\nfabric:x:1000:1000:fabric:/:\n"),
        File(path="/etc/group", content=b"root:x:0:\nfabric:x:1000:\n"),
        Folder(path="/tmp", mode=0o1777),  # noqa: S108 - in the image
        Folder(path="/var/hyperledger", owner=1000),
        Folder(path="/var/hyperledger/production", owner=1000),
        *file_tools(),
    )


def _check_version(binary: Path, wanted: str) -> None:
    """Refuse to give an image the name of another version."""
    try:
        result = subprocess.run([binary, "version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ImageError(f"{binary}: does not run on this machine: {error}") from error
    found = _VERSION.search(result.stdout)
    version = found.group(1) if found else "unknown"
    if version != wanted:
        raise ImageError(
            f"{binary}: is version {version}, expected {wanted}",
            hint="images bear the version's name: pack a release of that version, or give --version",
        )
