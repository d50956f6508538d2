"""What the components are told."""

import json
import tomllib
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml

from heddle.embedded.kubernetes.addresses import Block
from heddle.embedded.kubernetes.certificates import subjects
from heddle.embedded.kubernetes.components import Programs, components
from heddle.embedded.kubernetes.configuration import write_configuration
from heddle.embedded.kubernetes.layout import Layout
from heddle.embedded.kubernetes.machine import Machine

BLOCK = Block(network=IPv4Network("10.208.16.0/20"))
MACHINE = Machine(
    cni=Path("/usr/lib/cni"),
    sys_resource=False,
    apparmor=False,
    name_servers=("192.0.2.53",),
    snapshotter="overlayfs",
)


def containerd(layout: Layout, machine: Machine) -> dict[str, Any]:
    write_configuration(layout, BLOCK, machine)
    return tomllib.loads((layout.configuration / "containerd.toml").read_text())


@pytest.mark.parametrize("capable", [True, False])
def test_containerd_lowers_no_score_without_the_capability(layout: Layout, capable: bool) -> None:
    """Without CAP_SYS_RESOURCE every sandbox would fail; with it, scores are as Kubernetes wants them."""
    config = containerd(layout, replace(MACHINE, sys_resource=capable))
    assert config["plugins"]["io.containerd.grpc.v1.cri"]["restrict_oom_score_adj"] is not capable


@pytest.mark.parametrize("snapshotter", ["overlayfs", "native"])
def test_containerd_copies_where_overlay_cannot_stack(layout: Layout, snapshotter: str) -> None:
    """On an overlay, as in a container, layers are copied instead of mounted."""
    config = containerd(layout, replace(MACHINE, snapshotter=snapshotter))
    assert config["plugins"]["io.containerd.grpc.v1.cri"]["containerd"]["snapshotter"] == snapshotter


def test_nothing_is_configured_outside_the_cluster(layout: Layout) -> None:
    """Paths that containerd writes to are the cluster's own or in its mount namespace."""
    config = containerd(layout, MACHINE)
    assert Path(config["root"]).is_relative_to(layout.folder)
    assert Path(config["state"]) in layout.bindings
    assert Path(config["plugins"]["io.containerd.internal.v1.opt"]["path"]).is_relative_to(layout.folder)


def test_pods_get_addresses_of_the_block(layout: Layout) -> None:
    """From its pod range and no other."""
    write_configuration(layout, BLOCK, MACHINE)
    plugins = json.loads((layout.configuration / "cni" / "10-heddle.conflist").read_text())["plugins"]
    assert plugins[0]["ipam"]["ranges"] == [[{"subnet": str(BLOCK.pods)}]]


def test_no_name_server_means_no_forwarding(layout: Layout) -> None:
    """A name outside is answered with no at once, instead of hanging on a server that is not there."""
    write_configuration(layout, BLOCK, replace(MACHINE, name_servers=()))
    assert "forward" not in (layout.configuration / "Corefile").read_text()
    write_configuration(layout, BLOCK, MACHINE)
    assert "forward . 192.0.2.53" in (layout.configuration / "Corefile").read_text()


def test_services_have_a_name_in_a_domain_that_stands_for_a_public_one(layout: Layout) -> None:
    """Names of an instance with a domain resolve in pods without anybody's name servers."""
    write_configuration(layout, BLOCK, MACHINE)
    assert "kubernetes cluster.local heddle.test " in (layout.configuration / "Corefile").read_text()


def test_names_end_with_the_clusters_own_domain(layout: Layout) -> None:
    """At its DNS, in pods, and in the API server's certificate and tokens."""
    block = replace(BLOCK, dns_domain="k8s.corp.example")
    programs = Programs(key="", kube=Path("/kube"), coredns=Path("/coredns"), pause=Path("/pause"))
    write_configuration(layout, block, MACHINE)
    api = "kubernetes.default.svc.k8s.corp.example"

    assert "kubernetes k8s.corp.example heddle.test " in (layout.configuration / "Corefile").read_text()
    kubelet = yaml.safe_load((layout.configuration / "kubelet.yaml").read_text())
    assert kubelet["clusterDomain"] == "k8s.corp.example"
    assert api in subjects(layout, block)["apiserver"].hosts
    flags = components(layout, block, programs)["kube-apiserver"].argv
    assert f"--service-account-issuer=https://{api}" in flags


def test_the_kubelet_keeps_to_its_control_group(layout: Layout) -> None:
    """Two clusters on one machine share no group, and images from files are never collected."""
    write_configuration(layout, BLOCK, MACHINE)
    config = yaml.safe_load((layout.configuration / "kubelet.yaml").read_text())
    assert config["cgroupRoot"] == f"/{layout.mark}"
    assert config["imageGCHighThresholdPercent"] == 100


def test_every_connection_is_verified(layout: Layout) -> None:
    """No component is told to skip a check, and etcd takes nobody without a certificate."""
    programs = Programs(key="", kube=Path("/kube"), coredns=Path("/coredns"), pause=Path("/pause"))
    started = components(layout, BLOCK, programs)
    words = [word for component in started.values() for word in component.argv]
    assert not [word for word in words if "insecure" in word or "skip" in word]
    assert "--client-cert-auth" in started["etcd"].argv
    assert "--authorization-mode=Node,RBAC" in started["kube-apiserver"].argv
    assert "--service-node-port-range=30000-40000" in started["kube-apiserver"].argv
