"""Check whether the names of an instance with a domain resolve, on this machine and inside the cluster."""

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from heddle.doctor.findings import Finding
from heddle.errors import HeddleError
from heddle.fabric.dial import ClusterDialer
from heddle.fabric.node import Node
from heddle.kube.client import KubeClient

__all__ = ["Resolves", "domain_findings"]

Resolves: TypeAlias = Callable[[str, str, int], bool]
"""Says whether a DNS server knows a name: name, address and TCP port of the server. Raises OSError."""

_NAMESPACE = "kube-system"
_SLICES = f"/apis/discovery.k8s.io/v1/namespaces/{_NAMESPACE}/endpointslices"
_DNS_SERVICE = "kubernetes.io/service-name=kube-dns"
"""Every cluster's DNS has a Service of this name, also where CoreDNS answers."""
_SHOWN = 3
"""Names in a message at most."""


def domain_findings(
    domain: str, hosts: Sequence[str], kubeconfig: str, resolves: Resolves
) -> Iterator[Finding]:
    """Look up every node's name in the instance's domain, on this machine and at the cluster's DNS."""
    record = f"Give the domain a wildcard record: *.{domain}"
    unknown = [host for host in hosts if not _resolves_here(host)]
    step = f"{record}, to the addresses at which clients reach the cluster."
    yield _finding("names outside", hosts, unknown, step)
    try:
        unknown = asyncio.run(_unknown_inside(hosts, kubeconfig, resolves))
    except (HeddleError, LookupError, OSError) as error:
        yield Finding(
            what="names inside",
            found=f"the cluster's DNS cannot be asked: {error}",
            step=f"Try it in a pod of the cluster: nslookup {hosts[0]}",
        )
        return
    step = (
        f"{record} at the DNS server that the cluster's own forwards to. "
        "Where the cluster itself serves the domain, the names exist once the network is up."
    )
    yield _finding("names inside", hosts, unknown, step)


def _finding(what: str, hosts: Sequence[str], unknown: Sequence[str], step: str) -> Finding:
    if not unknown:
        return Finding(what=what, found=f"all {len(hosts)} resolve, as {hosts[0]}")
    more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
    return Finding(what=what, found=f"do not resolve: {', '.join(unknown[:_SHOWN])}{more}", step=step)


def _resolves_here(host: str) -> bool:
    try:
        return bool(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
    except OSError:
        return False


async def _unknown_inside(hosts: Sequence[str], kubeconfig: str, resolves: Resolves) -> list[str]:
    """Return the names that the cluster's DNS does not know. Raises HeddleError, LookupError or OSError."""
    server = await _dns_server(kubeconfig)
    async with ClusterDialer(kubeconfig) as dialer:
        address, port = await dialer.endpoint(server, server.port)
        known = await asyncio.gather(*(asyncio.to_thread(resolves, host, address, port) for host in hosts))
    return [host for host, is_known in zip(hosts, known, strict=True) if not is_known]


async def _dns_server(kubeconfig: str) -> Node:
    """Return a ready endpoint of the cluster's DNS over TCP. Raises LookupError if there is none."""
    async with await KubeClient.open(kubeconfig) as client:
        slices = await client.items(_SLICES, labelSelector=_DNS_SERVICE)
    for each in slices:
        ports = [port["port"] for port in each.get("ports") or () if port.get("name") == "dns-tcp"]
        for endpoint in each.get("endpoints") or ():
            if ports and (endpoint.get("conditions") or {}).get("ready") is not False:
                target = endpoint.get("targetRef") or {}
                pod = target.get("name", "") if target.get("kind") == "Pod" else ""
                host = endpoint["addresses"][0]
                return Node(name="dns", msp_id="", host=host, port=ports[0], namespace=_NAMESPACE, pod=pod)
    raise LookupError(f"the Service {_NAMESPACE}/kube-dns has no ready endpoint")
