"""Nodes come back with what they had: ledger, state, packages, channel membership."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress

import grpc
import pytest
from fabric_protos.common import common_pb2

from heddle.configtx.blocks import block_hash
from heddle.fabric import gateway, orderer, participation, qscc
from heddle.fabric.connection import Connections
from tests.contract.conftest import KINDS
from tests.contract.messages import envelope, offered
from tests.contract.probing import add_probe
from tests.contract.scene import Scene, play
from tests.contract.scripts import Player
from tests.contract.waiting import leader_hears
from tests.real.commits import wait_for_commit


@pytest.fixture(scope="module", params=KINDS)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A scene of its own: what stops here must not be missed elsewhere."""
    yield from play(request.param, tmp_path_factory.mktemp(f"restart-{request.param}"))


async def _put(scene: Scene, connections: Connections, asset: str) -> int:
    outcome = await gateway.invoke(
        connections,
        scene.peer(),
        scene.person("alpha.user"),
        "channel",
        "assets",
        ["put", asset, "ada", "1"],
        deadline=60,
    )
    return outcome.commit.block


def _restart(scene: Scene, *names: str) -> None:
    for name in names:
        scene.network.programs[name].stop()
    scene.network.start()


async def _tips(scene: Scene, connections: Connections, number: int) -> set[bytes]:
    """The hash of a block on every orderer, once all have it."""
    hashes = set()
    for node in scene.network.orderers:
        await participation.wait_until(
            connections,
            node,
            "channel",
            scene.network.admin_tls,
            lambda info: info.height > number,
            deadline=30,
            wanted=f"above block {number}",
        )
        block = await orderer.deliver_block(
            connections, node, "channel", number, scene.person("alpha.user"), deadline=10, best_effort=True
        )
        hashes.add(block_hash(block.header))
    return hashes


async def test_orderers_one_after_the_other(scene: Scene, connections: Connections) -> None:
    """A roll-out: each restarts in its turn, transactions go on, nobody forks."""
    for node in scene.network.orderers:
        _restart(scene, node.name)
        await leader_hears(scene.network, connections, 3)
        number = await _put(scene, connections, f"while-{node.name}-was-new")
        assert len(await _tips(scene, connections, number)) == 1


async def test_everything_at_once(scene: Scene, connections: Connections) -> None:
    """After all nodes were away, heights, channels and assets are what they were."""
    number = await _put(scene, connections, "before")
    nodes = [node.name for node in (*scene.network.orderers, *scene.network.peers)]
    _restart(scene, *nodes)
    info = await participation.channel_info(
        connections, scene.network.orderers[0], "channel", scene.network.admin_tls, deadline=10
    )
    assert info is not None
    assert (info.relation, info.status) == ("consenter", "active")
    assert info.height > number
    reader = scene.person("alpha.user")
    for peer in scene.network.peers:
        await connections.wait_until_ready(peer, deadline=20)
    chain = await qscc.chain_info(connections, scene.peer(), "channel", reader, deadline=20)
    assert chain.height > number
    answer = await gateway.evaluate(
        connections, scene.peer(), reader, "channel", "assets", ["get", "before"], deadline=30
    )
    assert json.loads(answer)["owner"] == "ada"
    await _once_endorsers_are_found(scene, connections)


async def _once_endorsers_are_found(scene: Scene, connections: Connections) -> None:
    """Upstream's gateway finds the other organization again by gossip."""
    async with asyncio.timeout(60):
        while True:
            try:
                await _put(scene, connections, "after")
            except Exception:
                await asyncio.sleep(0.5)
            else:
                return


async def test_a_killed_orderer_catches_up(scene: Scene, connections: Connections) -> None:
    """What was ordered while it was away is fetched, also when it died without a word."""
    away = scene.network.orderers[2].name
    scene.network.programs[away].stop(kill=True)
    number = 0
    for asset in ("one", "two", "three"):
        number = await _put(scene, connections, asset)
    scene.network.start()
    assert len(await _tips(scene, connections, number)) == 1


async def test_an_orderer_that_stops_denies_no_channel(scene: Scene, connections: Connections) -> None:
    """It answers no more; "channel does not exist" would tell a client's gateway to ask no other orderer."""
    node = scene.network.orderers[1]
    transaction = common_pb2.HeaderType.ENDORSER_TRANSACTION
    message = envelope(transaction, "channel", bytes(10), scene.person("alpha.user"), forged=True)
    heard, answered, stopped = set(), asyncio.Event(), asyncio.Event()

    async def ask() -> None:
        with suppress(grpc.RpcError, asyncio.InvalidStateError, AssertionError):  # the connection has ended
            while not stopped.is_set():
                heard.add(await offered(connections, node, message))
                answered.set()

    asking = [asyncio.create_task(ask()) for _ in range(20)]
    async with asyncio.timeout(20):
        await answered.wait()
    await asyncio.to_thread(scene.network.programs[node.name].stop)
    stopped.set()
    await asyncio.gather(*asking)
    scene.network.start()
    assert {status for status, _ in heard} == {"FORBIDDEN"}, heard


async def test_a_peer_that_was_away_gets_private_data(scene: Scene, connections: Connections) -> None:
    """From another member when it is back; and it still has them after the next start."""
    await add_probe(scene)
    player, beta = Player(scene, connections), scene.peer("beta")
    user = scene.person("alpha.user")
    scene.network.programs[beta.name].stop()
    _, proposal, message = await player.endorsed({"send": ["alpha"], "do": [["put", "tea", "7", "told"]]})
    await orderer.broadcast(connections, scene.network.orderers[0], message, deadline=20)
    commit = await wait_for_commit(
        connections, scene.peer(), "channel", proposal.transaction_id, user, start="newest", deadline=20
    )
    assert commit.code == "VALID"
    scene.network.start()
    question = {"ask": "beta", "do": [["get", "tea", "told"]], "gives": ["7"], "eventually": True}
    await player.play([question])
    _restart(scene, *(node.name for node in scene.network.peers))
    await player.play([question, {**question, "ask": "alpha"}])
