"""A BFT orderer with new keys: it follows, the channel takes its new mapping, and it orders again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from heddle.configtx.settings import BFT
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.identity.revocation import new_revocation_list
from heddle.plugin.interface import PartialFailure
from tests.provider.harness import Engine, channel_value
from tests.provider.test_real_expired import restarter
from tests.provider.test_real_rekeyed_orderer import Rekeyed, _relation, _restart
from tests.provider.tokens import CHANNEL
from tests.real.network import RealNetwork, prepared_network

pytestmark = pytest.mark.real

QUICK = {
    "requestForwardTimeout": "1s",
    "requestComplainTimeout": "2s",
    "viewChangeResendInterval": "1s",
    "viewChangeTimeout": "4s",
    "leaderHeartbeatTimeout": "4s",
}
"""A leader that is gone is missed in seconds, not after a minute."""


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    network = prepared_network(tmp_path, orderers=4, peers={"organization": 1})
    network.start()
    yield network
    network.stop()


def _channel(network: RealNetwork, messages: int, revoked: bytes = b"") -> dict[str, Any]:
    """The channel of all four; with `revoked`, a list that its ordering organization has."""
    signers = [network.ordering.admin, *(one.admin for one in network.organizations.values())]
    settings = network.settings(consensus=BFT)
    value = channel_value(settings, network.orderers, signers, network.admin_tls)
    if revoked:
        value["ordererOrganizations"][0]["msp"]["revocationLists"] = [revoked.decode()]
    return value | {"bft": QUICK, "batch": {**value["batch"], "maxMessageCount": messages}}


async def test_new_keys_are_taken_in_step_by_step(network: RealNetwork, engine: Engine) -> None:
    """The node restarts first; the channel takes mapping and revocation while the three others order.

    Afterwards the node counts: with another one away, a quorum needs its signature.
    """
    await engine.up(CHANNEL, "channel", _channel(network, 10))
    network.rekey(network.orderers[3])
    former = network.rekey_identity(network.orderers[3])
    serial = x509.load_pem_x509_certificate(former.certificate).serial_number
    revoked = new_revocation_list(network.ordering.authority, [serial])
    _restart(network, "orderer4")
    await _relation(network, 3, "follower")

    wanted = _channel(network, 20, revoked)
    _, message = await engine.preview(CHANNEL, "channel", wanted)
    assert "new certificate of a consenter" in message
    assert "leaves 4 of 4 running, margin 1" in message
    outputs = await engine.up(CHANNEL, "channel", wanted)
    assert outputs["sequence"] == 2
    await _relation(network, 3, "consenter")

    _restart(network, "orderer4")
    await _relation(network, 3, "consenter")
    network.programs["orderer3"].stop()
    outputs = await engine.up(CHANNEL, "channel", _channel(network, 30, revoked))
    assert outputs["sequence"] == 3


async def test_a_node_that_has_not_restarted_keeps_its_mapping(network: RealNetwork, engine: Engine) -> None:
    """It would go on to call itself a consenter, and none of its signatures would count."""
    await engine.up(CHANNEL, "channel", _channel(network, 10))
    network.rekey(network.orderers[3])
    network.rekey_identity(network.orderers[3])
    with pytest.raises(PartialFailure, match="orderer4 still orders with its former enrolment key"):
        await engine.up(CHANNEL, "channel", _channel(network, 20))


async def test_two_that_were_rekeyed_at_once_are_taken_in_one_after_the_other(
    network: RealNetwork, engine: Engine
) -> None:
    """The second one waits, and says so, until the first one orders; nothing is lost of the quorum."""
    await engine.up(CHANNEL, "channel", _channel(network, 10))
    pods = Rekeyed(network, renewed=False)
    pods.outdated = {"orderer3", "orderer4"}
    for node in network.orderers[2:]:
        network.rekey(node)
        network.rekey_identity(node)
    async with Connections(DirectDialer()) as connections:
        first = await restarter(network, pods, connections).run()
        (one,), (other,) = first.done, first.left
        assert first.left[other] == f"{one} only follows channel"
        with pytest.raises(PartialFailure, match=f"{other} still orders with its former enrolment key"):
            await engine.up(CHANNEL, "channel", _channel(network, 20))
        second = await restarter(network, pods, connections).run()
    assert (list(second.done), second.left) == ([other], {})
    await engine.up(CHANNEL, "channel", _channel(network, 20))
    for number in range(4):
        await _relation(network, number, "consenter")


async def test_a_tls_key_alone_is_noted_while_the_node_orders(network: RealNetwork, engine: Engine) -> None:
    """BFT's nodes know each other by their enrolment: with another TLS key a node orders on, and counts."""
    await engine.up(CHANNEL, "channel", _channel(network, 10))
    network.rekey(network.orderers[3])
    _restart(network, "orderer4")
    await _relation(network, 3, "consenter")
    outputs = await engine.up(CHANNEL, "channel", _channel(network, 10))
    assert outputs["sequence"] == 1
    network.programs["orderer3"].stop()
    outputs = await engine.up(CHANNEL, "channel", _channel(network, 20))
    assert outputs["sequence"] == 2
