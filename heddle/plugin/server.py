"""Serve a provider to Pulumi's CLI: gRPC on loopback, the port on the first line of standard output.

Source: sdk/go/common/resource/plugin/plugin.go (how a plugin is started) of pulumi/pulumi, 3.272.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Sequence

import grpc
import grpc.aio
from pulumi.runtime.proto import provider_pb2_grpc

from heddle.plugin.interface import Provider, ProviderFactory
from heddle.plugin.log import EngineLog
from heddle.plugin.servicer import Servicer

__all__ = ["serve", "start"]

_MESSAGE_SIZE = 400 * 1024 * 1024
"""Bytes; what Pulumi's own SDKs allow."""
OPTIONS = [
    ("grpc.max_receive_message_length", _MESSAGE_SIZE),
    ("grpc.max_send_message_length", _MESSAGE_SIZE),
]
_ORPHAN_CHECK = 1.0
"""Seconds between two looks whether the CLI that started this plugin still lives."""


def serve(
    provider_factory: ProviderFactory, *, version: str = "0.0.0", argv: Sequence[str] | None = None
) -> None:
    """Run until the CLI ends this process or is gone itself.

    Args:
        provider_factory: makes the provider; it gets a log that reaches the engine.
        version: the plugin's version, semver.
        argv: the arguments after the program's name; the first that is no flag is the engine's address;
            without it the engine must attach (`PULUMI_DEBUG_PROVIDERS`).
    """
    arguments = sys.argv[1:] if argv is None else argv
    address = next((argument for argument in arguments if not argument.startswith("-")), "")
    # Ctrl-C reaches the whole process group; the engine answers it with a Cancel call.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(_serve(provider_factory, version, address))


async def _serve(provider_factory: ProviderFactory, version: str, address: str) -> None:
    """Start, print the port, and wait for the end."""
    log = EngineLog(address)
    provider = provider_factory(log)
    server, port = await start(provider, log, version)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    orphan = asyncio.create_task(_orphaned(stop.set))
    try:
        await stop.wait()
    finally:
        orphan.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await orphan
        await server.stop(grace=None)
        await provider.close()
        await log.close()


async def start(provider: Provider, log: EngineLog, version: str) -> tuple[grpc.aio.Server, int]:
    """Start the gRPC server on a free loopback port and return both."""
    server = grpc.aio.server(options=OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(provider, log, version), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return server, port


async def _orphaned(stop: Callable[[], None]) -> None:
    """Stop when the parent process is gone: a killed CLI cannot end its plugins."""
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 - the kernel tells nobody but by this number
        await asyncio.sleep(_ORPHAN_CHECK)
    stop()
