"""Write the components' configuration files, anew by each `up`.

What a component takes only as a flag is in components.py.
"""

import json
from pathlib import Path

import jinja2
import yaml

from heddle.embedded.kubernetes.addresses import Block
from heddle.embedded.kubernetes.layout import Layout
from heddle.embedded.kubernetes.machine import Machine

__all__ = ["PAUSE_IMAGE", "PUBLIC_DOMAIN", "write_configuration"]

PUBLIC_DOMAIN = "heddle.test"
"""A second name of the same Services: `<service>.<namespace>.svc.heddle.test` stands for a public domain, so
that an instance with one can be tried on this machine (`.test` is nobody's, RFC 6761)."""
PAUSE_IMAGE = "localhost/heddle/pause:1"

_TEMPLATES = jinja2.Environment(  # noqa: S701 — no HTML: `quoted` escapes
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    undefined=jinja2.StrictUndefined,
    keep_trailing_newline=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
# A string or boolean of TOML is JSON's.
_TEMPLATES.filters["quoted"] = json.dumps


def write_configuration(layout: Layout, block: Block, machine: Machine) -> None:
    """Write the files below `layout.configuration` that are not there as they should be.

    An unchanged file is not touched: kube-proxy ends when its own is.
    """
    servers = "".join(f"nameserver {server}\n" for server in machine.name_servers)
    files = {
        "containerd.toml": _template(
            "containerd.toml",
            machine=machine,
            pause_image=PAUSE_IMAGE,
            folder=layout.folder,
            run=layout.run,
            configuration=layout.configuration,
        ),
        "cni/10-heddle.conflist": json.dumps(_cni(layout, block), indent=2),
        "kubelet.yaml": yaml.safe_dump(_kubelet(layout, block, machine)),
        "kube-proxy.yaml": yaml.safe_dump(_kube_proxy(layout, block, machine)),
        # Names outside the cluster are asked of the machine's name servers; with none, or when none answers,
        # the answer is no at once: nothing hangs.
        "Corefile": _template(
            "Corefile",
            block=block,
            machine=machine,
            domain=block.dns_domain,
            public_domain=PUBLIC_DOMAIN,
            certificates=layout.certificates,
        ),
        # No search list: a pod's names end in the cluster's domain or are whole.
        layout.resolv_conf.name: servers or "# this machine has no name server outside loopback\n",
    }
    for name, content in files.items():
        path = layout.configuration / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != content:
            path.write_text(content)


def _template(name: str, **variables: object) -> str:
    """Return one of the files in templates/, with its variables filled in."""
    return _TEMPLATES.get_template(f"{name}.j2").render(**variables)


def _cni(layout: Layout, block: Block) -> dict[str, object]:
    """Return routed links, one per pod: they work without br_netfilter, which a bridge needs for Services."""
    ranges = [[{"subnet": str(block.pods)}]]
    ipam = {"type": "host-local", "ranges": ranges, "routes": [{"dst": "0.0.0.0/0"}]}
    return {
        "cniVersion": "0.4.0",
        "name": layout.mark,
        "plugins": [
            {"type": "ptp", "ipMasq": False, "ipam": ipam},
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def _kubelet(layout: Layout, block: Block, machine: Machine) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(layout.certificates / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(layout.certificates / "kubelet.crt"),
        "tlsPrivateKeyFile": str(layout.certificates / "kubelet.key"),
        "clusterDomain": block.dns_domain,
        "clusterDNS": [str(block.dns_service)],
        "resolvConf": str(layout.resolv_conf),
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{layout.mark}",
        # Exists only once the kubelet's own reservations are asked for; the machine has other uses than this.
        "enforceNodeAllocatable": [],
        "failSwapOn": False,
        "failCgroupV1": False,
        "podLogsDir": str(layout.logs / "pods"),
        "volumePluginDir": str(layout.folder / "kubelet" / "volume-plugins"),
        # Images come from files and could not be pulled again; and a full disk is the machine's affair, not
        # a reason to evict a ledger.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "0%",
            "nodefs.inodesFree": "0%",
            "imagefs.available": "0%",
        },
        "serializeImagePulls": False,
        "seccompDefault": True,
        "maxPods": 250,
        # A lower score than the parent's needs CAP_SYS_RESOURCE.
        "oomScoreAdj": -999 if machine.sys_resource else 0,
    }


def _kube_proxy(layout: Layout, block: Block, machine: Machine) -> dict[str, object]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clusterCIDR": str(block.pods),
        "hostnameOverride": layout.name,
        "clientConnection": {"kubeconfig": str(layout.certificates / "kube-proxy.kubeconfig")},
        "healthzBindAddress": "0.0.0.0:10256",
        "metricsBindAddress": "0.0.0.0:10249",
        # These limits are the machine's; a network namespace may not write them.
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
        # The default second is for thousands of Services; here a new Service should work at once.
        "iptables": {"minSyncPeriod": "100ms"},
        "oomScoreAdj": -999 if machine.sys_resource else 0,
    }
