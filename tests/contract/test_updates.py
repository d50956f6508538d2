"""Configuration updates that a Raft channel's orderers refuse, with which status and words."""

from typing import Any

import pytest

from heddle.configtx.blocks import config_of
from heddle.fabric import orderer
from heddle.fabric.connection import Connections
from tests.contract.messages import offered, same_words
from tests.contract.scene import Scene, cases
from tests.contract.updates import certificates, edited, signed_update

USUAL = "error applying config update to existing channel 'channel': "


@pytest.fixture(scope="session")
def known(scene: Scene) -> dict[str, bytes]:
    """Certificates that cases name."""
    return certificates(scene.network)


@pytest.mark.parametrize("case", cases("updates"), ids=lambda case: case["name"])
async def test_refusals(
    scene: Scene, connections: Connections, known: dict[str, bytes], case: dict[str, Any]
) -> None:
    """Whoever signs, whatever is wanted: in Fabric's words, before anything is ordered."""
    node, reader = scene.network.orderers[0], scene.person("ordering.admin")
    live = config_of(await orderer.config_block(connections, node, "channel", reader, deadline=10)).config
    signers = [scene.person(name) for name in case.get("signers", ["ordering.admin"])]
    message = signed_update("channel", live, edited(live, case, known), signers)
    status, words = await offered(connections, node, message)
    assert status == case["status"], words
    assert same_words(case["words"], words.removeprefix(USUAL)), words
