"""The components' configuration files, written anew by each `up`.

What a component takes only as a flag is in components.py.
"""

import json

import yaml

from heddle.embedded.kubernetes.addresses import Block
from heddle.embedded.kubernetes.layout import Layout
from heddle.embedded.kubernetes.machine import Machine

__all__ = ["DOMAIN", "PAUSE_IMAGE", "PUBLIC_DOMAIN", "write_configuration"]

DOMAIN = "cluster.local"
PUBLIC_DOMAIN = "heddle.test"
"""A second name of the same Services: `<service>.<namespace>.svc.heddle.test` stands for a public domain, so
that an instance with one can be tried on this machine (`.test` is nobody's, RFC 6761)."""
PAUSE_IMAGE = "localhost/heddle/pause:1"


def write_configuration(layout: Layout, block: Block, machine: Machine) -> None:
    """Write the files below `layout.configuration` that are not there as they should be.

    An unchanged file is not touched: kube-proxy ends when its own is.
    """
    servers = "".join(f"nameserver {server}\n" for server in machine.name_servers)
    files = {
        "containerd.toml": _containerd(layout, machine),
        "cni/10-heddle.conflist": json.dumps(_cni(layout, block), indent=2),
        "kubelet.yaml": yaml.safe_dump(_kubelet(layout, block, machine)),
        "kube-proxy.yaml": yaml.safe_dump(_kube_proxy(layout, block, machine)),
        "Corefile": _corefile(layout, block, machine),
        # No search list: a pod's names end in the cluster's domain or are whole.
        layout.resolv_conf.name: servers or "# this machine has no name server outside loopback\n",
    }
    for name, content in files.items():
        path = layout.configuration / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != content:
            path.write_text(content)


def _containerd(layout: Layout, machine: Machine) -> str:
    """TOML for containerd (configuration version 2, containerd 1.6 and 1.7; 2.x migrates it)."""
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    return f"""\
version = 2
root = {_toml(layout.folder / "containerd")}
state = "/run/containerd"
oom_score = 0
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.internal.v1.tracing",
]

[grpc]
address = "/run/containerd/containerd.sock"

[metrics]
address = "0.0.0.0:1338"

# Its default would make /opt/containerd.
[plugins."io.containerd.internal.v1.opt"]
path = {_toml(layout.run / "opt")}

[{cri}]
sandbox_image = "{PAUSE_IMAGE}"
# Namespaces of pods go with the cluster's mount namespace instead of staying in /run/netns.
netns_mounts_under_state_dir = true
# Without CAP_SYS_RESOURCE every sandbox fails where a lower score is asked for.
restrict_oom_score_adj = {_toml(not machine.sys_resource)}

[{cri}.containerd]
snapshotter = "{machine.snapshotter}"
default_runtime_name = "runc"

[{cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[{cri}.containerd.runtimes.runc.options]
SystemdCgroup = false

[{cri}.cni]
bin_dir = {_toml(machine.cni)}
conf_dir = {_toml(layout.configuration / "cni")}
"""


def _toml(value: object) -> str:
    """A TOML string or boolean: both are JSON's."""
    return json.dumps(value if isinstance(value, bool) else str(value))


def _cni(layout: Layout, block: Block) -> dict[str, object]:
    """Pods on links of their own, routed: works without br_netfilter, which a bridge needs for Services."""
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
        "clusterDomain": DOMAIN,
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


def _corefile(layout: Layout, block: Block, machine: Machine) -> str:
    """Names outside the cluster are asked of the machine's name servers; with none, the answer is no at once.

    `failfast_all_unhealthy_upstreams` answers at once, too, when none of them does: nothing hangs.
    """
    forward = ""
    if machine.name_servers:
        servers = " ".join(machine.name_servers)
        forward = f"forward . {servers} {{\n        failfast_all_unhealthy_upstreams\n    }}"
    return f"""\
.:53 {{
    bind {block.node}
    errors
    health {block.node}:8080
    ready {block.node}:8181
    prometheus {block.node}:9153
    kubernetes {DOMAIN} {PUBLIC_DOMAIN} in-addr.arpa ip6.arpa {{
        kubeconfig {layout.certificates / "coredns.kubeconfig"}
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 5
    }}
    cache 5
    {forward}
}}
"""
