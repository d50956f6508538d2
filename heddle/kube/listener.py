"""Listen on this machine's loopback, and carry each connection somewhere else."""

import asyncio
import contextlib
import ssl
from abc import ABC, abstractmethod

__all__ = ["LocalListener"]


class LocalListener(ABC):
    """A listener on 127.0.0.1; a subclass says where its connections lead."""

    def __init__(self) -> None:
        self._starting = asyncio.Lock()
        self._listener: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.trouble = ""
        """Why the last connection could not be made or ended early; "" after one that worked."""

    async def listen(self) -> tuple[str, int]:
        """Return the local address; start to listen at the first call."""
        async with self._starting:
            if self._listener is None:
                self._listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        host, port = self._listener.sockets[0].getsockname()
        return host, port

    async def close(self) -> None:
        """Stop listening and end what runs through here."""
        if self._listener is not None:
            self._listener.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        if self._listener is not None:
            await self._listener.wait_closed()
            self._listener = None

    @abstractmethod
    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until it ends; set `trouble` to "" once it leads somewhere."""

    @abstractmethod
    def _words(self, error: Exception) -> str:
        """Return why a connection broke, without anything secret."""

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs the callback as a task
        self._connections.add(task)
        try:
            await self._carry(reader, writer)
        except asyncio.CancelledError:
            # Only close() cancels, and it awaits the end; the stream server would log this as an error.
            pass
        except Exception as error:
            self.trouble = self._words(error)
        finally:
            self._connections.discard(task)
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError, asyncio.CancelledError):
                await writer.wait_closed()
