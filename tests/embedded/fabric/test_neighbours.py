"""Who the other peers are: by their own signed word, as long as they say it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heddle.configtx.genesis import genesis_block
from heddle.embedded.fabric.access import SignedData
from heddle.embedded.fabric.channelconfig import ChannelConfig
from heddle.embedded.fabric.peer.neighbours import LIFETIME, Neighbour, Neighbours, one_of_each_first
from heddle.identity.signer import Signer
from tests.configtx.networks import organization, trade


@pytest.fixture
def config() -> ChannelConfig:
    return ChannelConfig.of_block(genesis_block(trade()))


def _peer(name: str, address: str) -> Neighbours:
    return Neighbours(signer=organization(name).signer("peer", address), address=address)


def _known(neighbours: Neighbours) -> dict[str, str]:
    return {one.address: one.msp_id for one in neighbours}


def test_what_one_hears_all_come_to_know(config: ChannelConfig) -> None:
    """Also of peers that never spoke to each other."""
    first, second, third = (
        _peer("alpha", "a1:7051"),
        _peer("alpha", "a2:7051"),
        _peer("beta", "b1:7051"),
    )
    first.hear(second.words(), config)
    third.hear(first.words(), config)
    assert _known(third) == {"a1:7051": "AlphaMSP", "a2:7051": "AlphaMSP"}
    first.hear(third.words(), config)
    assert _known(first) == {"a2:7051": "AlphaMSP", "b1:7051": "BetaMSP"}


def test_strangers_and_forgers_are_not_heard(config: ChannelConfig) -> None:
    """Only members of the channel count, by a signature of what they say."""
    listener = _peer("alpha", "a1:7051")
    listener.hear(_peer("gamma", "g1:7051").words(), config)
    [word] = _peer("beta", "b1:7051").words()
    word.signature = organization("beta").signer("peer").sign(b"something else")
    listener.hear([word], config)
    client = Neighbours(signer=organization("beta").signer("client"), address="b1:7051")
    listener.hear(client.words(), config)
    [word] = _peer("beta", "b1:7051").words()
    word.payload = b"\x0a\xff"
    listener.hear([word], config)
    assert _known(listener) == {}


def test_who_falls_silent_is_gone(config: ChannelConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nobody else can keep it alive by repeating its words."""
    listener, repeater, silent = (
        _peer("alpha", "a1:7051"),
        _peer("alpha", "a2:7051"),
        _peer("beta", "b1:7051"),
    )
    now = time.time()
    old = silent.words()
    repeater.hear(old, config)
    listener.hear(repeater.words(), config)
    assert "b1:7051" in _known(listener)
    monkeypatch.setattr(time, "time", lambda: now + LIFETIME + 1)
    listener.hear([*repeater.words(), *old], config)
    assert set(_known(listener)) == {"a2:7051"}


def test_nobody_is_its_own_neighbour(config: ChannelConfig) -> None:
    """Its own words come back to it from others."""
    signer: Signer = organization("alpha").signer("peer", "a1:7051")
    one = Neighbours(signer=signer, address="a1:7051")
    one.hear(one.words(), config)
    assert _known(one) == {}


@given(st.lists(st.sampled_from("abc"), max_size=8))
def test_every_organization_before_a_second_peer(organizations: list[str]) -> None:
    """Nobody is left out or named twice, and the order is kept."""
    signed = SignedData(b"", b"", b"")
    peers = [
        Neighbour(address=f"{name}{index}", msp_id=name, signed=signed, said=0)
        for index, name in enumerate(organizations)
    ]
    found = one_of_each_first(peers)
    assert sorted(one.address for one in found) == sorted(one.address for one in peers)
    assert [one.msp_id for one in found[: len(set(organizations))]] == list(dict.fromkeys(organizations))
