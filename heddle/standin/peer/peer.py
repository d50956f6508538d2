"""What all services of one peer share: its identity, its channels, its chaincodes."""

import asyncio
import logging
from pathlib import Path

from fabric_protos.common import common_pb2

from heddle.configtx.blocks import channel_of
from heddle.errors import HeddleError
from heddle.identity.membership import Membership
from heddle.identity.signer import Signer
from heddle.standin.ledger import Ledger
from heddle.standin.metrics import Metrics
from heddle.standin.peer.chaincode import ChaincodeServer
from heddle.standin.peer.channel import PeerChannel, with_filter
from heddle.standin.peer.packages import Package, Packages
from heddle.standin.peer.puller import pull
from heddle.standin.rpc import Dialled

__all__ = ["Peer"]

_LOG = logging.getLogger("peer")


class Peer:
    """One peer.

    Args:
        signer: its identity.
        members: its own organization's MSP.
        folder: `peer.fileSystemPath`.
        dialled: ways to orderers and other peers.
        metrics: for the operations endpoint.
        tls_certificate: what it shows to orderers, PEM.
        execute_timeout: seconds that a chaincode may take for one transaction.
        window: seconds by which a client's clock may differ.
    """

    def __init__(
        self,
        *,
        signer: Signer,
        members: Membership,
        folder: Path,
        dialled: Dialled,
        metrics: Metrics,
        tls_certificate: bytes,
        execute_timeout: float,
        window: float,
    ) -> None:
        self.signer = signer
        self.members = members
        self.dialled = dialled
        self.metrics = metrics
        self.window = window
        self.packages = Packages(folder / "lifecycle" / "chaincodes")
        self.channels: dict[str, PeerChannel] = {}
        self._folder = folder
        self._tls_certificate = tls_certificate
        self._execute_timeout = execute_timeout
        self._servers: dict[str, ChaincodeServer] = {}
        self._pullers: dict[str, asyncio.Task[None]] = {}

    def open(self) -> None:
        """Take up the channels that are on disk."""
        for path in sorted((self._folder / "ledgersData" / "chains" / "chains").glob("*/blockfile_000000")):
            ledger = Ledger(path)
            if ledger.height:
                self._add(PeerChannel(ledger))
            else:
                ledger.remove()

    def join(self, genesis: common_pb2.Block) -> None:
        """Join with a genesis block. Raises ValueError in Fabric's words."""
        try:
            name = channel_of(genesis)
            if name in self.channels:
                raise ValueError(
                    f"cannot create ledger from genesis block: "
                    f"ledger [{name}] already exists with state [ACTIVE]"
                )
            ledger = Ledger(self._folder / "ledgersData" / "chains" / "chains" / name / "blockfile_000000")
            ledger.append(with_filter(genesis))
            self._add(PeerChannel(ledger))
        except HeddleError as error:
            raise ValueError(error.message) from error

    def _add(self, channel: PeerChannel) -> None:
        self.channels[channel.name] = channel
        self._pullers[channel.name] = asyncio.create_task(
            pull(channel, self.dialled, self.signer, self._tls_certificate)
        )
        _LOG.info("channel %s at height %d", channel.name, channel.ledger.height)

    def server(self, package: Package) -> ChaincodeServer:
        """The connection to a package's chaincode server."""
        if package.package_id not in self._servers:
            self._servers[package.package_id] = ChaincodeServer(package, self._execute_timeout)
        return self._servers[package.package_id]

    def report(self) -> None:
        """Set the gauges of all channels."""
        for channel in self.channels.values():
            self.metrics.gauge("ledger_blockchain_height", channel.ledger.height, channel=channel.name)

    async def close(self) -> None:
        """Stop pulling, hang up, close the ledgers."""
        for task in self._pullers.values():
            task.cancel()
        await asyncio.gather(*self._pullers.values(), return_exceptions=True)
        for server in self._servers.values():
            await server.close()
        for channel in self.channels.values():
            channel.ledger.close()
        await self.dialled.close()
