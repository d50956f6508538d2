"""Find the way to a node: directly, or through the API server of its cluster."""

import asyncio
from typing import Protocol, Self

from heddle.errors import FabricError, KubeError
from heddle.fabric.node import Node
from heddle.kube.apiserver import ApiServer
from heddle.kube.portforward import Forward
from heddle.kube.proxies import proxy_for
from heddle.kube.tunnel import Tunnel

__all__ = ["ClusterDialer", "Dialer", "DirectDialer", "split_address"]


class Dialer(Protocol):
    """Tell the address behind which a node's port is."""

    async def endpoint(self, node: Node, port: int) -> tuple[str, int]:
        """Return the host and port that lead to `port` of the node."""

    def trouble(self, node: Node, port: int) -> str:
        """Return why the way last broke, or "". It is shown beside a failed call."""

    async def close(self) -> None:
        """Close every connection and listener that was opened."""


def split_address(address: str) -> tuple[str, int]:
    """Return host and port of "host:port" or "[::1]:port". Raises ValueError for anything else."""
    host, separator, port = address.rpartition(":")
    if not separator or not host or not port.isdigit():
        raise ValueError(f"{address!r} is not host:port")
    return host.removeprefix("[").removesuffix("]"), int(port)


class DirectDialer:
    """Connect to the address to dial where the node has one, else to its name.

    Where $HTTPS_PROXY and $NO_PROXY put a proxy on the way, one local listener per address leads through it.
    So gRPC and HTTP take the same way, and TLS verifies the node's name as ever.
    """

    def __init__(self) -> None:
        self._tunnels: dict[tuple[str, int], Tunnel] = {}

    async def endpoint(self, node: Node, port: int) -> tuple[str, int]:
        """Return the address to dial for this port. Raises FabricError for a proxy that cannot be used."""
        host, port = address = _address(node, port)
        try:
            proxy = proxy_for(f"https://{f'[{host}]' if ':' in host else host}:{port}")
        except KubeError as error:
            raise FabricError(f"{node.at()}: {error.message}", hint=error.hint) from error
        if not proxy:
            return address
        return await self._tunnels.setdefault(address, Tunnel(proxy, host, port)).listen()

    def trouble(self, node: Node, port: int) -> str:
        """Return what the proxy said when the last connection through it failed."""
        tunnel = self._tunnels.get(_address(node, port))
        return tunnel.trouble if tunnel else ""

    async def close(self) -> None:
        """Close all listeners and the connections through them."""
        tunnels, self._tunnels = list(self._tunnels.values()), {}
        for tunnel in tunnels:
            await tunnel.close()


def _address(node: Node, port: int) -> tuple[str, int]:
    direct = node.direct(port)
    return split_address(direct) if direct else (node.host, port)


class ClusterDialer:
    """Forward ports through a cluster's API server: works wherever kubectl works.

    Each (pod, port) gets one listener on 127.0.0.1; every accepted connection is a port-forward of its own,
    so a pod that comes back is reached again without doing anything. Nodes that name no pod (other people's)
    or have an address to dial are reached directly.
    """

    def __init__(self, kubeconfig: str, context: str = "") -> None:
        """Take the text of a kubeconfig or the path of one. Nothing is read or opened yet."""
        self._kubeconfig = kubeconfig
        self._context = context
        self._server: ApiServer | None = None
        self._loading = asyncio.Lock()
        self._direct = DirectDialer()
        self._forwards: dict[tuple[str, str, int], Forward] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def endpoint(self, node: Node, port: int) -> tuple[str, int]:
        """Return a local address behind which the pod's port is. Raises FabricError for a bad kubeconfig."""
        if node.direct(port) or not node.pod:
            return await self._direct.endpoint(node, port)
        server = await self._api_server()
        key = (node.namespace, node.pod, port)
        forward = self._forwards.get(key)
        if forward is None:
            forward = self._forwards.setdefault(key, Forward(server, *key, grpc=port == node.port))
        return await forward.listen()

    async def _api_server(self) -> ApiServer:
        """Return the API server; its kubeconfig is read once, however many ask for a way at the same time.

        A credential plugin that it names runs once, too.
        """
        async with self._loading:
            if self._server is None:
                try:
                    self._server = await ApiServer.load(self._kubeconfig, self._context)
                except KubeError as error:
                    raise FabricError(error.message, hint=error.hint) from error
            return self._server

    def trouble(self, node: Node, port: int) -> str:
        """Return what the API server or the pod's node said when the last port-forward failed."""
        forward = self._forwards.get((node.namespace, node.pod, port))
        return forward.trouble if forward else self._direct.trouble(node, port)

    async def close(self) -> None:
        """Close all listeners and the connections through them."""
        forwards, self._forwards = list(self._forwards.values()), {}
        for forward in forwards:
            await forward.close()
        await self._direct.close()
