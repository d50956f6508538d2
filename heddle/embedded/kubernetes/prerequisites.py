"""Install what a cluster needs and the machine lacks, from Debian, if that removes nothing."""

import os
import platform
from collections.abc import Callable

from heddle.embedded.kubernetes import cgroups
from heddle.embedded.kubernetes.commands import run
from heddle.embedded.kubernetes.machine import cni_folder, find_program
from heddle.errors import LocalKubeError

__all__ = ["ensure_prerequisites", "ensure_root", "missing", "removals"]

_PROGRAMS = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "mount": "mount",
    "sysctl": "procps",
}
"""Each program and Debian's package for it."""
_ELSEWHERE = "or use a cluster of your own: make up CONTEXT=your-kube-context"


def missing() -> dict[str, str]:
    """Return the programs that this machine lacks, each with Debian's package."""
    found = {name: package for name, package in _PROGRAMS.items() if find_program(name) is None}
    if cni_folder() is None:
        found["CNI plugins"] = "containernetworking-plugins"
    return found


def ensure_root() -> None:
    """Return if this is root.

    Raises:
        LocalKubeError: it is not, and everything of a local cluster is root's.
    """
    if os.geteuid() != 0:
        raise LocalKubeError("a local cluster is root's: run this with sudo")


def obstacles(*, needs_go: bool = True) -> list[str]:
    """Return the reasons why no cluster runs here that no package removes."""
    problems = []
    if platform.system() != "Linux":
        problems.append(f"Linux is needed, this is {platform.system()}")
    elif os.geteuid() != 0:
        problems.append("root is needed (network namespaces, containers): run it with sudo")
    elif not cgroups.writable():
        problems.append("control groups must be writable (a container needs --privileged for that)")
    if needs_go and find_program("go") is None:
        problems.append("Go 1.26 or later is needed (https://go.dev/dl), to build Kubernetes once")
    return problems


def ensure_prerequisites(say: Callable[[str], None], *, needs_go: bool) -> None:
    """Return once everything is there; installs Debian's packages for what is missing.

    Raises:
        LocalKubeError: not Linux, not root, no Go, or a package cannot be had without removing another.
    """
    problems = obstacles(needs_go=needs_go)
    if not problems and (lacking := missing()):
        problems = _install(lacking, say)
    if problems:
        raise LocalKubeError("a local cluster cannot run here: " + "; ".join(problems), hint=_ELSEWHERE)


def _install(lacking: dict[str, str], say: Callable[[str], None]) -> list[str]:
    """Install packages for what is lacking; return why that is not possible, or nothing."""
    what = ", ".join(f"{name} (Debian: {package})" for name, package in lacking.items())
    if find_program("apt-get") is None:
        return [f"missing: {what}; this machine has no apt-get, install them with its own package manager"]
    packages = sorted(set(lacking.values()))
    say(f"installing {', '.join(packages)}")
    try:
        if removed := removals(_simulated(packages)):
            would = f"would remove {', '.join(removed)}"
            return [f"missing: {what}; installing {would}, so nothing was installed"]
        options = ["--yes", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold"]
        run("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *options, "install", *packages, seconds=600)
    except LocalKubeError as error:
        return [f"missing: {what}; {error.message}"]
    still = missing()
    return [f"still missing after installing: {', '.join(still)}"] if still else []


def _simulated(packages: list[str]) -> str:
    """Return what apt-get would do; on a fresh machine, fetch its lists first."""
    try:
        return run("apt-get", "--simulate", "install", *packages, seconds=120)
    except LocalKubeError:
        run("apt-get", "update", seconds=300)
        return run("apt-get", "--simulate", "install", *packages, seconds=120)


def removals(simulated: str) -> list[str]:
    """Return the packages that `apt-get --simulate` would remove (its lines 'Remv NAME …', 'Purg NAME …')."""
    words = (line.split() for line in simulated.splitlines())
    return [line[1] for line in words if len(line) > 1 and line[0] in ("Remv", "Purg")]
