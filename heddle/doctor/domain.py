"""Check how the cluster's own names end, and whether the names of an instance's domain resolve."""

import asyncio
import socket
from collections.abc import Iterator, Sequence

from heddle.doctor.findings import Finding
from heddle.errors import HeddleError
from heddle.kube.apiserver import ApiServer
from heddle.kube.dns import cluster_domain, domain_remedy, unknown_names

__all__ = ["dns_domain_finding", "domain_findings"]

_SHOWN = 3
"""Names in a message at most."""


def dns_domain_finding(dns_domain: str, kubeconfig: str) -> Finding:
    """Say whether the cluster's own names end as the stack file says."""
    try:
        found = asyncio.run(_cluster_domain(dns_domain, kubeconfig))
    except HeddleError as error:
        step = "Look into /etc/resolv.conf of any pod: it has a line with svc.DOMAIN."
        return Finding(
            what="DNS domain", found=f"the cluster's DNS cannot be asked: {error.message}", step=step
        )
    if found == dns_domain:
        return Finding(what="DNS domain", found=f"the cluster's own names end with {dns_domain}")
    return Finding(
        what="DNS domain",
        found=f"the cluster's own names do not end with {dns_domain}"
        + (f" but with {found}" if found else ""),
        step=domain_remedy(found),
    )


def domain_findings(domain: str, hosts: Sequence[str], kubeconfig: str) -> Iterator[Finding]:
    """Look up every node's name in the instance's domain, on this machine and at the cluster's DNS."""
    record = f"Give the domain a wildcard record: *.{domain}"
    unknown = [host for host in hosts if not _resolves_here(host)]
    step = f"{record}, to the addresses at which clients reach the cluster."
    yield _finding("names outside", hosts, unknown, step)
    try:
        unknown = asyncio.run(_unknown_inside(hosts, kubeconfig))
    except HeddleError as error:
        yield Finding(
            what="names inside",
            found=f"the cluster's DNS cannot be asked: {error.message}",
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


async def _cluster_domain(wanted: str, kubeconfig: str) -> str:
    return await cluster_domain(await ApiServer.load(kubeconfig), wanted)


async def _unknown_inside(names: Sequence[str], kubeconfig: str) -> list[str]:
    """Return the names that the cluster's DNS does not know. Raises HeddleError if it cannot be asked."""
    return await unknown_names(await ApiServer.load(kubeconfig), names)
