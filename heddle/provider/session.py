"""Share configuration, connections and log among all resources of a provider."""

import asyncio

from heddle.configtx.settings import PeerOrganization
from heddle.errors import ProviderError
from heddle.fabric.connection import Connections
from heddle.fabric.dial import ClusterDialer, DirectDialer
from heddle.kube.apiserver import ApiServer
from heddle.network.history import ConfigHistory
from heddle.plugin.interface import Log, Severity
from heddle.text import printable

__all__ = ["Session"]


class Session:
    """Opened by `configure`; belongs to one event loop.

    Connections open with their first use and are kept: a run talks to the same nodes again and again, and
    every new one costs a TLS handshake, often through the API server.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._kubeconfig = ""
        self._context = ""
        self.nodes_sleep = False
        """Whether the nodes sleep at this moment, so that none of them is to be asked."""
        self.stays_asleep = False
        """Whether they are to sleep when all is done."""
        self._connections: Connections | None = None
        self._server: ApiServer | None = None
        self._histories: dict[tuple[str, str, str], ConfigHistory] = {}
        self._members: dict[str, tuple[PeerOrganization, ...]] = {}
        self._lock = asyncio.Lock()

    def configure(self, kubeconfig: str, context: str, *, asleep: bool = False) -> None:
        """Dial nodes through this kubeconfig's API server from now on; an empty one means directly.

        `asleep`: the instance is to sleep.
        """
        self._kubeconfig, self._context, self.stays_asleep = kubeconfig, context, asleep

    @property
    def connections(self) -> Connections:
        """Return the open connections to nodes."""
        if self._connections is None:
            through_cluster = ClusterDialer(self._kubeconfig, self._context) if self._kubeconfig else None
            self._connections = Connections(through_cluster or DirectDialer())
        return self._connections

    @property
    def has_cluster(self) -> bool:
        """Tell whether the nodes run in a cluster that can be asked."""
        return bool(self._kubeconfig)

    def history(self, channel: str, genesis_hash: str, node: str) -> ConfigHistory:
        """Return what proves the configuration of a channel as a node tells it.

        Each node has its own: one that lacks blocks tells an older configuration than another proved.
        """
        key = (channel, genesis_hash, node)
        return self._histories.setdefault(key, ConfigHistory(channel, genesis_hash))

    def expect_members(self, channel: str, members: tuple[PeerOrganization, ...]) -> None:
        """Note the members that a channel will have once the update that was just planned is in force."""
        self._members[channel] = members

    def expected_members(self, channel: str) -> tuple[PeerOrganization, ...] | None:
        """Return the members that a planned update gives a channel; None: no update of it was planned."""
        return self._members.get(channel)

    async def api_server(self) -> ApiServer:
        """Return the cluster's API server. Raises ProviderError if no kubeconfig is set, KubeError."""
        if not self._kubeconfig:
            raise ProviderError(
                "the heddle provider has no kubeconfig, and this resource acts on pods",
                hint="Set `kubeconfig` on the provider.",
            )
        async with self._lock:
            if self._server is None:
                self._server = await ApiServer.load(self._kubeconfig, self._context)
            return self._server

    async def close(self) -> None:
        """Close what is open; the next use opens anew."""
        connections, self._connections = self._connections, None
        if connections is not None:
            await connections.close()

    async def info(self, message: str, urn: str) -> None:
        """Say something beneath a resource; the first line is its summary."""
        await self._log(Severity.INFO, message, urn)

    async def status(self, message: str, urn: str) -> None:
        """Say beside a resource what goes on; an empty message takes the last one away."""
        await self._log(Severity.INFO, printable(message), urn, ephemeral=True)

    async def warn(self, message: str, urn: str) -> None:
        """Warn beneath a resource."""
        await self._log(Severity.WARNING, message, urn)
