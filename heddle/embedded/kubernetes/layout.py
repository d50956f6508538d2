"""Derive a cluster's paths and names from the cluster's name. Pure.

Everything that `up` makes can be named from here, so `down` finds it also when `up` was killed at any moment.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from heddle.errors import LocalKubeError
from heddle.paths import DEFAULT_CLUSTERS, clusters_dir

__all__ = ["Layout", "layout_of"]

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Paths and names of one cluster. Nothing here is made yet."""

    name: str
    folder: Path

    @property
    def mark(self) -> str:
        """Return the name of the cluster's network namespace, control group and firewall comments.

        These are the machine's, so two clusters of one name in different folders get different ones.
        """
        if self.folder.parent == DEFAULT_CLUSTERS:
            return f"heddle-{self.name}"
        return f"heddle-{self.name}-{sha256(str(self.folder).encode()).hexdigest()[:6]}"

    @property
    def netns(self) -> Path:
        """Return the name of the cluster's network namespace."""
        return Path("/run/netns") / self.mark

    @property
    def outer_link(self) -> str:
        """Return the machine's end of the link; at most 15 characters, so the name goes in as a hash."""
        return f"hdl{sha256(self.mark.encode()).hexdigest()[:10]}o"

    @property
    def inner_link(self) -> str:
        """Return the node's end of the link."""
        return self.outer_link[:-1] + "i"

    @property
    def lock(self) -> Path:
        """Return the file that is locked while the cluster changes; it goes with `folder`."""
        return self.folder.parent / f".{self.name}.lock"

    @property
    def record(self) -> Path:
        """Return the file of what `up` decided (addresses, version), written before anything is made."""
        return self.folder / "cluster.json"

    @property
    def kubeconfig(self) -> Path:
        """Return the path of the administrator's kubeconfig."""
        return self.folder / "kubeconfig"

    @property
    def certificates(self) -> Path:
        """Return the folder of keys, certificates and the components' kubeconfigs."""
        return self.folder / "certificates"

    @property
    def configuration(self) -> Path:
        """Return the folder of the components' configuration files, written anew by each `up`."""
        return self.folder / "configuration"

    @property
    def logs(self) -> Path:
        """Return the folder with a log per component, and the pods' logs in `pods`."""
        return self.folder / "logs"

    @property
    def pids(self) -> Path:
        """Return the folder with a pid file per component."""
        return self.folder / "pids"

    @property
    def run(self) -> Path:
        """Return the folder that must not outlive the processes: sockets, containers' state, leases."""
        return self.folder / "run"

    @property
    def containerd_socket(self) -> Path:
        """Return containerd's socket as seen from outside; inside it is /run/containerd/containerd.sock."""
        return self.run / "containerd" / "containerd.sock"

    @property
    def volumes(self) -> Path:
        """Return the folder of the volumes, which survive everything but `--purge`."""
        return self.folder / "volumes"

    @property
    def bindings(self) -> dict[Path, Path]:
        """Return the folders mounted for the cluster alone, by paths that components do not let one choose.

        Without this, two clusters would share the kubelet's plugin sockets and the shims' sockets, and leave
        them behind.
        """
        return {
            Path("/var/lib/kubelet"): self.folder / "kubelet",
            Path("/run/containerd"): self.run / "containerd",
            Path("/var/lib/cni"): self.run / "cni",
            Path("/var/log/containers"): self.run / "container-logs",
        }

    @property
    def resolv_conf(self) -> Path:
        """Return the file of name servers for the node (image pulls) and pods with `dnsPolicy: Default`."""
        return self.configuration / "resolv.conf"


def layout_of(name: str) -> Layout:
    """Return the layout of the cluster `name`.

    Raises:
        LocalKubeError: the name is not one that a node, a file and a network namespace can have.
    """
    if not _NAME.fullmatch(name):
        raise LocalKubeError(
            f"cluster name {name!r}: 1 to 30 of a-z, 0-9 and '-', with a letter or digit at both ends"
        )
    folder = clusters_dir() / name
    layout = Layout(name=name, folder=folder)
    if len(str(layout.containerd_socket) + ".ttrpc") > 107:  # sockaddr_un
        raise LocalKubeError(
            f"{layout.containerd_socket}: too long for a socket's path (107 bytes)",
            hint="choose a shorter HEDDLE_CLUSTERS or a shorter name",
        )
    return layout
