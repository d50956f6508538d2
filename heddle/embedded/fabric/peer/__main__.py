"""Run `peer node start`: read core.yaml and serve until SIGTERM."""

import asyncio
import logging
import sys
from pathlib import Path

import grpc.aio

from heddle.embedded.fabric.deliver import Delivery
from heddle.embedded.fabric.local import local_msp, local_signer
from heddle.embedded.fabric.metrics import Metrics
from heddle.embedded.fabric.peer.endorser import Endorser
from heddle.embedded.fabric.peer.following import Following
from heddle.embedded.fabric.peer.gateway import Gateway
from heddle.embedded.fabric.peer.peer import Peer
from heddle.embedded.fabric.peer.services import add_exchange, add_services
from heddle.embedded.fabric.process import operations_server, start_logging, until_stopped
from heddle.embedded.fabric.rpc import OPTIONS, Dialled, add_port
from heddle.embedded.fabric.settings import Settings, load_settings
from heddle.errors import HeddleError
from heddle.identity.membership import membership
from heddle.identity.msp import msp_config

__all__ = ["main"]

_LOG = logging.getLogger("peer")
_DATA = "/var/hyperledger/production"


def _pair(settings: Settings) -> tuple[bytes, bytes]:
    """Return the server's TLS certificate and key, both empty with TLS off."""
    if not settings.flag("peer.tls.enabled"):
        return b"", b""
    return (
        settings.contents("peer.tls.cert.file", "tls/server.crt"),
        settings.contents("peer.tls.key.file", "tls/server.key"),
    )


def _peer(settings: Settings, metrics: Metrics) -> Peer:
    folder = settings.path("peer.mspConfigPath", "msp") or Path("msp")
    msp_id = settings.text("peer.localMspId", "SampleOrg")
    certificate, key = _pair(settings)
    client_certificate = settings.contents("peer.tls.clientCert.file") or certificate
    client_key = settings.contents("peer.tls.clientKey.file") or key
    return Peer(
        signer=local_signer(folder, msp_id),
        members=membership(msp_config(local_msp(folder, msp_id)).SerializeToString()),
        folder=settings.path("peer.fileSystemPath", _DATA) or Path(_DATA),
        dialled=Dialled(certificate=client_certificate, key=client_key, tls=bool(certificate)),
        metrics=metrics,
        tls_certificate=client_certificate,
        execute_timeout=settings.seconds("chaincode.executetimeout", "30s"),
        window=settings.seconds("peer.authentication.timewindow", "15m"),
        address=settings.text("peer.gossip.externalEndpoint")
        or settings.text("peer.gossip.endpoint")
        or settings.text("peer.address"),
        bootstrap=settings.texts("peer.gossip.bootstrap"),
    )


def _grpc_server(settings: Settings, peer: Peer) -> tuple[grpc.aio.Server, str]:
    certificate, key = _pair(settings)
    mutual = bool(certificate) and settings.flag("peer.tls.clientAuthRequired")
    server = grpc.aio.server(options=OPTIONS)
    address = settings.text("peer.listenAddress", "0.0.0.0:7051")
    endorser = Endorser(peer)
    gateway = Gateway(peer, endorser, settings.text("peer.address", address))
    delivery = Delivery(
        chain_of=peer.channels.get,
        window=settings.seconds("peer.authentication.timewindow", "15m"),
        bound=mutual,
    )
    add_exchange(server, peer.exchange)
    add_services(server, endorser, delivery, gateway, Following(peer), peer.channels)
    roots = settings.all_contents("peer.tls.clientRootCAs.files") if mutual else None
    add_port(server, address, certificate=certificate, key=key, client_roots=roots)
    return server, address


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    metrics = Metrics()
    peer = _peer(settings, metrics)
    metrics.source(peer.report)
    peer.open()
    server, address = _grpc_server(settings, peer)
    operations = await operations_server(
        settings,
        metrics,
        certificate="operations.tls.cert.file",
        key="operations.tls.key.file",
        client_roots="operations.tls.clientRootCAs.files",
    )
    await server.start()
    _LOG.info("Started peer on %s (stand-in, no real peer)", address)
    await until_stopped()
    operations.close()
    await server.stop(0.5)
    await peer.close()


def main() -> None:
    """Run the `peer` command; all it can do is `peer node start`."""
    if sys.argv[1:3] != ["node", "start"]:
        sys.exit(f"peer: a stand-in only does 'node start', not '{' '.join(sys.argv[1:])}'")
    start_logging()
    try:
        asyncio.run(run(load_settings("core.yaml", "CORE")))
    except HeddleError as error:
        sys.exit(f"peer: {error}")


if __name__ == "__main__":
    main()
