"""Try the way to an API server step by step: its name, a connection, TLS. Nothing is asked of it."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from heddle.kube.kubeconfig import KubeconfigError, proxy_url, server
from heddle.kube.proxies import proxy_for, proxy_name

__all__ = ["way_to_api_server"]

_SECONDS = 5.0


async def way_to_api_server(kubeconfig: str) -> list[str]:
    """Return a line for each step of the way as far as it goes, the last one with why it ends."""
    return [line async for line in _steps(kubeconfig)]


async def _steps(kubeconfig: str) -> AsyncIterator[str]:
    try:
        url = server(kubeconfig)
        proxy = proxy_for(url, proxy_url(kubeconfig))
    except KubeconfigError as error:
        yield f"kubeconfig: {error}"
        return
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    if proxy:
        yield f"{url} is asked through the proxy {proxy_name(proxy)}"
        return
    try:
        async with asyncio.timeout(_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        yield f"{host} resolves to {', '.join(sorted({str(each[4][0]) for each in found}))}"
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
        writer.close()
        yield f"{host}:{port} takes connections"
        # Only whether TLS is spoken: whose certificate it is, the call that failed has said.
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
        writer.close()
        yield f"{host}:{port} speaks TLS, but gives no answer"
    except TimeoutError:
        yield f"{host}:{port}: nothing came within {_SECONDS:.0f} s"
    except OSError as error:
        # asyncio's own words for a refused connection say nothing; a name's errors have numbers below 0.
        words = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        yield f"{host}:{port}: {words or error}"
