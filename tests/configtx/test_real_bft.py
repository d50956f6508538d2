"""Real orderers with BFT on our genesis: they order, change their own number, and we believe their blocks."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from fabric_protos.common import common_pb2, configtx_pb2, configuration_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2
from fabric_protos.orderer.smartbft import configuration_pb2 as smartbft_pb2

from heddle.configtx import values
from heddle.configtx.blocks import block_hash, config_of, is_config_block, last_config_index, verify_block
from heddle.configtx.consensus_bft import check_configure, check_runtime
from heddle.configtx.edit import apply_settings
from heddle.configtx.genesis import genesis_block
from heddle.configtx.read import differences, settings_of
from heddle.configtx.settings import BFT, ChannelSettings
from heddle.configtx.validate import apply_update
from heddle.errors import ConfigtxError, Refused
from heddle.fabric import orderer, participation
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from tests.configtx.history import CHANNEL, change, live, live_through, signed_update, whole_chain
from tests.real.network import RealNetwork, prepared_network, running

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealNetwork]:
    """Five orderers, of which four order at first; two organizations with a peer each."""
    folder = tmp_path_factory.mktemp("bft")
    yield from running(prepared_network(folder, orderers=5, peers={"alpha": 1, "beta": 1}))


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    async with Connections(DirectDialer()) as connections:
        yield connections


def of_four(network: RealNetwork) -> ChannelSettings:
    settings = network.settings(CHANNEL, consensus=BFT)
    return replace(settings, consenters=settings.consenters[:4])


async def test_a_bft_channel_lives_on_our_genesis(network: RealNetwork, connections: Connections) -> None:
    """Four consenters and a follower join; definition, private data and an update are ordered."""
    await live_through(connections, network, of_four(network))
    for node in network.orderers[:4]:
        info = await participation.channel_info(connections, node, CHANNEL, network.admin_tls, deadline=20)
        assert info is not None
        assert (info.relation, info.status) == ("consenter", "active")


async def test_every_block_of_real_bft_orderers_is_believed(
    network: RealNetwork, connections: Connections
) -> None:
    """By a quorum under the configuration that held; not with one signature less, nor with other content."""
    chain = await whole_chain(connections, network)
    assert len(chain) > 8
    config = config_of(chain[0]).config
    for previous, block in pairwise(chain):
        verify_block(block, config, previous_hash=block_hash(previous.header))
        spoiled = common_pb2.Block.FromString(block.SerializeToString())
        metadata = common_pb2.Metadata.FromString(spoiled.metadata.metadata[common_pb2.SIGNATURES])
        assert len(metadata.signatures) == 3
        del metadata.signatures[0]
        spoiled.metadata.metadata[common_pb2.SIGNATURES] = metadata.SerializeToString()
        with pytest.raises(ConfigtxError, match="not signed by the ordering service"):
            verify_block(spoiled, config)
        if is_config_block(block):
            assert last_config_index(block) == block.header.number
            update = config_of(block).last_update
            assert config_of(block).config == apply_update(config, update)
            config = config_of(block).config


async def test_a_consenter_is_added_and_removed(network: RealNetwork, connections: Connections) -> None:
    """The fifth comes, the first goes in another update; mapping and policy follow, orderers go on."""
    now = settings_of(await live(connections, network), channel=CHANNEL)
    five = replace(now, consenters=network.settings(CHANNEL).consenters)
    await change(connections, network, five)
    assert differences(settings_of(await live(connections, network), channel=CHANNEL), five) == []
    four = replace(five, consenters=five.consenters[:4])
    await change(connections, network, four)
    chain = await whole_chain(connections, network)
    assert len(config_of(chain[-1]).config.channel_group.groups["Orderer"].values) > 0
    check_runtime(config_of(chain[-1]).config)
    verify_block(chain[-1], config_of(chain[-2]).config, previous_hash=block_hash(chain[-2].header))


def stale_policy(config: configtx_pb2.Config) -> None:
    group = config.channel_group.groups["Orderer"]
    mapping = values.read(group, "Orderers", configuration_pb2.Orderers())
    del mapping.consenter_mapping[3:]
    values.put(group, "Orderers", mapping)


def rotating_leader(config: configtx_pb2.Config) -> None:
    group = config.channel_group.groups["Orderer"]
    kind = values.read(group, "ConsensusType", orderer_pb2.ConsensusType())
    options = smartbft_pb2.Options.FromString(kind.metadata)
    options.leader_rotation = smartbft_pb2.Options.ROTATION_ON
    kind.metadata = options.SerializeToString()
    values.put(group, "ConsensusType", kind)


def no_mapping(config: configtx_pb2.Config) -> None:
    del config.channel_group.groups["Orderer"].values["Orderers"]


def no_policy(config: configtx_pb2.Config) -> None:
    del config.channel_group.groups["Orderer"].policies["BlockValidation"]


@pytest.mark.parametrize(
    "spoil", [stale_policy, rotating_leader, no_mapping, no_policy], ids=lambda one: one.__name__
)
async def test_what_bft_orderers_refuse_they_refuse_in_our_words(
    network: RealNetwork, connections: Connections, spoil: Callable[[configtx_pb2.Config], Any]
) -> None:
    """With SERVICE_UNAVAILABLE, and up to where Go prints whole messages."""
    config = await live(connections, network)
    wrong = configtx_pb2.Config.FromString(config.SerializeToString())
    spoil(wrong)
    envelope = signed_update(network, config, wrong)
    with pytest.raises(ConfigtxError) as ours:
        check_configure(apply_update(config, envelope))
    with pytest.raises(Refused) as theirs:
        await orderer.broadcast(connections, network.orderers[0], envelope, deadline=5)
    assert theirs.value.status == common_pb2.SERVICE_UNAVAILABLE
    assert theirs.value.words.startswith(ours.value.message.partition(": a policy of type")[0])


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("request_batch_max_interval", "soon"),
        ("collect_timeout", "0s"),
        ("request_forward_timeout", "30s"),
        ("view_change_resend_interval", "30s"),
        ("request_pool_size", 0),
        ("leader_heartbeat_count", 0),
    ],
)
async def test_what_stops_a_chain_stops_it_in_our_words(
    network: RealNetwork, connections: Connections, option: str, value: str | int
) -> None:
    """A node refuses to start a chain with options that `check_runtime` refuses."""
    settings = network.settings("broken", consensus=BFT)
    block = genesis_block(settings)
    config = config_of(block)
    kind = values.read(
        config.config.channel_group.groups["Orderer"], "ConsensusType", orderer_pb2.ConsensusType()
    )
    options = smartbft_pb2.Options.FromString(kind.metadata)
    setattr(options, option, value)
    kind.metadata = options.SerializeToString()
    values.put(config.config.channel_group.groups["Orderer"], "ConsensusType", kind)
    with pytest.raises(ConfigtxError) as ours:
        check_runtime(config.config)
    with pytest.raises(Refused) as theirs:
        await participation.join(
            connections, network.orderers[0], "broken", _with(block, config), network.admin_tls, deadline=20
        )
    assert ours.value.message in theirs.value.words


def _with(block: common_pb2.Block, config: configtx_pb2.ConfigEnvelope) -> common_pb2.Block:
    from heddle.configtx.blocks import data_hash

    envelope = common_pb2.Envelope.FromString(block.data.data[0])
    payload = common_pb2.Payload.FromString(envelope.payload)
    payload.data = config.SerializeToString()
    envelope.payload = payload.SerializeToString()
    block.data.data[0] = envelope.SerializeToString()
    block.header.data_hash = data_hash(block.data)
    return block


async def test_an_edit_of_a_live_channel_is_what_we_say(
    network: RealNetwork, connections: Connections
) -> None:
    """Nothing changes where nothing is wanted."""
    config = await live(connections, network)
    assert apply_settings(config, settings_of(config, channel=CHANNEL), None) == config
