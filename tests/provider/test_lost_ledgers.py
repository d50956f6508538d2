"""Orderers without a channel: which may join it, which must not, and what their word on it counts."""

import pytest
from fabric_protos.common import common_pb2

from heddle.errors import Refused, Unreachable
from heddle.fabric.participation import ChannelInfo
from heddle.provider.channel.facts import State, _worst
from heddle.provider.channel.genesis import lost_ledgers

NODES = ("orderer0", "orderer1", "orderer2")


def _at(height: int) -> State:
    return ChannelInfo(name="channel", relation="consenter", status="active", height=height)


def _said(*states: State, consenters: tuple[str, ...] = NODES, sequence: int = 0) -> str:
    refusal = lost_ledgers("channel", dict(zip(NODES, states, strict=False)), consenters, sequence)
    return str(refusal) if refusal else ""


def test_a_consenter_that_lost_its_disk_does_not_return_as_it_was() -> None:
    """Fabric's Raft panics, or forgets a vote: the node becomes a new consenter instead."""
    said = _said(_at(7), None, _at(7))
    assert "orderer1: a consenter, but without the ledger" in said
    assert "refresh and update" in said


def test_a_channel_that_no_orderer_has_is_not_begun_again() -> None:
    """Peers would be ahead of the orderers, on another chain."""
    assert "configuration was at 3" in _said(None, None, None, sequence=3)


@pytest.mark.parametrize(
    "states",
    [(None, None, None), (_at(1), None, None), (_at(7), _at(6), _at(7))],
    ids=["begins", "half begun", "lives"],
)
def test_a_channel_that_is_made_may_be_joined(states: tuple[State, ...]) -> None:
    """A creation that was cut off goes on."""
    assert _said(*states) == ""


def test_a_new_node_may_join() -> None:
    """It is no consenter before it has the ledger."""
    assert _said(_at(7), _at(7), None, consenters=NODES[:2], sequence=1) == ""


def test_an_orderer_without_the_channel_does_not_speak_for_the_silent_ones() -> None:
    """A refresh warns and keeps the state, as where nobody answers."""
    stranger = Refused("orderer2: NOT_FOUND", status=common_pb2.NOT_FOUND)
    forbidden = Refused("orderer1: FORBIDDEN", status=common_pb2.FORBIDDEN)
    silent = Unreachable("orderer0: no answer")
    assert _worst([stranger, silent]) is silent
    assert _worst([silent, stranger, forbidden]) is forbidden
    assert _worst([stranger]) is stranger
