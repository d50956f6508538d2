"""Ask the DNS of a cluster for names, through its API server."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from heddle.errors import KubeError, Unreachable
from heddle.kube.apiserver import ApiServer
from heddle.kube.client import KubeClient
from heddle.kube.portforward import Forward
from heddle.waiting import retry

__all__ = ["cluster_name", "unknown_names"]

_NAMESPACE = "kube-system"
_SLICES = f"/apis/discovery.k8s.io/v1/namespaces/{_NAMESPACE}/endpointslices"
_DNS_SERVICE = "kubernetes.io/service-name=kube-dns"
"""Every cluster's DNS has a Service of this name, also where CoreDNS answers."""
_SECONDS = 5.0
_TELLING = (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
"""The answers that say whether a name exists. Others, such as SERVFAIL, are of a DNS that does not know yet:
CoreDNS answers so until it has read the cluster's Services (plugin/kubernetes, handler.go)."""


@dataclass(frozen=True, kw_only=True)
class _Endpoint:
    """A server of the cluster's DNS over TCP; `pod` is empty where it is no pod."""

    host: str
    port: int
    pod: str = ""


def cluster_name(dns_domain: str) -> str:
    """Return a name that every cluster with this DNS domain knows: its API server's."""
    return f"kubernetes.default.svc.{dns_domain}"


async def unknown_names(server: ApiServer, names: Sequence[str], *, patience: float = 0) -> list[str]:
    """Return the names that the cluster's DNS does not know.

    A DNS that has just begun is waited for, `patience` seconds at most. Raises KubeError at once if it may
    not be asked, as without rights in kube-system, and Unreachable if it still gives no answer then.
    """
    try:
        return await retry(lambda _: _asked(server, names), deadline=patience)
    except Unreachable as error:
        waited = f"; waited {patience:.0f} s for its DNS" if patience else ""
        raise Unreachable(f"{error.message}{waited}") from error


async def _asked(server: ApiServer, names: Sequence[str]) -> list[str]:
    endpoint = await _endpoint(server)
    if not endpoint.pod:
        return await _unknown(names, endpoint.host, endpoint.port)
    forward = Forward(server, _NAMESPACE, endpoint.pod, endpoint.port)
    try:
        return await _unknown(names, *await forward.listen())
    except Unreachable as error:
        why = forward.trouble or error.message
        raise Unreachable(why) from error
    finally:
        await forward.close()


async def _unknown(names: Sequence[str], host: str, port: int) -> list[str]:
    try:
        known = await asyncio.gather(*(asyncio.to_thread(_resolves, name, host, port) for name in names))
    except OSError as error:
        raise Unreachable(str(error)) from error
    return [name for name, is_known in zip(names, known, strict=True) if not is_known]


async def _endpoint(server: ApiServer) -> _Endpoint:
    """Return a ready endpoint. Raises Unreachable if there is none now, KubeError if it may not be asked."""
    async with KubeClient(server) as client:
        slices = await client.items(_SLICES, labelSelector=_DNS_SERVICE)
    for each in slices:
        ports = [port["port"] for port in each.get("ports") or () if port.get("name") == "dns-tcp"]
        for endpoint in each.get("endpoints") or ():
            if ports and (endpoint.get("conditions") or {}).get("ready") is not False:
                target = endpoint.get("targetRef") or {}
                pod = target.get("name", "") if target.get("kind") == "Pod" else ""
                return _Endpoint(host=endpoint["addresses"][0], port=ports[0], pod=pod)
    if not slices:
        raise KubeError(f"the cluster has no Service {_NAMESPACE}/kube-dns")
    raise Unreachable(f"the Service {_NAMESPACE}/kube-dns has no ready endpoint")


def _resolves(name: str, host: str, port: int) -> bool:
    """Ask over TCP, which a port-forward carries; `host` is an address. Raises OSError without an answer."""
    query = dns.message.make_query(name, dns.rdatatype.A)
    try:
        answer = dns.query.tcp(query, host, timeout=_SECONDS, port=port)
    except (EOFError, dns.exception.DNSException) as error:
        raise ConnectionError(f"{host}:{port} gave no answer that can be read: {error}") from error
    if answer.rcode() not in _TELLING:
        raise ConnectionError(f"{host}:{port} answers {dns.rcode.to_text(answer.rcode())} for {name}")
    return any(record.rdtype == dns.rdatatype.A for record in answer.answer)
