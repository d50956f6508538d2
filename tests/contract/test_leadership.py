"""A leader hands over before it restarts: orderers take the message that Raft has for it."""

from dataclasses import replace

import pytest

from heddle.errors import FabricError
from heddle.fabric.connection import Connections
from heddle.fabric.node import ClientTls, Node
from heddle.network.answers import ask_orderer_channels
from heddle.network.leadership import Handover
from heddle.planner.leadership import led_by
from heddle.waiting import poll
from tests.contract.scene import Scene, put_asset


def _handover(scene: Scene, connections: Connections) -> Handover:
    network = scene.network
    pairs = {node.name: network.tls_certificates[node.name] for node in network.orderers}
    return Handover(
        connections=connections,
        reader=network.ordering.admin,
        identities={
            name: ClientTls(certificate=pair.certificate, private_key=pair.private_key)
            for name, pair in pairs.items()
        },
    )


async def _leader(scene: Scene, connections: Connections, wanted: Node | None = None) -> Node | None:
    """The orderer that says that it leads, once it is the wanted one; who it is after 20 s else."""

    async def look(_: float) -> Node | None:
        for node in scene.network.orderers:
            facts = await ask_orderer_channels(
                connections, node, ["channel"], scene.network.admin_tls, deadline=10
            )
            if led_by(facts):
                return node
        return None

    def enough(node: Node | None) -> bool:
        return node is not None and wanted in {None, node}

    return await poll(look, enough, deadline=20 if wanted else 30)


async def test_the_lead_goes_to_the_one_that_was_chosen(scene: Scene, connections: Connections) -> None:
    """At once, to each of the others in its turn, and back: no election is waited for, and blocks go on."""
    leader = await _leader(scene, connections)
    assert leader is not None
    handover = _handover(scene, connections)
    for successor in [node for node in scene.network.orderers if node != leader] + [leader]:
        await handover.ask(leader, successor, "channel", deadline=10)

        assert await _leader(scene, connections, successor) == successor
        await put_asset(connections, scene, "channel", f"led-by-{successor.name}")
        leader = successor


async def test_nobody_takes_over_under_a_key_that_the_channel_does_not_know(
    scene: Scene, connections: Connections
) -> None:
    """An orderer that is told another's id leaves the consensus; so nothing is sent."""
    leader = await _leader(scene, connections)
    assert leader is not None
    successor = next(node for node in scene.network.orderers if node != leader)
    handover = _handover(scene, connections)
    pair = scene.network.ordering.tls(successor.name)
    stranger = ClientTls(certificate=pair.certificate, private_key=pair.private_key)
    handover = replace(handover, identities={**handover.identities, successor.name: stranger})

    with pytest.raises(FabricError, match="channel knows it by another key than it has"):
        await handover.ask(leader, successor, "channel", deadline=10)

    assert await _leader(scene, connections, leader) == leader


async def test_nobody_takes_over_who_is_no_consenter(scene: Scene, connections: Connections) -> None:
    """The channel's configuration has no such host and port."""
    leader = await _leader(scene, connections)
    assert leader is not None
    stranger = replace(leader, name="stranger", host="elsewhere.example")

    with pytest.raises(FabricError, match="channel has no such consenter"):
        await _handover(scene, connections).ask(leader, stranger, "channel", deadline=10)
