"""A peer that could not open a ledger: it runs, does not list the channel, and does not join it again."""

from collections.abc import Iterator

import pytest

from heddle.errors import LedgerNotOpen, Refused
from heddle.fabric import cscc, qscc
from heddle.fabric.connection import Connections
from heddle.network.unopened import not_opened
from tests.contract.conftest import KINDS
from tests.contract.damage import spoil_blocks
from tests.contract.scene import Scene, play


@pytest.fixture(scope="module", params=KINDS)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A scene of its own, with a peer whose block file was overwritten while it was stopped."""
    for scene in play(request.param, tmp_path_factory.mktemp(f"unopened-{request.param}")):
        program = scene.network.programs[scene.peer().name]
        program.stop()
        spoil_blocks(scene.network, scene.peer(), "channel", standin=request.param == "stand-in")
        program.log.write_text("")
        program.start()
        program.wait()
        yield scene


async def test_the_channel_is_not_listed(scene: Scene, connections: Connections) -> None:
    """Nothing in its answers tells it from a peer that has never joined."""
    admin = scene.person("alpha.admin")

    await connections.wait_until_ready(scene.peer(), deadline=20)
    assert await cscc.channels(connections, scene.peer(), admin, deadline=20) == ()
    with pytest.raises(Refused, match="not found"):
        await qscc.chain_info(connections, scene.peer(), "channel", admin, deadline=10)


async def test_a_join_is_refused_because_the_ledger_is_there(scene: Scene, connections: Connections) -> None:
    """That is no success: a peer has joined when it serves the channel."""
    with pytest.raises(LedgerNotOpen, match=r"could not open it: .*already exists with state \[ACTIVE\]"):
        await cscc.join_channel(
            connections, scene.peer(), "channel", scene.genesis, scene.person("alpha.admin"), deadline=30
        )


def test_its_log_says_why(scene: Scene) -> None:
    """By this it is known without a join."""
    log = scene.network.programs[scene.peer().name].log.read_text()

    assert list(not_opened(log)) == ["channel"]
    assert not_opened(log)["channel"]
