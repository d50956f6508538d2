"""The whole way on official nodes: channel, memberships, chaincode, updates, and what refresh finds."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.provider.harness import Engine, channel_value, node_value, signer_value
from tests.real.network import RealNetwork, prepared_network

pytestmark = pytest.mark.real

CHANNEL = "heddle:ledger:Channel"
MEMBERSHIP = "heddle:ledger:PeerMembership"
PACKAGE = "heddle:chaincode:ChaincodePackage"
INSTALLATION = "heddle:chaincode:ChaincodeInstallation"
APPROVAL = "heddle:chaincode:ChaincodeApproval"
DEFINITION = "heddle:chaincode:ChaincodeDefinition"


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    network = prepared_network(tmp_path, orderers=3, peers={"organization": 2})
    network.start()
    yield network
    network.stop()


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    engine = Engine()
    yield engine
    await engine.provider.close()


def _channel(network: RealNetwork, **changes: Any) -> dict[str, Any]:
    signers = [network.ordering.admin, *(one.admin for one in network.organizations.values())]
    value = channel_value(network.settings(), network.orderers, signers, network.admin_tls)
    return value | changes


def _membership(network: RealNetwork, number: int, genesis_hash: str) -> dict[str, Any]:
    peer = network.peers[number]
    return {
        "channel": "channel",
        "genesisHash": genesis_hash,
        "peer": node_value(peer),
        "orderers": [node_value(node) for node in network.orderers],
        "signer": signer_value(network.organization_of(peer).admin),
    }


async def test_the_whole_way(network: RealNetwork, engine: Engine) -> None:
    """From running nodes to committed chaincode, twice: the second time changes nothing."""
    begin = time.monotonic()
    for attempt in (1, 2):
        state = await _everything(network, engine)
        print(f"attempt {attempt}: {time.monotonic() - begin:.2f} s")
    assert state["sequence"] == 0
    assert (await engine.read(DEFINITION, "definition")).id == "channel/assets"
    assert (await engine.read(MEMBERSHIP, "member-0")).id


async def _everything(network: RealNetwork, engine: Engine) -> dict[str, Any]:
    begin = time.monotonic()

    def lap(what: str) -> None:
        print(f"  {what}: {time.monotonic() - begin:.2f}")

    channel = await engine.up(CHANNEL, "channel", _channel(network))
    lap("channel")
    await asyncio.gather(
        *(
            engine.up(MEMBERSHIP, f"member-{number}", _membership(network, number, channel["genesisHash"]))
            for number in range(len(network.peers))
        )
    )
    lap("membership")
    await _chaincode(network, engine)
    lap("chaincode")
    return channel


async def _chaincode(network: RealNetwork, engine: Engine, **changes: Any) -> None:
    organization = network.organizations["organization"]
    root = organization.tls_authority.certificate.decode()
    package = await engine.up(
        PACKAGE, "package", {"label": "assets_1", "address": "localhost:9999", "tlsRootCertificate": root}
    )
    common = {"signer": signer_value(organization.admin)}
    shipped = {key: package[key] for key in ("label", "package", "packageId")}
    await asyncio.gather(
        *(
            engine.up(INSTALLATION, f"install-{peer.name}", {**common, **shipped, "peer": node_value(peer)})
            for peer in network.peers
        )
    )
    orderers = [node_value(node) for node in network.orderers]
    definition = {
        "channel": "channel",
        "name": "assets",
        "version": "1.0",
        "sequence": 1,
        "orderers": orderers,
        **common,
        **changes,
    }
    peers = [node_value(peer) for peer in network.peers]
    approval = {**definition, "packageId": package["packageId"], "peer": peers[0]}
    await engine.up(APPROVAL, "approval", approval)
    await engine.up(DEFINITION, "definition", {**definition, "peers": peers})
