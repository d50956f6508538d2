"""Which configuration blocks are proved: by orderers' signatures and by the update that made them."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from fabric_protos.common import common_pb2, configtx_pb2

from heddle.configtx.blocks import block_hash, config_of
from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.envelope import sign_update, update_envelope
from heddle.configtx.genesis import genesis_block
from heddle.configtx.settings import ChannelSettings
from heddle.configtx.trust import ConfigMark, ProvedConfig, again, first, follow, read_mark
from heddle.configtx.validate import apply_update
from heddle.embedded.fabric.orderer.blocks import metadata_signature, next_block, signed_block
from heddle.errors import ConfigtxError
from tests.configtx.networks import bft_trade, organization, trade

Signatures = list[bytes]


def genesis_of(settings: ChannelSettings) -> tuple[common_pb2.Block, ProvedConfig]:
    block = genesis_block(settings)
    return block, first(block, "trade", block_hash(block.header).hex())


def config_envelope(
    known: ProvedConfig, settings: ChannelSettings, *, messages: int, signed_by: str = "admin"
) -> common_pb2.Envelope:
    """What orderers make of an update of the batch that every organization's `signed_by` has signed."""
    wanted = replace(settings, batch=replace(settings.batch, max_message_count=messages))
    update = compute_update("trade", known.config, apply_settings(known.config, wanted, None))
    content = update.SerializeToString()
    signers = [organization(name).signer(signed_by) for name in ("orderer", "alpha", "beta")]
    envelope = update_envelope(content, [sign_update(content, each) for each in signers], signers[0])
    if signed_by == "admin":
        return wrapped(apply_update(known.config, envelope), envelope)
    config = apply_settings(known.config, wanted, None)
    return wrapped(configtx_pb2.Config(sequence=1, channel_group=config.channel_group), envelope)


def wrapped(
    config: configtx_pb2.Config, update: common_pb2.Envelope, channel: str = "trade"
) -> common_pb2.Envelope:
    header = common_pb2.ChannelHeader(type=common_pb2.CONFIG, channel_id=channel)
    payload = common_pb2.Payload(
        header=common_pb2.Header(channel_header=header.SerializeToString()),
        data=configtx_pb2.ConfigEnvelope(config=config, last_update=update).SerializeToString(),
    )
    return common_pb2.Envelope(payload=payload.SerializeToString())


def block_of(
    before: common_pb2.Block, envelope: common_pb2.Envelope, ids: range | None = None
) -> common_pb2.Block:
    """The next block, signed by an orderer, or by BFT consenters with these numbers."""
    block = next_block(before, [envelope], last_config=0, consenter_metadata=b"")
    owner = organization("orderer")
    if ids is None:
        found = [metadata_signature(block, owner.signer("orderer"))]
    else:
        found = [
            metadata_signature(
                block, owner.signer("orderer", f"orderer{number - 1}.example"), identifier=number
            )
            for number in ids
        ]
    return signed_block(block, [each.SerializeToString() for each in found])


def test_a_raft_channel_is_followed_from_its_genesis() -> None:
    """Two updates in a row; what is known afterwards is the second one's configuration."""
    genesis, known = genesis_of(trade())
    settings, before = trade(), genesis
    for number, messages in enumerate((20, 30), 1):
        block = block_of(before, config_envelope(known, settings, messages=messages))
        known = follow(known, block, "trade")
        assert known.mark == ConfigMark(number=number, hash=block_hash(block.header).hex())
        before = block
    assert known.config.sequence == 2
    assert again(before, "trade", known.mark) == known


@pytest.mark.parametrize(
    ("signatures", "believed"), [(0, False), (1, False), (2, False), (3, True), (4, True)]
)
def test_a_bft_block_needs_a_quorum_of_consenters(signatures: int, believed: bool) -> None:
    """Three of four: one that lies, and one more, are not enough."""
    settings = bft_trade()
    genesis, known = genesis_of(settings)
    block = block_of(genesis, config_envelope(known, settings, messages=20), range(1, signatures + 1))
    if believed:
        assert follow(known, block, "trade").config.sequence == 1
        return
    with pytest.raises(ConfigtxError, match="not signed by the ordering service"):
        follow(known, block, "trade")


def _by_clients(known: ProvedConfig) -> common_pb2.Envelope:
    return config_envelope(known, trade(), messages=20, signed_by="client")


def _without_update(known: ProvedConfig) -> common_pb2.Envelope:
    made = config_of_envelope(config_envelope(known, trade(), messages=20))
    return wrapped(made.config, common_pb2.Envelope())


def _more_than_the_update(known: ProvedConfig) -> common_pb2.Envelope:
    made = config_of_envelope(config_envelope(known, trade(), messages=20))
    made.config.channel_group.groups["Orderer"].values[
        "BatchSize"
    ].mod_policy = "/Channel/Application/Writers"
    return wrapped(made.config, made.last_update)


def _skipped(known: ProvedConfig) -> common_pb2.Envelope:
    made = config_of_envelope(config_envelope(known, trade(), messages=20))
    made.config.sequence += 1
    return wrapped(made.config, made.last_update)


def _of_another_channel(known: ProvedConfig) -> common_pb2.Envelope:
    made = config_of_envelope(config_envelope(known, trade(), messages=20))
    return wrapped(made.config, made.last_update, "other")


def config_of_envelope(envelope: common_pb2.Envelope) -> configtx_pb2.ConfigEnvelope:
    payload = common_pb2.Payload.FromString(envelope.payload)
    return configtx_pb2.ConfigEnvelope.FromString(payload.data)


@pytest.mark.parametrize(
    ("forge", "words"),
    [
        (_by_clients, "its update was never allowed: .* not satisfied"),
        (_without_update, "its update was never allowed"),
        (_more_than_the_update, "not what its update makes"),
        (_skipped, "has configuration 2, but 1 comes next"),
        (_of_another_channel, "is of channel 'other'"),
    ],
)
def test_an_orderers_own_signature_is_not_enough(
    forge: Callable[[ProvedConfig], common_pb2.Envelope], words: str
) -> None:
    """A lying orderer of a Raft channel satisfies BlockValidation by itself: the update must hold, too."""
    genesis, known = genesis_of(trade())
    with pytest.raises(ConfigtxError, match=words):
        follow(known, block_of(genesis, forge(known)), "trade")


def test_a_block_that_is_not_newer_proves_nothing() -> None:
    genesis, known = genesis_of(trade())
    with pytest.raises(ConfigtxError, match="does not follow"):
        follow(known, genesis, "trade")
    other = genesis_block(trade())
    with pytest.raises(ConfigtxError, match="which was proved before"):
        again(other, "trade", known.mark)
    assert config_of(genesis).config == known.config


@pytest.mark.parametrize("value", ["", None, {}, {"number": True, "hash": "a"}, {"number": 1}, {"hash": "a"}])
def test_a_state_without_a_mark(value: object) -> None:
    """An earlier release left none."""
    assert read_mark(value) is None
    assert read_mark({"number": 3.0, "hash": "ab"}) == ConfigMark(number=3, hash="ab")
