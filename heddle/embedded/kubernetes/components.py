"""Say how each component of a cluster is started. Pure: argument lists from layout and addresses."""

from dataclasses import dataclass
from pathlib import Path

from heddle.embedded.kubernetes.addresses import Block
from heddle.embedded.kubernetes.layout import Layout

__all__ = ["HOLDER", "Component", "Programs", "components"]

HOLDER = "holder"
"""The process that keeps the cluster's mount namespace; everything else is started inside it."""


@dataclass(frozen=True, kw_only=True)
class Programs:
    """The programs that Heddle builds: their paths, and `key`, which says from what."""

    key: str
    kube: Path
    coredns: Path
    pause: Path


@dataclass(frozen=True, kw_only=True)
class Component:
    """A process of the cluster: its name (log and pid file) and what to run."""

    name: str
    argv: tuple[str, ...]


def components(layout: Layout, block: Block, programs: Programs) -> dict[str, Component]:
    """Return every component but the holder, by name, in the order in which they can start."""
    kube = str(programs.kube)
    certificates, configuration = layout.certificates, layout.configuration
    commands: dict[str, tuple[str, ...]] = {
        "etcd": (kube, "etcd", *_etcd(layout, block)),
        "containerd": ("containerd", "--config", str(configuration / "containerd.toml")),
        "kube-apiserver": (kube, "kube-apiserver", *_apiserver(layout, block)),
        "kube-controller-manager": (kube, "kube-controller-manager", *_controllers(layout, block)),
        "kube-scheduler": (kube, "kube-scheduler", *_control(layout, "scheduler")),
        "kubelet": (kube, "kubelet", *_kubelet(layout, block)),
        "kube-proxy": (kube, "kube-proxy", f"--config={configuration / 'kube-proxy.yaml'}"),
        "coredns": (str(programs.coredns), "-conf", str(configuration / "Corefile")),
        "provisioner": (
            kube,
            "provisioner",
            f"--kubeconfig={certificates / 'provisioner.kubeconfig'}",
            f"--name={PROVISIONER}",
            f"--root={layout.volumes}",
            f"--node={layout.name}",
            "--metrics-address=0.0.0.0:10270",
        ),
    }
    return {name: Component(name=name, argv=argv) for name, argv in commands.items()}


PROVISIONER = "heddle/local-folder"
"""The provisioner's name in the StorageClass."""


def _etcd(layout: Layout, block: Block) -> list[str]:
    certificates = layout.certificates
    files = {"cert": "etcd.crt", "key": "etcd.key", "trusted-ca": "etcd-ca.crt"}
    return [
        f"--name={layout.name}",
        f"--data-dir={layout.folder / 'etcd'}",
        "--listen-client-urls=https://127.0.0.1:2379",
        "--advertise-client-urls=https://127.0.0.1:2379",
        "--listen-peer-urls=https://127.0.0.1:2380",
        "--initial-advertise-peer-urls=https://127.0.0.1:2380",
        f"--initial-cluster={layout.name}=https://127.0.0.1:2380",
        f"--listen-metrics-urls=http://{block.node}:2381",
        "--client-cert-auth",
        "--peer-client-cert-auth",
        *(f"--{flag}-file={certificates / file}" for flag, file in files.items()),
        *(f"--peer-{flag}-file={certificates / file}" for flag, file in files.items()),
        # Safe against the end of a process, not of the machine: not worth a sync per write here.
        "--unsafe-no-fsync",
    ]


def _apiserver(layout: Layout, block: Block) -> list[str]:
    c = layout.certificates
    return [
        f"--advertise-address={block.node}",
        "--secure-port=6443",
        f"--service-cluster-ip-range={block.services}",
        "--service-node-port-range=30000-40000",
        "--etcd-servers=https://127.0.0.1:2379",
        f"--etcd-cafile={c / 'etcd-ca.crt'}",
        f"--etcd-certfile={c / 'apiserver-etcd.crt'}",
        f"--etcd-keyfile={c / 'apiserver-etcd.key'}",
        f"--tls-cert-file={c / 'apiserver.crt'}",
        f"--tls-private-key-file={c / 'apiserver.key'}",
        f"--client-ca-file={c / 'ca.crt'}",
        f"--kubelet-certificate-authority={c / 'ca.crt'}",
        f"--kubelet-client-certificate={c / 'apiserver-kubelet.crt'}",
        f"--kubelet-client-key={c / 'apiserver-kubelet.key'}",
        # The node's name is in no DNS, so `exec` and `logs` use its address.
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-issuer=https://kubernetes.default.svc.{block.dns_domain}",
        f"--service-account-key-file={c / 'service-accounts.pub'}",
        f"--service-account-signing-key-file={c / 'service-accounts.key'}",
        f"--proxy-client-cert-file={c / 'front-proxy.crt'}",
        f"--proxy-client-key-file={c / 'front-proxy.key'}",
        f"--requestheader-client-ca-file={c / 'front-proxy-ca.crt'}",
        "--requestheader-allowed-names=front-proxy",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
    ]


def _control(layout: Layout, name: str) -> list[str]:
    """Return the flags that controller manager and scheduler share: both authenticate readers of metrics."""
    c = layout.certificates
    kubeconfig = c / f"{name}.kubeconfig"
    return [
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        f"--client-ca-file={c / 'ca.crt'}",
        f"--requestheader-client-ca-file={c / 'front-proxy-ca.crt'}",
        f"--tls-cert-file={c / f'{name}.crt'}",
        f"--tls-private-key-file={c / f'{name}.key'}",
        "--leader-elect=false",
    ]


def _controllers(layout: Layout, block: Block) -> list[str]:
    c = layout.certificates
    return [
        *_control(layout, "controller-manager"),
        "--use-service-account-credentials",
        f"--service-account-private-key-file={c / 'service-accounts.key'}",
        f"--root-ca-file={c / 'ca.crt'}",
        f"--cluster-signing-cert-file={c / 'ca.crt'}",
        f"--cluster-signing-key-file={c / 'ca.key'}",
        "--allocate-node-cidrs",
        f"--cluster-cidr={block.pods}",
        f"--node-cidr-mask-size={block.pods.prefixlen}",
        f"--service-cluster-ip-range={block.services}",
        # The default of 20 requests a second makes its forty controllers start one after the other, for 5 s.
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
    ]


def _kubelet(layout: Layout, block: Block) -> list[str]:
    return [
        f"--config={layout.configuration / 'kubelet.yaml'}",
        f"--kubeconfig={layout.certificates / 'kubelet.kubeconfig'}",
        f"--hostname-override={layout.name}",
        f"--node-ip={block.node}",
    ]
