"""Chaincode that another organization must approve and endorse: named while it is missing, then done."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from heddle.errors import ProviderError
from heddle.fabric import lifecycle
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.provider.definitions import wanted_definition
from tests.provider.harness import Engine, channel_value, node_value, plain, signer_value
from tests.provider.tokens import APPROVAL, CHANNEL, DEFINITION, MEMBERSHIP
from tests.real.network import RealNetwork, prepared_network

pytestmark = pytest.mark.real

PACKAGE_ID = f"assets_1:{'0' * 64}"


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    network = prepared_network(tmp_path, orderers=1, peers={"alpha": 1, "beta": 1})
    network.start()
    yield network
    network.stop()


async def test_who_must_approve_elsewhere_is_named(network: RealNetwork, engine: Engine) -> None:
    """Beta's approval is missing; once it is there, beta's anchor peer endorses the commit."""
    alpha, beta = (network.organizations[name] for name in ("alpha", "beta"))
    signers = [network.ordering.admin, alpha.admin]
    settings = network.settings()
    state = await engine.up(
        CHANNEL, "channel", channel_value(settings, network.orderers, signers, network.admin_tls)
    )
    for peer in network.peers:
        inputs = {
            "channel": "channel",
            "genesisHash": state["genesisHash"],
            "peer": node_value(peer),
            "orderers": [node_value(node) for node in network.orderers],
            "signer": signer_value(network.organization_of(peer).admin),
        }
        await engine.up(MEMBERSHIP, peer.name, inputs)
    first, second = network.peers
    definition: dict[str, Any] = {
        "channel": "channel",
        "name": "assets",
        "version": "1.0",
        "sequence": 1,
        "genesisHash": state["genesisHash"],
        "orderers": [node_value(node) for node in network.orderers],
        "signer": signer_value(alpha.admin),
    }
    approval = {**definition, "packageId": PACKAGE_ID, "peer": node_value(first)}
    await engine.up(APPROVAL, "approval", approval)
    commit = {**definition, "peers": [node_value(first)]}
    with pytest.raises(ProviderError, match=r"LifecycleEndorsement policy needs the approval of BetaMSP\n"):
        await engine.up(DEFINITION, "definition", commit)

    wanted = wanted_definition(plain(await engine.check(DEFINITION, "x", commit)))
    async with Connections(DirectDialer()) as connections:
        args = (connections, second, network.orderers, "channel", wanted, "", beta.admin)
        await lifecycle.approve(*args, deadline=20)
    await engine.up(DEFINITION, "definition", commit)
    assert (await engine.read(DEFINITION, "definition")).id == "channel/assets"
