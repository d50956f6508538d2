"""A peer lies about who must approve a chaincode: nothing is approved or committed by it, and it is named."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fabric_protos.common.common_pb2 import Block
from fabric_protos.common.configtx_pb2 import Config

from heddle.configtx.blocks import config_of
from heddle.configtx.read import settings_of
from heddle.embedded.fabric.orderer.blocks import next_block
from heddle.errors import NotBelieved
from heddle.fabric import cscc
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from tests.contract.standins import ROOT, prepared_standins
from tests.provider.harness import Engine, channel_value, node_value, signer_value
from tests.provider.previews.others import change_batch
from tests.provider.test_lying_orderer import config_envelope
from tests.provider.tokens import APPROVAL, CHANNEL, DEFINITION, MEMBERSHIP
from tests.real.network import RealNetwork

LIAR = "alpha-peer1"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Alpha and beta on a channel; alpha's peer tells what lies in the file, once there is one."""

    network: RealNetwork
    lie: Path

    async def definition(self, engine: Engine) -> dict[str, Any]:
        """Make the channel and return a definition that alpha may approve."""
        network = self.network
        orderers = [node_value(node) for node in network.orderers]
        alpha = network.organizations["alpha"]
        value = channel_value(
            network.settings(), network.orderers, [network.ordering.admin, alpha.admin], network.admin_tls
        )
        state = await engine.up(CHANNEL, "channel", value)
        common = {
            "channel": "channel",
            "genesisHash": state["genesisHash"],
            "orderers": orderers,
        }
        for peer in network.peers:
            owner = signer_value(network.organization_of(peer).admin)
            await engine.up(MEMBERSHIP, peer.name, {**common, "peer": node_value(peer), "signer": owner})
        return {
            **common,
            "name": "assets",
            "version": "1.0",
            "sequence": 1,
            "signer": signer_value(alpha.admin),
        }

    async def honest(self) -> Block:
        """The configuration block that the peer has."""
        admin = self.network.organizations["alpha"].admin
        async with Connections(DirectDialer()) as connections:
            return await cscc.config_block(connections, self.network.peers[0], "channel", admin, deadline=10)

    def tell(self, block: Block) -> None:
        self.lie.write_bytes(block.SerializeToString())


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    network = prepared_standins(tmp_path, orderers=1, peers={"alpha": 1, "beta": 1})
    lie = tmp_path / "lie"
    liar = network.programs[LIAR]
    liar.argv = [sys.executable, "-m", "tests.provider.lying_peer", "node", "start"]
    liar.environment |= {"LIE": str(lie), "PYTHONPATH": str(ROOT)}
    network.start()
    yield Scene(network=network, lie=lie)
    network.stop()


def _in_place(before: Block, config: Config) -> Block:
    """Block 0 with another configuration."""
    forged = Block()
    forged.CopyFrom(before)
    forged.data.data[0] = config_envelope(config).SerializeToString()
    return forged


def _newer(before: Block, config: Config) -> Block:
    """A next block, signed by nobody."""
    config.sequence += 1
    return next_block(before, [config_envelope(config)], last_config=1, consenter_metadata=b"")


@pytest.mark.parametrize("forge", [_in_place, _newer], ids=["in place", "newer"])
async def test_a_peer_does_not_say_alone_who_must_approve(
    scene: Scene, engine: Engine, forge: Callable[[Block, Config], Block]
) -> None:
    """Without beta in the configuration alpha's approval would do, and its administrator would commit."""
    definition = await scene.definition(engine)
    peer = node_value(scene.network.peers[0])
    approval = {**definition, "packageId": f"assets_1:{'0' * 64}", "peer": peer}
    await engine.up(APPROVAL, "approval", approval)
    before = await scene.honest()
    config = config_of(before).config
    del config.channel_group.groups["Application"].groups["beta"]
    scene.tell(forge(before, config))

    commit = {**definition, "peers": [peer]}
    with pytest.raises(NotBelieved, match=f"not believed:\n  {LIAR}: "):
        await engine.up(DEFINITION, "definition", commit)
    engine.ids["approval"] = "channel/assets/AlphaMSP"
    with pytest.raises(NotBelieved, match=LIAR):
        await engine.preview(APPROVAL, "approval", {**approval, "version": "1.1"})


async def test_a_policy_is_looked_for_in_a_proved_configuration(scene: Scene, engine: Engine) -> None:
    """What others changed since block 0 is proved from it; a policy that only the liar tells is not taken."""
    definition = await scene.definition(engine)
    await change_batch(scene.network, max_message_count=20)
    peer = node_value(scene.network.peers[0])
    approval = {**definition, "packageId": f"assets_1:{'0' * 64}", "peer": peer}
    await engine.up(
        APPROVAL, "approval", {**approval, "endorsementPolicy": "/Channel/Application/Endorsement"}
    )

    before = await scene.honest()
    config = config_of(before).config
    assert settings_of(config).batch.max_message_count == 20
    application = config.channel_group.groups["Application"]
    application.policies["Loose"].CopyFrom(application.policies["Readers"])
    scene.tell(_newer(before, config))
    loose = {**approval, "name": "other", "endorsementPolicy": "/Channel/Application/Loose"}
    with pytest.raises(NotBelieved, match=LIAR):
        await engine.up(APPROVAL, "other", loose)
