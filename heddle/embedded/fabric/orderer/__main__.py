"""Run `orderer`: read orderer.yaml and serve until SIGTERM."""

import asyncio
import logging
import re
import sys
from pathlib import Path

import grpc.aio

from heddle.embedded.fabric.deliver import Delivery
from heddle.embedded.fabric.http import serve_http
from heddle.embedded.fabric.local import local_signer
from heddle.embedded.fabric.metrics import Metrics
from heddle.embedded.fabric.orderer.node import OrdererNode
from heddle.embedded.fabric.orderer.participation import Participation
from heddle.embedded.fabric.orderer.registrar import Registrar
from heddle.embedded.fabric.orderer.services import add_services
from heddle.embedded.fabric.process import operations_server, server_context, start_logging, until_stopped
from heddle.embedded.fabric.rpc import OPTIONS, Dialled, add_port
from heddle.embedded.fabric.settings import Settings, load_settings
from heddle.errors import HeddleError, SpecError

__all__ = ["main"]

_LOG = logging.getLogger("orderer")
_DATA = "/var/hyperledger/production/orderer"


def _bytes(text: str) -> int:
    """Read a size in bytes: `1 MB`, `512k` or a number (common/viperutil/config_util.go)."""
    found = re.fullmatch(r"(\d+)\s*([kmg]?)b?", text.strip(), re.IGNORECASE)
    if not found:
        raise SpecError(f"ChannelParticipation.MaxRequestBodySize: {text!r} is not a size such as 1 MB")
    return int(found[1]) << {"": 0, "k": 10, "m": 20, "g": 30}[found[2].lower()]


def _node(settings: Settings, metrics: Metrics) -> OrdererNode:
    folder = settings.path("General.LocalMSPDir", "msp")
    signer = local_signer(folder or Path("msp"), settings.text("General.LocalMSPID", "SampleOrg"))
    tls = settings.flag("General.TLS.Enabled")
    certificate = settings.contents("General.Cluster.ClientCertificate") or (
        settings.contents("General.TLS.Certificate", "tls/server.crt") if tls else b""
    )
    key = settings.contents("General.Cluster.ClientPrivateKey") or (
        settings.contents("General.TLS.PrivateKey", "tls/server.key") if tls else b""
    )
    return OrdererNode(
        signer=signer,
        tls_certificate=certificate,
        location=settings.path("FileLedger.Location", _DATA) or Path(_DATA),
        dialled=Dialled(certificate=certificate, key=key, tls=tls),
        metrics=metrics,
        check_expiry=not settings.flag("General.Authentication.NoExpirationChecks"),
    )


def _grpc_server(settings: Settings, registrar: Registrar, metrics: Metrics) -> tuple[grpc.aio.Server, str]:
    mutual = settings.flag("General.TLS.Enabled") and settings.flag("General.TLS.ClientAuthRequired")
    server = grpc.aio.server(options=OPTIONS)
    window = settings.seconds("General.Authentication.TimeWindow", "15m")
    add_services(server, registrar, Delivery(chain_of=registrar.served, window=window, bound=mutual), metrics)
    host, port = (
        settings.text("General.ListenAddress", "127.0.0.1"),
        settings.number("General.ListenPort", 7050),
    )
    tls = settings.flag("General.TLS.Enabled")
    add_port(
        server,
        f"{host}:{port}",
        certificate=settings.contents("General.TLS.Certificate", "tls/server.crt") if tls else b"",
        key=settings.contents("General.TLS.PrivateKey", "tls/server.key") if tls else b"",
        client_roots=settings.all_contents("General.TLS.ClientRootCAs") if mutual else None,
    )
    return server, f"{host}:{port}"


async def _serve_admin(settings: Settings, registrar: Registrar) -> asyncio.Server:
    if settings.flag("Admin.TLS.Enabled") and not settings.flag("Admin.TLS.ClientAuthRequired", default=True):
        raise SpecError(
            "Admin.TLS.ClientAuthRequired must be set to true if Admin.TLS.Enabled is set to true"
        )
    participation = Participation(
        registrar,
        max_body=_bytes(settings.text("ChannelParticipation.MaxRequestBodySize", "1 MB")),
    )
    context = server_context(
        settings,
        enabled="Admin.TLS.Enabled",
        certificate="Admin.TLS.Certificate",
        key="Admin.TLS.PrivateKey",
        client_roots="Admin.TLS.ClientRootCAs",
        require_client=True,
    )
    return await serve_http(
        participation.handle, settings.text("Admin.ListenAddress", "127.0.0.1:0"), context
    )


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    if settings.text("General.BootstrapMethod", "none") not in {"none", ""}:
        raise SpecError("General.BootstrapMethod: only none is left in Fabric 3", hint="Set it to none.")
    metrics = Metrics()
    node = _node(settings, metrics)
    registrar = Registrar(node)
    metrics.source(registrar.report)
    registrar.open()
    server, address = _grpc_server(settings, registrar, metrics)
    admin = await _serve_admin(settings, registrar)
    operations = await operations_server(
        settings,
        metrics,
        certificate="Operations.TLS.Certificate",
        key="Operations.TLS.PrivateKey",
        client_roots="Operations.TLS.ClientRootCAs",
    )
    await server.start()
    _LOG.info("Beginning to serve requests on %s (stand-in, no real orderer)", address)
    await until_stopped()
    # Nothing is answered any more before the channels end: else a client would hear that they do not exist.
    admin.close()
    operations.close()
    await server.stop(None)
    await registrar.close()
    await node.dialled.close()


def main() -> None:
    """Run the `orderer` command."""
    start_logging()
    try:
        asyncio.run(run(load_settings("orderer.yaml", "ORDERER")))
    except HeddleError as error:
        sys.exit(f"orderer: {error}")


if __name__ == "__main__":
    main()
