"""Name the folders that Heddle keeps outside the checkout. Pure: nothing here makes a folder."""

import os
import pwd
from pathlib import Path

__all__ = [
    "DEFAULT_CLUSTERS",
    "account_home",
    "cache_dir",
    "cluster_kubeconfig",
    "clusters_dir",
    "expanded",
    "secrets_dir",
]

DEFAULT_CLUSTERS = Path("/var/lib/heddle/clusters")


def cache_dir() -> Path:
    """Return the folder of built programs and images: `$XDG_CACHE_HOME/heddle`, else `~/.cache/heddle`."""
    return _xdg("XDG_CACHE_HOME", ".cache")


def secrets_dir() -> Path:
    """Return the folder of passphrases: `$XDG_CONFIG_HOME/heddle`, else `~/.config/heddle`."""
    return _xdg("XDG_CONFIG_HOME", ".config")


def clusters_dir() -> Path:
    """Return the folder of all local clusters: `$HEDDLE_CLUSTERS`, else `/var/lib/heddle/clusters`.

    Not under a home directory: pods' volumes are there, and overlay file systems need a real disk. Without
    symbolic links: mounts are found by the names that the kernel has for them.
    """
    return Path(os.environ.get("HEDDLE_CLUSTERS") or DEFAULT_CLUSTERS).resolve()


def cluster_kubeconfig(name: str) -> Path:
    """Return the kubeconfig of the local cluster `name`; it exists once the cluster has been up."""
    return clusters_dir() / name / "kubeconfig"


def account_home() -> Path | None:
    """Return the home folder by the system's list of users; $HOME, if set, of a number not on that list."""
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return Path(home) if (home := os.environ.get("HOME")) else None


def expanded(path: Path) -> Path:
    """Return a path with `~` replaced; as it is where that home folder is not known: no file is there."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def _xdg(variable: str, default: str) -> Path:
    """Return Heddle's folder by the XDG rule: an unset, empty or relative value means the default.

    Whoever has no home folder has the root, as container runtimes set it.
    """
    value = Path(os.environ.get(variable) or ".")
    if value.is_absolute():
        return value / "heddle"
    home = Path(os.environ.get("HOME") or account_home() or "/")
    return home / default / "heddle"
