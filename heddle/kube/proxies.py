"""Choose the proxy to an address, by the variables that Go programs and curl obey.

Rules: golang.org/x/net/http/httpproxy, which kubectl, Pulumi's providers and Fabric's own tools follow.
"""

import ipaddress
import os
from collections.abc import Iterable, Mapping
from urllib.parse import SplitResult, unquote, urlsplit

from heddle.errors import KubeError

__all__ = ["proxy_address", "proxy_credentials", "proxy_for", "proxy_name"]

_PORTS = {"http": 80, "https": 443}
"""The schemes that a proxy's URL may have, each with its usual port."""


def proxy_for(url: str, proxy_url: str = "", environment: Mapping[str, str] | None = None) -> str:
    """Return the URL of the proxy to go through to `url`, "" to go there directly.

    A kubeconfig's `proxy-url` always counts. Without one $HTTPS_PROXY ($HTTP_PROXY for http) counts, in
    capitals or small letters, unless the address is of this machine or $NO_PROXY names it. Raises KubeError
    for a proxy that cannot be used.
    """
    if proxy_url:
        return _checked(proxy_url, "the kubeconfig's proxy-url")
    environment = os.environ if environment is None else environment
    target = urlsplit(url)
    name = "HTTPS_PROXY" if target.scheme in ("https", "wss") else "HTTP_PROXY"
    value = _variable(environment, name)
    if not value or _direct(target, _variable(environment, "NO_PROXY")):
        return ""
    return _checked(value, f"${name}")


def proxy_name(proxy: str) -> str:
    """Return a proxy's URL without user and password, for messages."""
    try:
        parts = urlsplit(proxy)
    except ValueError:
        return "(not a URL)"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def proxy_address(proxy: str) -> tuple[str, int]:
    """Return host and port of a proxy that `proxy_for` chose."""
    parts = urlsplit(proxy)
    return parts.hostname or "", parts.port or _PORTS[parts.scheme]


def proxy_credentials(proxy: str) -> str:
    """Return USER:PASSWORD of a proxy's URL, "" if it has none."""
    parts = urlsplit(proxy)
    return "" if parts.username is None else f"{unquote(parts.username)}:{unquote(parts.password or '')}"


def _variable(environment: Mapping[str, str], name: str) -> str:
    return (environment.get(name) or environment.get(name.lower()) or "").strip()


def _checked(value: str, named_by: str) -> str:
    """Return the proxy's URL; one without a scheme is http. Errors do not quote it: it may hold secrets."""
    url = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise KubeError(
            f"{named_by} is not the URL of a proxy", hint="Write it as http://HOST:PORT, or take it away."
        )
    if parts.scheme not in _PORTS:
        raise KubeError(
            f"{named_by} names a proxy of the kind {parts.scheme}; allowed are {' and '.join(_PORTS)}",
            hint="Name an HTTP proxy that allows CONNECT, or add the address to NO_PROXY.",
        )
    return url


def _direct(target: SplitResult, no_proxy: str) -> bool:
    host = (target.hostname or "").rstrip(".").lower()
    port = target.port or _PORTS.get(target.scheme, 443)
    address = _address(host)
    if not host or host == "localhost" or (address and address.is_loopback):
        return True
    return any(_matches(entry, host, port, address) for entry in _entries(no_proxy))


def _entries(no_proxy: str) -> Iterable[str]:
    return (entry for each in no_proxy.split(",") if (entry := each.strip().lower()))


def _matches(entry: str, host: str, port: int, address: "_Address | None") -> bool:
    """Tell whether an entry of NO_PROXY names the host: by `*`, a network, an address or a domain."""
    if entry == "*":
        return True
    network = _network(entry)
    if network is not None:
        return address is not None and address.version == network.version and address in network
    name, wanted_port = _split(entry)
    if wanted_port and wanted_port != str(port):
        return False
    if (named := _address(name)) is not None:
        return address == named
    # `.example.com` and `*.example.com` mean names below the domain, `example.com` the domain as well.
    suffix = name.removeprefix("*")
    return host.endswith(suffix) if suffix.startswith(".") else host == suffix or host.endswith(f".{suffix}")


def _split(entry: str) -> tuple[str, str]:
    """Return host and port of an entry; the port may be absent, an IPv6 address may stand in brackets."""
    if _address(entry) is not None:
        return entry, ""
    host, separator, port = entry.rpartition(":")
    if not separator or not port.isdigit():
        host, port = entry, ""
    return host.removeprefix("[").removesuffix("]"), port


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _address(text: str) -> _Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        return None
