"""Load images into a running cluster, from files."""

from pathlib import Path

from heddle.embedded.kubernetes.commands import run
from heddle.embedded.kubernetes.layout import Layout, layout_of
from heddle.embedded.kubernetes.machine import snapshotter_of
from heddle.errors import LocalKubeError

__all__ = ["image_names", "load_image"]


def load_image(layout: Layout, archive: Path) -> list[str]:
    """Import a docker-archive or OCI tar file and return the names of its images.

    Raises:
        LocalKubeError: the cluster is not up, or containerd refuses the file, in its words.
    """
    snapshotter = snapshotter_of(layout.folder)
    words = ("images", "import", "--snapshotter", snapshotter, archive)
    said = run(*_ctr(layout), *words, seconds=300)
    # One line each: 'unpacking docker.io/library/x:1 (sha256:…)...done'
    return [line.split()[1] for line in said.splitlines() if line.startswith("unpacking ")]


def image_names(name: str) -> set[str]:
    """Return the names of the images that the cluster `name` has.

    Raises:
        LocalKubeError: the cluster is not up.
    """
    return set(run(*_ctr(layout_of(name)), "images", "list", "--quiet").split())


def _ctr(layout: Layout) -> tuple[str | Path, ...]:
    if not layout.containerd_socket.exists():
        raise LocalKubeError(
            f"cluster {layout.name}: is not up", hint=f"heddle cluster up --name {layout.name}"
        )
    return ("ctr", "--address", layout.containerd_socket, "--namespace", "k8s.io")
