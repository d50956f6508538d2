"""Reach a TCP address through an HTTP proxy that allows CONNECT (RFC 9110, 9.3.6)."""

import asyncio
import base64
import ssl
from urllib.parse import urlsplit

from heddle.errors import KubeError
from heddle.kube.listener import LocalListener
from heddle.kube.proxies import proxy_address, proxy_credentials, proxy_name
from heddle.text import printable

__all__ = ["Tunnel"]

_OPEN_SECONDS = 15.0
_CHUNK = 64 * 1024


class Tunnel(LocalListener):
    """An address beyond a proxy behind a listener on 127.0.0.1."""

    def __init__(self, proxy: str, host: str, port: int) -> None:
        super().__init__()
        self._proxy = proxy
        self._target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_OPEN_SECONDS):
            far_reader, far_writer = await self._open()
        self.trouble = ""
        try:
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        finally:
            far_writer.close()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the proxy and ask it for the target. Raises KubeError when it refuses."""
        tls = ssl.create_default_context() if urlsplit(self._proxy).scheme == "https" else None
        reader, writer = await asyncio.open_connection(*proxy_address(self._proxy), ssl=tls)
        try:
            writer.write(self._request().encode())
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.close()
            raise KubeError("it is no HTTP proxy") from None
        except BaseException:
            writer.close()
            raise
        status = head.split(b"\r\n", 1)[0].decode(errors="replace").split(" ", 1)
        if not status[0].startswith("HTTP/1.") or not status[-1].startswith("2"):
            writer.close()
            raise KubeError(f"it refuses: {' '.join(status)}")
        return reader, writer

    def _request(self) -> str:
        lines = [f"CONNECT {self._target} HTTP/1.1", f"Host: {self._target}"]
        if credentials := proxy_credentials(self._proxy):
            lines.append(f"Proxy-Authorization: Basic {base64.b64encode(credentials.encode()).decode()}")
        return "\r\n".join([*lines, "", ""])

    def _words(self, error: Exception) -> str:
        why = error.message if isinstance(error, KubeError) else str(error)
        return f"proxy {proxy_name(self._proxy)}: {printable(why) or type(error).__name__}"


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes one way until that side ends, and let the other side know."""
    try:
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof() if writer.can_write_eof() else writer.close()
    except OSError:
        writer.close()  # either end has gone; the other is told
