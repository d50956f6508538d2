"""Hold what all services of one peer share: its identity, its channels, its chaincodes."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from fabric_protos.common import common_pb2

from heddle.configtx.blocks import channel_of
from heddle.embedded.fabric.ledger import Ledger
from heddle.embedded.fabric.malformed import MALFORMED
from heddle.embedded.fabric.metrics import Metrics
from heddle.embedded.fabric.peer.chaincode import ChaincodeServer
from heddle.embedded.fabric.peer.channel import PeerChannel, with_filter
from heddle.embedded.fabric.peer.exchange import Exchange
from heddle.embedded.fabric.peer.packages import Package, Packages
from heddle.embedded.fabric.peer.privatestore import PrivateStore
from heddle.embedded.fabric.peer.puller import pull
from heddle.embedded.fabric.rpc import Dialled
from heddle.errors import HeddleError
from heddle.identity.membership import Membership
from heddle.identity.signer import Signer
from heddle.ledgerfiles.leveldb import JOURNAL
from heddle.ledgerfiles.transientstore import FOLDER, PrivateData, private_data_in

__all__ = ["Peer"]

_LOG = logging.getLogger("peer")


class LedgerBroken(HeddleError):  # noqa: N818 - a state of the disk
    """A ledger on disk is not one."""


class Peer:
    """Hold one peer's identity, channels and chaincodes.

    Args:
        signer: its identity.
        members: its own organization's MSP.
        folder: `peer.fileSystemPath`.
        dialled: ways to orderers and other peers.
        metrics: for the operations endpoint.
        tls_certificate: what it shows to orderers, PEM.
        execute_timeout: seconds that a chaincode may take for one transaction.
        window: seconds by which a client's clock may differ.
        address: where other peers reach it, `host:port`.
        bootstrap: peers of its own organization.
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
        address: str,
        bootstrap: Sequence[str],
    ) -> None:
        self.signer = signer
        self.members = members
        self.dialled = dialled
        self.metrics = metrics
        self.window = window
        self.packages = Packages(folder / "lifecycle" / "chaincodes")
        self.channels: dict[str, PeerChannel] = {}
        self._not_open: set[str] = set()
        self._folder = folder
        self._tls_certificate = tls_certificate
        self._execute_timeout = execute_timeout
        self._servers: dict[str, ChaincodeServer] = {}
        self.exchange = Exchange(signer=signer, address=address, bootstrap=bootstrap, dialled=dialled)
        self._tasks: list[asyncio.Task[None]] = []

    def open(self) -> None:
        """Take up the channels that are on disk; go on without one that cannot be read, as Fabric does.

        Raises LedgerBroken when not even block 0 can be read: then the folder holds no ledger.
        """
        for path in sorted((self._folder / "ledgersData" / "chains" / "chains").glob("*/blockfile_000000")):
            ledger = Ledger(path)
            if ledger.height:
                self._take_up(path.parent.name, ledger)
            else:
                ledger.remove()

    def _take_up(self, name: str, ledger: Ledger) -> None:
        try:
            channel_of(ledger.block(0))
        except (HeddleError, *MALFORMED) as error:
            raise LedgerBroken(f"ledger of channel {name} cannot be read: {error}") from error
        try:
            channel = PeerChannel(ledger, self._private(name), reopened=True)
        except (HeddleError, *MALFORMED) as error:
            _LOG.error("Failed to load ledger %s(%s)", name, error)
            self._not_open.add(name)
        else:
            self._add(channel)

    def join(self, genesis: common_pb2.Block) -> None:
        """Join with a genesis block. Raises ValueError in Fabric's words."""
        try:
            name = channel_of(genesis)
            if name in self.channels or name in self._not_open:
                raise ValueError(
                    f"cannot create ledger from genesis block: "
                    f"ledger [{name}] already exists with state [ACTIVE]"
                )
            ledger = Ledger(self._folder / "ledgersData" / "chains" / "chains" / name / "blockfile_000000")
            ledger.append(with_filter(genesis))
            self._add(PeerChannel(ledger, self._private(name)))
        except HeddleError as error:
            raise ValueError(error.message) from error

    def _add(self, channel: PeerChannel) -> None:
        self.channels[channel.name] = channel
        self.exchange.add(channel)
        pulling = pull(channel, self.exchange, self.dialled, self.signer, self._tls_certificate)
        self._tasks.append(asyncio.create_task(pulling))
        self._tasks.append(asyncio.create_task(self.exchange.rounds(channel)))
        _LOG.info("channel %s at height %d", channel.name, channel.ledger.height)

    def _private(self, channel: str) -> PrivateStore:
        return PrivateStore(self._folder / "ledgersData" / "pvtdataStore" / channel, self._restored(channel))

    def _restored(self, channel: str) -> list[PrivateData]:
        """Return the private data that a restore left where Fabric's peers have their transient store."""
        journal = self._folder / FOLDER / JOURNAL
        try:
            return list(private_data_in(journal.read_bytes(), channel)) if journal.exists() else []
        except (ValueError, OSError) as error:
            raise LedgerBroken(f"{journal} cannot be read: {error}") from error

    def server(self, package: Package) -> ChaincodeServer:
        """Return the connection to a package's chaincode server."""
        if package.package_id not in self._servers:
            self._servers[package.package_id] = ChaincodeServer(
                package, self._execute_timeout, partial(self._launch_failed, package.package_id)
            )
        return self._servers[package.package_id]

    def _launch_failed(self, package_id: str) -> None:
        """Count a server that could not be reached, as core/chaincode/runtime_launcher.go does."""
        self.metrics.add("chaincode_launch_failures", chaincode=package_id)

    def report(self) -> None:
        """Set the gauges of all channels."""
        for channel in self.channels.values():
            self.metrics.gauge("ledger_blockchain_height", channel.ledger.height, channel=channel.name)

    async def close(self) -> None:
        """Stop pulling, hang up, close the ledgers."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for server in self._servers.values():
            await server.close()
        for channel in self.channels.values():
            channel.ledger.close()
        await self.dialled.close()
