"""What a node does for clients, beyond having its channels: roll-outs wait until it does so again."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from heddle.fabric.connection import Connections
from heddle.network.answers import ask_orderer_channels, ask_peer_channels
from heddle.network.serving import orderer_services, peer_services
from heddle.waiting import poll
from tests.contract.conftest import KINDS
from tests.contract.scene import Scene, play

Services = Callable[[], Awaitable[frozenset[str]]]


@pytest.fixture(scope="module", params=KINDS)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A scene of its own: what stops here must not be missed elsewhere."""
    yield from play(request.param, tmp_path_factory.mktemp(f"serving-{request.param}"))


async def _become(services: Services, wanted: frozenset[str]) -> None:
    """Wait until a node serves just this."""
    assert await poll(lambda _: services(), lambda now: now == wanted, deadline=40) == wanted


async def test_an_orderer_without_a_leader_serves_no_channel(scene: Scene, connections: Connections) -> None:
    """It says that it is active, and has every block: only that it hands out no newest one tells."""
    node, *others = scene.network.orderers
    reader = scene.person("ordering.admin")

    async def services() -> frozenset[str]:
        facts = await ask_orderer_channels(
            connections, node, ["channel"], scene.network.admin_tls, deadline=10
        )
        return await orderer_services(connections, node, others, {}, facts, reader, deadline=5)

    await _become(services, frozenset({"channel: it knows the leader"}))
    for other in others:
        scene.network.programs[other.name].stop()
    await _become(services, frozenset())
    await asyncio.to_thread(scene.network.start)
    await _become(services, frozenset({"channel: it knows the leader"}))


async def test_a_peer_is_found_again_after_its_restart(scene: Scene, connections: Connections) -> None:
    """By its own gateway, and by those of the others, as what it is now. Stand-ins have no discovery."""
    node, other = scene.peer("alpha"), scene.peer("beta")
    member = scene.person("alpha.admin")
    wanted = {"channel: assets: it endorses"}
    if scene.kind == "real":
        wanted |= {"channel: assets: it finds endorsers", f"channel: assets: {other.name} finds it"}

    async def services() -> frozenset[str]:
        facts = await ask_peer_channels(connections, node, ["channel"], member, deadline=10)
        return await peer_services(connections, node, {"channel": [other]}, facts, member, deadline=5)

    await _become(services, frozenset(wanted))
    scene.network.programs[node.name].stop()
    assert await services() == frozenset()
    await asyncio.to_thread(scene.network.start)
    await _become(services, frozenset(wanted))
