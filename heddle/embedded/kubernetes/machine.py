"""Read facts of this machine: programs, plugins, capabilities, name servers. Nothing is changed."""

import os
import shutil
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

__all__ = ["Machine", "machine"]

_CNI_FOLDERS = ("/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni")
_CNI_PLUGINS = ("ptp", "host-local", "portmap", "loopback")
_CAP_SYS_RESOURCE = 24  # linux/capability.h


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The parts of this machine that a cluster is made with."""

    cni: Path | None
    sys_resource: bool
    apparmor: bool
    name_servers: tuple[str, ...]
    snapshotter: str


def machine(clusters: Path) -> Machine:
    """Look at this machine; `clusters` is where the clusters' folders are, or will be."""
    return Machine(
        cni=cni_folder(),
        sys_resource=has_capability(_CAP_SYS_RESOURCE),
        apparmor=Path("/sys/module/apparmor/parameters/enabled").exists(),
        name_servers=name_servers(),
        snapshotter=snapshotter_of(clusters),
    )


def find_program(name: str) -> str | None:
    """Return the path of a program; /usr/sbin is searched also where PATH, as a service's, lacks it."""
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"))
    return shutil.which(name, path=path)


def cni_folder() -> Path | None:
    """Return the first folder with every CNI plugin that a cluster uses."""
    folders = (Path(folder) for folder in _CNI_FOLDERS)
    return next((f for f in folders if all(os.access(f / p, os.X_OK) for p in _CNI_PLUGINS)), None)


def has_capability(number: int) -> bool:
    """Tell whether this process, and so its children, have the capability."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> number & 1)
    return False


def name_servers() -> tuple[str, ...]:
    """Return the machine's name servers that another network namespace can ask, so none on loopback.

    systemd-resolved listens on 127.0.0.53 and keeps the real ones in a file of its own.
    """
    for path in (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf")):
        try:
            lines = [line.split() for line in path.read_text().splitlines()]
        except OSError:
            continue
        servers = [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"]
        usable = tuple(server for server in servers if _usable(server))
        if usable:
            return usable
    return ()


def snapshotter_of(folder: Path) -> str:
    """Return containerd's snapshotter for `folder`: overlay mounts, or copies where it is on an overlay.

    An overlay does not stack on another, as a container's root has it.
    """
    while not folder.exists():
        folder = folder.parent
    best, kind = "", ""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        mount = left.split()[4]
        if folder.is_relative_to(mount) and len(mount) >= len(best):
            best, kind = mount, right.split()[0]
    return "native" if kind == "overlay" else "overlayfs"


def _usable(server: str) -> bool:
    try:
        address = ip_address(server)
    except ValueError:
        return False
    return address.version == 4 and not address.is_loopback
