"""Handing a transaction in through a gateway: again while nobody takes it, and no longer."""

from contextlib import suppress
from typing import Any

import pytest
from fabric_protos.common.common_pb2 import Envelope

from heddle.errors import Refused, Unreachable
from heddle.fabric import gateway
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.endorser import new_proposal
from heddle.fabric.node import Node
from heddle.identity.signer import Signer

NODE = Node(name="peer0", msp_id="M", host="peer0", port=7051, tls_root_certificates=())
SIGNER = Signer(msp_id="M", certificate=b"", private_key=b"")
WORDS = "peer0: submit: no answer: UNAVAILABLE: insufficient number of orderers; orderer0 (M): received "
PROCESSED = f"{WORDS}unsuccessful response from orderer: failed to submit request: request already processed"
ELECTION = f"{WORDS}unsuccessful response from orderer: no Raft leader"


async def _offers(monkeypatch: pytest.MonkeyPatch, answers: list[str], attempts: int | None = None) -> int:
    """How often a transaction is offered, when the gateway answers so."""
    left = list(answers)

    async def call(*_: Any, **__: Any) -> None:
        raise Unreachable(left.pop(0))

    monkeypatch.setattr(gateway, "_call", call)
    proposal = new_proposal(SIGNER, "channel", "assets", ("put", "a", "b", "1"))
    connections = Connections(DirectDialer())
    with suppress(Unreachable):
        await gateway.submit(connections, NODE, proposal, Envelope(), deadline=20, attempts=attempts)
    return len(answers) - len(left)


async def test_what_was_ordered_already_is_not_offered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """An offer before was taken, and its answer lost: BFT's orderers would say so until the deadline."""
    assert await _offers(monkeypatch, [ELECTION, PROCESSED]) == 2


async def test_a_client_with_other_peers_offers_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks the next peer instead, since this one may be away for a while."""
    assert await _offers(monkeypatch, [ELECTION, PROCESSED], attempts=1) == 1


async def test_a_client_with_other_peers_is_told_at_once_that_this_one_knows_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A peer that is back finds the others after some seconds; a client need not wait for it."""
    asked: list[float] = []

    async def call(*_: Any, **__: Any) -> None:
        asked.append(1)
        words = "no combination of peers can be derived which satisfy the endorsement policy"
        raise Refused(words, status=9, words=words)

    monkeypatch.setattr(gateway, "_call", call)
    monkeypatch.setattr(Signer, "sign", lambda *_: b"")
    proposal = new_proposal(SIGNER, "channel", "assets", ("put", "a", "b", "1"))
    with pytest.raises(Refused):
        await gateway.endorse(Connections(DirectDialer()), NODE, proposal, SIGNER, deadline=20, gossip=0)
    assert len(asked) == 1
