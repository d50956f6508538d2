"""One package on two channels: one server answers for both, and each keeps its own data and definition."""

import asyncio
from collections.abc import Iterator, Mapping

import pytest

from heddle.configtx.endorsement import policy_bytes
from heddle.errors import FabricError
from heddle.fabric import gateway, lifecycle
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Definition
from heddle.fabric.dial import DirectDialer
from tests.contract.conftest import KINDS
from tests.contract.scene import Scene, put_asset
from tests.contract.standins import prepared_standins
from tests.real.network import prepared_network
from tests.real.steps import Packaged, define, make_channel, run_chaincode

TRADE, AUDIT = "trade", "audit"
ANYBODY = policy_bytes("OR('AlphaMSP.peer')")
FIRST = Definition(name="assets", version="1", sequence=1, validation_parameter=ANYBODY)


@pytest.fixture(scope="module", params=KINDS)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A peer on two channels, with one package that is in force on both."""
    build = prepared_standins if request.param == "stand-in" else prepared_network
    network = build(tmp_path_factory.mktemp(f"channels-{request.param}"), orderers=1, peers={"alpha": 1})
    try:
        network.start()
        scene = Scene(kind=request.param, network=network, genesis=None, deployed=None)  # type: ignore[arg-type]  # it has no genesis of its own
        packages = asyncio.run(_in_force_on_both(scene))
        scene.packages.update({name: each.package_id for name, each in packages.items()})
        yield scene
    finally:
        network.stop()


async def _in_force_on_both(scene: Scene) -> Mapping[str, Packaged]:
    network = scene.network
    async with Connections(DirectDialer()) as connections:
        packages = await run_chaincode(connections, network, "assets")
        for channel in (TRADE, AUDIT):
            await make_channel(connections, network, network.settings(channel))
            await define(connections, network, FIRST, packages, channel)
        return packages


async def names(connections: Connections, scene: Scene, channel: str) -> str:
    """The assets of a channel, as the chaincode lists them."""
    peer, who = scene.peer(), scene.person("alpha.user")
    answer = await gateway.evaluate(connections, peer, who, channel, "assets", ["list"], deadline=10)
    return answer.decode()


async def test_each_channel_has_its_own_data(scene: Scene, connections: Connections) -> None:
    """The server is told the channel with every call."""
    await put_asset(connections, scene, TRADE, "of-trade")
    await put_asset(connections, scene, AUDIT, "of-audit")

    trade, audit = await names(connections, scene, TRADE), await names(connections, scene, AUDIT)
    assert ("of-trade" in trade, "of-audit" in trade) == (True, False)
    assert ("of-trade" in audit, "of-audit" in audit) == (False, True)


async def test_each_channel_has_a_sequence_of_its_own(scene: Scene, connections: Connections) -> None:
    """A second definition on one changes nothing of the other, where a third would be refused."""
    network, admin = scene.network, scene.person("alpha.admin")
    package = Packaged(label="", package=b"", package_id=scene.packages["alpha"])
    second = Definition(name="assets", version="1", sequence=2, init_required=False)
    await define(connections, network, second, {"alpha": package}, AUDIT)

    found = {
        channel: await lifecycle.definition(connections, scene.peer(), channel, "assets", admin, deadline=10)
        for channel in (TRADE, AUDIT)
    }
    assert {name: each.definition.sequence for name, each in found.items() if each} == {TRADE: 1, AUDIT: 2}
    third = Definition(name="assets", version="1", sequence=3)
    with pytest.raises(FabricError, match="requested sequence is 3, but new definition must be sequence 2"):
        await lifecycle.check_readiness(connections, scene.peer(), TRADE, third, admin, deadline=10)
    await put_asset(connections, scene, TRADE, "afterwards")
