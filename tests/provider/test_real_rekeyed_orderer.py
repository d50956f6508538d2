"""An orderer with a new TLS key: it follows, the channel takes its new certificate, and it orders again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.kube.pods import PodState
from heddle.network.answers import ask_orderer
from heddle.planner.facts import LedgerState
from heddle.plugin.interface import PartialFailure
from heddle.waiting import poll
from tests.provider.harness import Engine, channel_value
from tests.provider.test_real_expired import Processes, restarter
from tests.provider.tokens import CHANNEL
from tests.real.network import RealNetwork, prepared_network

pytestmark = pytest.mark.real


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    network = prepared_network(tmp_path, orderers=3, peers={"organization": 1})
    network.start()
    yield network
    network.stop()


def _channel(network: RealNetwork, messages: int) -> dict[str, Any]:
    signers = [network.ordering.admin, *(one.admin for one in network.organizations.values())]
    value = channel_value(network.settings(), network.orderers, signers, network.admin_tls)
    return value | {"batch": {**value["batch"], "maxMessageCount": messages}}


def _restart(network: RealNetwork, name: str) -> None:
    network.programs[name].stop()
    network.start()


async def _relation(network: RealNetwork, number: int, relation: str) -> None:
    async with Connections(DirectDialer()) as connections:

        async def look(_: float) -> object:
            return await ask_orderer(
                connections, network.orderers[number], "channel", network.admin_tls, deadline=5
            )

        def there(answer: object) -> bool:
            return isinstance(answer, LedgerState) and (answer.relation, answer.status) == (
                relation,
                "active",
            )

        found = await poll(look, there, deadline=60)
    assert there(found), found


async def test_a_new_key_is_taken_in_step_by_step(network: RealNetwork, engine: Engine) -> None:
    """The node restarts with it first; meanwhile the others order, and the node follows them."""
    await engine.up(CHANNEL, "channel", _channel(network, 10))
    before = [one["clientTlsCertificate"] for one in _channel(network, 10)["consenters"]]
    network.rekey(network.orderers[0])
    _restart(network, "orderer1")
    await _relation(network, 0, "follower")

    wanted = _channel(network, 20)
    _, message = await engine.preview(CHANNEL, "channel", wanted)
    assert "new certificate of a consenter" in message
    outputs = await engine.up(CHANNEL, "channel", wanted)
    assert outputs["sequence"] == 2
    await _relation(network, 0, "consenter")
    after = [one["clientTlsCertificate"] for one in wanted["consenters"]]
    assert [one != other for one, other in zip(before, after, strict=True)] == [True, False, False]

    _restart(network, "orderer1")
    await _relation(network, 0, "consenter")
    network.programs["orderer2"].stop()
    outputs = await engine.up(CHANNEL, "channel", _channel(network, 30))
    assert outputs["sequence"] == 3


class Rekeyed(Processes):
    """Nodes as pods: the outdated ones are those that run without the TLS key that they are to have."""

    async def state(self, name: str) -> PodState:
        state = await super().state(name)
        return replace(state, revision="old" if name in self.outdated else "new")

    async def delete(self, name: str, uid: str) -> None:
        await super().delete(name, uid)
        self.outdated.discard(name)

    outdated: set[str]


async def test_two_keys_made_at_once_are_taken_in_one_after_the_other(
    network: RealNetwork, engine: Engine
) -> None:
    """The second one waits, and says so, until the first one orders; nothing is lost of the quorum."""
    await engine.up(CHANNEL, "channel", _channel(network, 10))
    pods = Rekeyed(network, renewed=False)
    pods.outdated = {"orderer1", "orderer2"}
    for node in network.orderers[:2]:
        network.rekey(node)
    async with Connections(DirectDialer()) as connections:
        first = await restarter(network, pods, connections).run()
        (one,), (other,) = first.done, first.left
        assert first.left[other] == f"{one} only follows channel"
        with pytest.raises(PartialFailure, match=f"{other} still orders with its former TLS key"):
            await engine.up(CHANNEL, "channel", _channel(network, 20))
        second = await restarter(network, pods, connections).run()
    assert (list(second.done), second.left) == ([other], {})
    await engine.up(CHANNEL, "channel", _channel(network, 20))
    for number in range(3):
        await _relation(network, number, "consenter")
