"""Ask the DNS of a cluster for names, through its API server."""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

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

__all__ = ["cluster_domain", "domain_remedy", "unknown_names"]

T = TypeVar("T")

_NAMESPACE = "kube-system"
_SLICES = f"/apis/discovery.k8s.io/v1/namespaces/{_NAMESPACE}/endpointslices"
_DNS_SERVICE = "kubernetes.io/service-name=kube-dns"
"""Every cluster's DNS has a Service of this name, also where CoreDNS answers."""
_API_SERVICE = "/api/v1/namespaces/default/services/kubernetes"
"""The API server's own Service; every cluster has it."""
_API_NAME = "kubernetes.default.svc."
"""What the name of that Service begins with; the DNS domain follows."""
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


async def cluster_domain(server: ApiServer, wanted: str, *, patience: float = 0) -> str:
    """Return the DNS domain of the cluster; empty where all that shows is that it is not `wanted`.

    The name that belongs to the API server's address is asked for first: a cluster's DNS always knows it,
    whereas one that cannot ask anybody outside answers SERVFAIL for a name of another domain. Raises as
    `unknown_names` does.
    """
    address, why_not = await _api_address(server)
    try:
        return await _patient(server, lambda host, port: _domain(wanted, address, host, port), patience)
    except Unreachable as error:
        raise Unreachable("; ".join(filter(None, (error.message, why_not)))) from error


def domain_remedy(found: str) -> str:
    """Return what to do about a wrong domain in the stack file, where `cluster_domain` found this one."""
    setting = f"cluster.dnsDomain: {found}" if found else "cluster.dnsDomain"
    where = "" if found else " /etc/resolv.conf of any pod has a line with svc.DOMAIN."
    return f"Set `{setting}` in the stack file before the first `up`.{where}"


async def unknown_names(server: ApiServer, names: Sequence[str], *, patience: float = 0) -> list[str]:
    """Return the names that the cluster's DNS does not know.

    A DNS that has just begun is waited for, `patience` seconds at most. Raises KubeError at once if it may
    not be asked, as without rights in kube-system, and Unreachable if it still gives no answer then.
    """

    async def all_known(host: str, port: int) -> list[bool]:
        return await asyncio.gather(*(asyncio.to_thread(_resolves, name, host, port) for name in names))

    known = await _patient(server, all_known, patience)
    return [name for name, is_known in zip(names, known, strict=True) if not is_known]


async def _patient(server: ApiServer, ask: Callable[[str, int], Awaitable[T]], patience: float) -> T:
    """Ask again while the DNS gives no answer, `patience` seconds at most."""
    try:
        return await retry(lambda _: _asked(server, ask), deadline=patience)
    except Unreachable as error:
        waited = f"; waited {patience:.0f} s for its DNS" if patience else ""
        raise Unreachable(f"{error.message}{waited}") from error


async def _asked(server: ApiServer, ask: Callable[[str, int], Awaitable[T]]) -> T:
    """Let `ask` talk to the DNS, at a host and a port. Raises Unreachable for its OSError."""
    endpoint = await _endpoint(server)
    if not endpoint.pod:
        return await _answered(ask, endpoint.host, endpoint.port)
    forward = Forward(server, _NAMESPACE, endpoint.pod, endpoint.port)
    try:
        return await _answered(ask, *await forward.listen())
    except Unreachable as error:
        why = forward.trouble or error.message
        raise Unreachable(why) from error
    finally:
        await forward.close()


async def _answered(ask: Callable[[str, int], Awaitable[T]], host: str, port: int) -> T:
    try:
        return await ask(host, port)
    except OSError as error:
        raise Unreachable(str(error)) from error


async def _api_address(server: ApiServer) -> tuple[str, str]:
    """Return the address of the API server's Service; where it cannot be read, empty and the reason."""
    try:
        async with KubeClient(server) as client:
            service = await client.get(_API_SERVICE)
    except (KubeError, Unreachable) as error:
        return "", f"the Service default/kubernetes cannot be read: {error.message}"
    return str(((service or {}).get("spec") or {}).get("clusterIP") or ""), ""


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


async def _domain(wanted: str, address: str, host: str, port: int) -> str:
    """Return the domain as `cluster_domain` does. Raises OSError without an answer."""
    told = await asyncio.to_thread(_domain_at, address, host, port)
    if told == wanted:
        return wanted
    try:
        # A DNS may serve several domains and tell of one.
        known = await asyncio.to_thread(_resolves, f"{_API_NAME}{wanted}", host, port)
    except OSError:
        if not told:
            raise
        return told
    return wanted if known else told


def _domain_at(address: str, host: str, port: int) -> str:
    """Return the domain in the name that the DNS has for the API server's address, empty without one."""
    try:
        name = ipaddress.ip_address(address).reverse_pointer
        records = _records(name, dns.rdatatype.PTR, host, port)
    except (ValueError, OSError):
        return ""
    names = (record.rstrip(".").lower() for record in records)
    return next((name.removeprefix(_API_NAME) for name in names if name.startswith(_API_NAME)), "")


def _resolves(name: str, host: str, port: int) -> bool:
    """Tell whether a name has an address. Raises OSError without an answer."""
    kinds = (dns.rdatatype.A, dns.rdatatype.AAAA)  # a cluster may have IPv6 alone
    return any(_records(name, kind, host, port) for kind in kinds)


def _records(name: str, kind: dns.rdatatype.RdataType, host: str, port: int) -> list[str]:
    """Ask over TCP, which a port-forward carries; `host` is an address. Raises OSError without an answer."""
    query = dns.message.make_query(name, kind)
    try:
        answer = dns.query.tcp(query, host, timeout=_SECONDS, port=port)
    except (EOFError, dns.exception.DNSException) as error:
        raise ConnectionError(f"{host}:{port} gave no answer that can be read: {error}") from error
    if answer.rcode() not in _TELLING:
        raise ConnectionError(f"{host}:{port} answers {dns.rcode.to_text(answer.rcode())} for {name}")
    return [record.to_text() for found in answer.answer if found.rdtype == kind for record in found]
