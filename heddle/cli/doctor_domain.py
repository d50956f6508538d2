"""Whether the names of an instance with a domain resolve: for clients outside, and inside the cluster."""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml
from kubernetes import client
from kubernetes.client import ApiException
from kubernetes.config import new_client_from_config_dict
from urllib3.exceptions import HTTPError

from heddle.cli.findings import Finding
from heddle.embedded.kubernetes.dns import resolves_by_tcp
from heddle.errors import HeddleError
from heddle.fabric.dial import ClusterDialer
from heddle.fabric.node import Node

__all__ = ["domain_findings"]

_SHOWN = 3
"""Names in a message at most."""


@dataclass(frozen=True, kw_only=True)
class _DnsServer:
    """Where the cluster's own DNS answers over TCP; `pod` is empty where it is no pod."""

    address: str
    port: int
    namespace: str
    pod: str


def domain_findings(domain: str, hosts: Sequence[str], kubeconfig: str) -> Iterator[Finding]:
    """Look up every node's name, here and at the cluster's DNS.

    Args:
        domain: the instance's domain.
        hosts: the nodes' names in it.
        kubeconfig: of the cluster, as text.
    """
    record = f"Give the domain a wildcard record: *.{domain}"
    yield _finding(
        "names outside",
        hosts,
        [host for host in hosts if not _resolves_here(host)],
        f"{record}, to the addresses at which clients reach the cluster.",
    )
    try:
        unknown = asyncio.run(_unknown_inside(hosts, kubeconfig))
    except (ApiException, HeddleError, HTTPError, LookupError, OSError) as error:
        yield Finding(
            what="names inside",
            found=f"the cluster's DNS cannot be asked: {error}",
            step=f"Try it in a pod of the cluster: nslookup {hosts[0]}",
        )
        return
    step = f"{record} at the DNS that the cluster's own asks. A domain that the cluster itself answers for"
    yield _finding("names inside", hosts, unknown, f"{step} has its names once the network is up.")


def _finding(what: str, hosts: Sequence[str], unknown: Sequence[str], step: str) -> Finding:
    if not unknown:
        return Finding(what=what, found=f"all {len(hosts)} resolve, as {hosts[0]}")
    more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
    return Finding(what=what, found=f"nobody knows {', '.join(unknown[:_SHOWN])}{more}", step=step)


def _resolves_here(host: str) -> bool:
    try:
        return bool(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
    except OSError:
        return False


async def _unknown_inside(hosts: Sequence[str], kubeconfig: str) -> list[str]:
    """Names that the cluster's DNS does not know. Raises what the API server or the network says."""
    server = await asyncio.to_thread(_dns_server, kubeconfig)
    node = Node(
        name="dns",
        msp_id="",
        host=server.address,
        port=server.port,
        namespace=server.namespace,
        pod=server.pod,
    )
    async with ClusterDialer(kubeconfig) as dialer:
        address, port = await dialer.endpoint(node, server.port)
        known = await asyncio.gather(
            *(asyncio.to_thread(resolves_by_tcp, host, address, port) for host in hosts)
        )
    return [host for host, is_known in zip(hosts, known, strict=True) if not is_known]


def _dns_server(kubeconfig: str) -> _DnsServer:
    """A ready endpoint of the Service that every cluster's DNS has, kube-system/kube-dns."""
    api = new_client_from_config_dict(yaml.safe_load(kubeconfig))
    found = client.DiscoveryV1Api(api).list_namespaced_endpoint_slice(
        "kube-system", label_selector="kubernetes.io/service-name=kube-dns", _request_timeout=10
    )
    for one in found.items:
        ports = [
            port.port
            for port in one.ports or ()
            if port.port is not None and port.protocol == "TCP" and port.name == "dns-tcp"
        ]
        for endpoint in one.endpoints or ():
            if ports and (endpoint.conditions is None or endpoint.conditions.ready is not False):
                target = endpoint.target_ref
                return _DnsServer(
                    address=endpoint.addresses[0],
                    port=ports[0],
                    namespace="kube-system",
                    pod=(target.name or "") if target is not None and target.kind == "Pod" else "",
                )
    raise LookupError("the Service kube-system/kube-dns has no ready endpoint")
