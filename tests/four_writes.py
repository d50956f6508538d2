"""A program with four writes and some reads between them: state, Kubernetes, a broadcast, an orderer's admin.

Usage: python -m tests.four_writes FOLDER KUBECONFIG NODE (a pickled heddle.fabric.node.Node).
"""

import asyncio
import pickle
import sys
from pathlib import Path

from fabric_protos.common.common_pb2 import Envelope

from heddle.errors import FabricError
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.orderer import broadcast
from heddle.kube.client import KubeClient
from heddle.state.backend import Backend


async def main(folder: Path, kubeconfig: str, node: bytes) -> None:
    """Write four times."""
    orderer = pickle.loads(node)  # noqa: S301 - of this very test
    Backend(folder, "project", "stack").save("{}")
    async with await KubeClient.open(kubeconfig) as client:
        await client.get("/version")
        await client.send("PATCH", "/api/v1/namespaces/n", query={"dryRun": "All"}, json={})
        await client.send("PATCH", "/api/v1/namespaces/n", json={})
    async with Connections(DirectDialer()) as connections:
        await broadcast(connections, orderer, Envelope(), deadline=10)
        for method in ("GET", "DELETE"):
            path = "/participation/v1/channels/trade"
            await connections.request(orderer, orderer.admin_port or 0, method, path, "admin", deadline=10)


if __name__ == "__main__":
    try:
        asyncio.run(main(Path(sys.argv[1]), sys.argv[2], bytes.fromhex(sys.argv[3])))
    except FabricError as error:
        sys.exit(str(error))
