"""A refusal that repeating cannot change is reported at once; one that passes is waited out."""

from typing import Any

import pytest
from fabric_protos.common.common_pb2 import (
    BAD_REQUEST,
    FORBIDDEN,
    NOT_FOUND,
    SERVICE_UNAVAILABLE,
    Block,
    Envelope,
)
from fabric_protos.common.configtx_pb2 import ConfigUpdate

from heddle.configtx.progress import UpdateProgress
from heddle.errors import FabricError, Refused, Unreachable
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.network import configuration, updates
from heddle.network.history import ConfigHistory
from heddle.network.updates import UpdateDelivery
from heddle.waiting import Deadline

NODE = Node(name="orderer0", msp_id="M", host="orderer0", port=7050, tls_root_certificates=())
SIGNER = Signer(msp_id="M", certificate=b"", private_key=b"")


def _quorum_loss(alive: int) -> Refused:
    """As etcdraft says it, in the words of a broadcast."""
    words = (
        "config update for existing channel did not pass initial checks: "
        f"{alive} out of 3 nodes are alive, configuration will result in quorum loss"
    )
    return Refused(words, status=BAD_REQUEST, words=words)


class _Orderer:
    """Answers each call with the next error; after the last one it goes on with that."""

    def __init__(self, errors: list[FabricError]) -> None:
        self.errors = errors
        self.calls = 0

    async def __call__(self, *_: Any, **__: Any) -> Block:
        error = self.errors[min(self.calls, len(self.errors) - 1)]
        self.calls += 1
        raise error


@pytest.fixture
def delivery() -> UpdateDelivery:
    """Two of three consenters are known to run."""
    return UpdateDelivery(
        connections=Connections(DirectDialer()),
        history=ConfigHistory("trade"),
        orderers=[NODE],
        signer=SIGNER,
        running=2,
    )


async def _hand_in(delivery: UpdateDelivery) -> None:
    with pytest.raises(Refused, match="will result in quorum loss"):
        await delivery.hand_in(Envelope(), ConfigUpdate(), Block(), Deadline(20))


async def test_the_loss_of_the_quorum_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, delivery: UpdateDelivery
) -> None:
    """Raft counts as many as run: it will not count more. It was offered for five minutes."""
    orderer = _Orderer([_quorum_loss(2)])
    monkeypatch.setattr(updates, "broadcast", orderer)
    await _hand_in(delivery)
    assert orderer.calls == 1


async def test_a_count_that_lags_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, delivery: UpdateDelivery
) -> None:
    """An orderer that has just started counts nobody: it is asked again until it counts those that run."""
    orderer = _Orderer([_quorum_loss(0), _quorum_loss(1), _quorum_loss(2)])
    monkeypatch.setattr(updates, "broadcast", orderer)
    await _hand_in(delivery)
    assert orderer.calls == 3


@pytest.mark.parametrize(
    "words",
    [
        "attempt to set key [Value]  /Channel/Orderer/Orderers to version 3, but key is at version 1",
        "proposed update requires that key /Channel be at version 2, but it is currently at version 1",
    ],
)
async def test_an_orderer_that_lags_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, delivery: UpdateDelivery, words: str
) -> None:
    """It has just become a consenter: the next one is offered the update. It was waited for, for a minute."""
    orderer = _Orderer([Refused(words, status=BAD_REQUEST, words=words), _quorum_loss(2)])

    async def block(*_: object) -> Block:
        return Block()

    monkeypatch.setattr(updates, "broadcast", orderer)
    monkeypatch.setattr(updates, "config_block_once_led", block)
    monkeypatch.setattr(updates, "_progress", lambda *_: UpdateProgress.PENDING)
    await _hand_in(delivery)
    assert orderer.calls == 2


async def _block_once_led(monkeypatch: pytest.MonkeyPatch, errors: list[FabricError]) -> _Orderer:
    orderer = _Orderer(errors)
    monkeypatch.setattr(configuration, "config_block", orderer)
    with pytest.raises(FabricError):
        await configuration.config_block_once_led(
            Connections(DirectDialer()), [NODE], ConfigHistory("trade"), SIGNER, Deadline(1)
        )
    return orderer


async def test_a_reader_that_is_none_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """FORBIDDEN stays so, however long the channel is waited for."""
    assert (await _block_once_led(monkeypatch, [Refused("no", status=FORBIDDEN)])).calls == 1


@pytest.mark.parametrize(
    "passing",
    [
        Refused("no leader", status=SERVICE_UNAVAILABLE),
        Refused("has just joined", status=NOT_FOUND),
        Unreachable("starts"),
    ],
    ids=str,
)
async def test_an_orderer_that_is_not_ready_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, passing: FabricError
) -> None:
    """An election ends, a channel opens, a node starts."""
    assert (await _block_once_led(monkeypatch, [passing])).calls > 1
