"""Run a stand-in as a process: logging, signals, TLS contexts of its HTTP listeners."""

import asyncio
import logging
import os
import signal
import ssl

from heddle.embedded.fabric.metrics import Metrics
from heddle.embedded.fabric.operations import serve_operations
from heddle.embedded.fabric.settings import Settings
from heddle.errors import SpecError

__all__ = ["operations_server", "server_context", "start_logging", "until_stopped"]


def start_logging() -> None:
    """Log to standard error; the level is the default of FABRIC_LOGGING_SPEC (`a=debug:info` means info)."""
    spec = os.environ.get("FABRIC_LOGGING_SPEC", "info").rpartition(":")[2].upper()
    level = {"PANIC": "CRITICAL", "FATAL": "CRITICAL", "WARN": "WARNING"}.get(spec, spec)
    known = level in logging.getLevelNamesMapping()
    logging.basicConfig(
        level=level if known else "INFO", format="%(asctime)s %(levelname)-5s [%(name)s] %(message)s"
    )
    # grpc and asyncio tell about every connection below this.
    logging.getLogger("grpc").setLevel(logging.WARNING)
    logging.getLogger("asyncio").setLevel(logging.WARNING)


async def until_stopped() -> None:
    """Wait for SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()


def server_context(
    settings: Settings, *, enabled: str, certificate: str, key: str, client_roots: str, require_client: bool
) -> ssl.SSLContext | None:
    """Return the TLS of an HTTP listener from five settings; None when TLS is off.

    Raises:
        SpecError: a file cannot be read.
    """
    if not settings.flag(enabled):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.path(certificate) or "", settings.path(key))
    except OSError as error:  # ssl.SSLError is one
        raise SpecError(f"{certificate} and {key} cannot be used: {error}") from error
    if require_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=settings.all_contents(client_roots).decode())
    return context


async def operations_server(
    settings: Settings, metrics: Metrics, *, certificate: str, key: str, client_roots: str
) -> asyncio.Server:
    """Serve the operations endpoint as core.yaml or orderer.yaml has it.

    `certificate`, `key` and `client_roots` name the settings of its files, which peers and orderers call
    differently.
    """
    context = server_context(
        settings,
        enabled="operations.tls.enabled",
        certificate=certificate,
        key=key,
        client_roots=client_roots,
        require_client=settings.flag("operations.tls.clientAuthRequired"),
    )
    address = settings.text("operations.listenAddress", "127.0.0.1:0")
    prometheus = settings.text("metrics.provider", "disabled") == "prometheus"
    return await serve_operations(address, context, metrics, prometheus=prometheus)
