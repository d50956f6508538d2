"""Write kubeconfigs with the certificates inside, so that each file is whole."""

from base64 import b64encode
from pathlib import Path

import yaml

from heddle.embedded.kubernetes.addresses import Block
from heddle.embedded.kubernetes.certificates import CLIENTS
from heddle.embedded.kubernetes.layout import Layout

__all__ = ["write_kubeconfigs"]


def write_kubeconfigs(layout: Layout, block: Block) -> None:
    """Write a kubeconfig (0600) for each client certificate; the administrator's is `layout.kubeconfig`."""
    for client in CLIENTS:
        path = layout.kubeconfig if client == "admin" else layout.certificates / f"{client}.kubeconfig"
        content = yaml.safe_dump(_kubeconfig(layout, block, client), sort_keys=False)
        if not path.exists() or path.read_text() != content:
            _write_private(path, content)


def _kubeconfig(layout: Layout, block: Block, client: str) -> dict[str, object]:
    folder = layout.certificates
    cluster = {
        "server": f"https://{block.node}:6443",
        "certificate-authority-data": _base64(folder / "ca.crt"),
    }
    user = {
        "client-certificate-data": _base64(folder / f"{client}.crt"),
        "client-key-data": _base64(folder / f"{client}.key"),
    }
    user_name = f"{layout.mark}-{client}"
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": layout.mark, "cluster": cluster}],
        "users": [{"name": user_name, "user": user}],
        "contexts": [{"name": layout.mark, "context": {"cluster": layout.mark, "user": user_name}}],
        "current-context": layout.mark,
    }


def _base64(path: Path) -> str:
    return b64encode(path.read_bytes()).decode()


def _write_private(path: Path, content: str) -> None:
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(content)
    new.replace(path)
