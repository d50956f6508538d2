"""What Fabric's own programs say about everything that is made here."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from fabric_protos.common import common_pb2, configtx_pb2

from heddle.configtx.blocks import (
    block_hash,
    config_of,
    last_config_index,
    verify_block,
    verify_genesis,
)
from heddle.configtx.consensus import check_consensus
from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.envelope import sign_update, update_envelope
from heddle.configtx.filters import message_refusal
from heddle.configtx.genesis import genesis_block
from heddle.configtx.read import settings_of
from heddle.configtx.settings import ChannelSettings
from heddle.configtx.validate import apply_update
from heddle.errors import ConfigtxError
from heddle.identity.signer import Signer
from heddle.settings import BatchSettings
from tests.configtx.broken import (
    backwards,
    consortiums,
    foreign_msp,
    global_addresses,
    hash_algorithm,
    hash_width,
    leaf_as_root,
    lonely_policy,
    no_application,
    no_batch,
    no_capabilities,
    no_endpoints,
    no_orderers,
    no_policy,
    nonsense,
    only_unknown_capability,
    policy_of_no_kind,
    policy_with_a_hole,
    strange_name,
    subgroup,
    two_versions_of_an_msp,
    unknown_capability,
    unknown_value,
)
from tests.configtx.networks import organization, peer_organization, trade
from tests.configtx.real_orderer import PROGRAMS, OrdererProcess, running
from tests.programs import needs

pytestmark = [pytest.mark.real, needs(*PROGRAMS)]
SETTINGS = trade(1)
OFFERS = 20
ADMINS = [organization(name).signer("admin") for name in ("alpha", "beta", "orderer")]


@pytest.fixture(scope="module")
def orderer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OrdererProcess]:
    with running(tmp_path_factory.mktemp("orderer"), SETTINGS) as node:
        yield node


@pytest.fixture(scope="module")
def genesis(orderer: OrdererProcess) -> common_pb2.Block:
    block = genesis_block(SETTINGS)
    status, body = orderer.join(block)
    assert status == 201, body
    assert orderer.wait_for("active", 1)["consensusRelation"] == "consenter"
    return block


def live(orderer: OrdererProcess) -> configtx_pb2.Config:
    return config_of(orderer.block("config")).config


def propose(
    config: configtx_pb2.Config,
    wanted: ChannelSettings,
    signers: list[Signer] = ADMINS,
    submitter: Signer = ADMINS[0],
) -> common_pb2.Envelope:
    return propose_config(config, apply_settings(config, wanted, None), signers, submitter)


def propose_config(
    config: configtx_pb2.Config,
    edited: configtx_pb2.Config,
    signers: list[Signer] = ADMINS,
    submitter: Signer = ADMINS[0],
) -> common_pb2.Envelope:
    update = compute_update("trade", config, edited).SerializeToString()
    return update_envelope(update, [sign_update(update, signer) for signer in signers], submitter)


def test_an_orderer_runs_with_our_identity_and_genesis(
    orderer: OrdererProcess, genesis: common_pb2.Block
) -> None:
    """It starts with the MSP folder, joins the block, becomes active, and gives the same block back."""
    fetched = orderer.block("0")
    assert fetched == genesis
    assert verify_genesis(fetched, block_hash(genesis.header).hex()) == config_of(genesis).config


def test_an_update_is_taken_and_the_block_believed(
    orderer: OrdererProcess, genesis: common_pb2.Block
) -> None:
    """The new configuration equals ours message by message, and the real signatures satisfy the policy."""
    before = live(orderer)
    height = orderer.info()["height"]
    envelope = propose(before, replace(SETTINGS, batch=BatchSettings(timeout="700ms")))
    expected = apply_update(before, envelope)
    status, body = orderer.update(envelope)
    assert status == 201, body
    orderer.wait_for("active", height + 1)
    block, previous = orderer.block("newest"), orderer.block(str(height - 1))
    assert config_of(block).config == expected
    assert config_of(block).last_update == envelope
    assert last_config_index(block) == block.header.number == height
    verify_block(block, before, previous_hash=block_hash(previous.header))
    assert settings_of(expected).batch.timeout == "700ms"
    forged = common_pb2.Block.FromString(block.SerializeToString())
    forged.header.previous_hash = b"\0" * 32
    with pytest.raises(ConfigtxError, match="not signed"):
        verify_block(forged, before)


def edited(
    config: configtx_pb2.Config, change: Callable[[configtx_pb2.ConfigGroup], None]
) -> configtx_pb2.Config:
    copy = configtx_pb2.Config()
    copy.CopyFrom(config)
    change(copy.channel_group)
    return copy


@pytest.mark.parametrize(
    "change",
    [
        no_endpoints,
        unknown_value,
        unknown_capability,
        no_batch,
        backwards,
        nonsense,
        no_policy,
        foreign_msp,
        strange_name,
        subgroup,
        lonely_policy,
        only_unknown_capability,
        global_addresses,
        no_capabilities,
        hash_width,
        hash_algorithm,
        no_orderers,
        no_application,
        consortiums,
        two_versions_of_an_msp,
        policy_with_a_hole,
        policy_of_no_kind,
        leaf_as_root,
    ],
    ids=lambda change: change.__name__,
)
def test_nonsense_is_refused_in_the_same_words(
    orderer: OrdererProcess, genesis: common_pb2.Block, change: Callable[[configtx_pb2.ConfigGroup], None]
) -> None:
    """What a stand-in says is what the real node says, letter by letter."""
    config = live(orderer)
    assert_same_refusal(orderer, config, propose_config(config, edited(config, change)))


@pytest.mark.parametrize("signers", [[], ADMINS[:1], ADMINS[2:]], ids=["none", "alpha", "orderer"])
def test_missing_consent_is_refused_in_the_same_words(
    orderer: OrdererProcess, genesis: common_pb2.Block, signers: list[Signer]
) -> None:
    """Which policy, how many were satisfied, how many are needed."""
    config = live(orderer)
    now = settings_of(config, channel="trade")
    grown = replace(now, peer_organizations=(*now.peer_organizations, peer_organization("gamma")))
    assert_same_refusal(orderer, config, propose(config, grown, signers))
    if ADMINS[2] not in signers:
        slower = replace(now, batch=BatchSettings(timeout="3s"))
        assert_same_refusal(orderer, config, propose(config, slower, signers))


def test_stale_updates_are_refused_in_the_same_words(
    orderer: OrdererProcess, genesis: common_pb2.Block
) -> None:
    """Versions of write set and read set."""
    config = live(orderer)
    older = configtx_pb2.Config()
    older.CopyFrom(config)
    older.channel_group.groups["Orderer"].values["BatchTimeout"].version += 5
    assert_same_refusal(orderer, config, propose(older, replace(SETTINGS, batch=BatchSettings(timeout="9s"))))
    older.CopyFrom(config)
    older.channel_group.groups["Application"].version += 5
    grown = replace(SETTINGS, peer_organizations=(*SETTINGS.peer_organizations, peer_organization("gamma")))
    same_batch = replace(grown, batch=settings_of(config).batch)
    assert_same_refusal(orderer, config, propose(older, same_batch))


def test_more_than_one_consenter_is_refused_in_the_same_words(
    orderer: OrdererProcess, genesis: common_pb2.Block
) -> None:
    """Etcdraft's own check, and a certificate that no orderer organization's TLS authority signed."""
    config = live(orderer)
    base = settings_of(config, channel="trade")
    more = [organization("orderer").consenter(f"orderer{n}.example") for n in (7, 8)]
    envelope = propose(config, replace(base, consenters=(*base.consenters, *more)))
    status, body = orderer.update(envelope)
    assert status == 400
    with pytest.raises(ConfigtxError) as caught:
        check_consensus(config, apply_update(config, envelope))
    assert body["error"].endswith(caught.value.message)
    foreign = organization("alpha").consenter("orderer9.example")
    envelope = propose(config, replace(base, consenters=(*base.consenters, foreign)))
    status, body = orderer.update(envelope)
    assert status == 400
    with pytest.raises(ConfigtxError) as caught:
        check_consensus(config, apply_update(config, envelope))
    # Go adds a hint in brackets where the authority has the name of another one.
    assert caught.value.message in body["error"]


def test_who_may_not_submit_is_told_so(orderer: OrdererProcess, genesis: common_pb2.Block) -> None:
    """The outer signature of a peer is no writer's."""
    config = live(orderer)
    wanted = replace(settings_of(config, channel="trade"), batch=BatchSettings(timeout="4s"))
    envelope = propose(config, wanted, submitter=organization("alpha").signer("peer"))
    status, body = orderer.update(envelope)
    assert status >= 400
    assert body["error"].endswith(
        "config update for existing channel did not pass initial checks: " + message_refusal(config, envelope)
    )


def assert_same_refusal(
    orderer: OrdererProcess, config: configtx_pb2.Config, envelope: common_pb2.Envelope
) -> None:
    """Offer an update until Fabric refuses it in the stand-in's words.

    Fabric walks a channel's groups in the order of a Go map, which differs from call to call. Of two groups
    that are wrong together it names either, each about every second time.
    """
    with pytest.raises(ConfigtxError) as caught:
        apply_update(config, envelope)
    said = set()
    for _ in range(OFFERS):
        status, body = orderer.update(envelope)
        assert status == 400, body
        if body["error"].endswith(caught.value.message):
            return
        said.add(body["error"])
    pytest.fail(f"Fabric never says {caught.value.message!r}, but {said}")
