"""Editing configurations by what is wanted of them."""

from dataclasses import replace

import pytest
from fabric_protos.common import configtx_pb2, configuration_pb2
from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_pb2
from hypothesis import given, settings

from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.genesis import channel_group
from heddle.configtx.read import consensus_metadata, differences, settings_of
from heddle.configtx.settings import Capabilities, ChannelSettings
from heddle.errors import ConfigtxError, IdentityError, NoDifference
from heddle.settings import BatchSettings
from tests.configtx.networks import orderer_organization, organization, peer_organization, trade
from tests.configtx.strategies import channels


def config(wanted: ChannelSettings) -> configtx_pb2.Config:
    return configtx_pb2.Config(channel_group=channel_group(wanted))


@given(channels())
@settings(max_examples=40)
def test_what_was_written_can_be_read(wanted: ChannelSettings) -> None:
    """Reading a configuration gives the settings that it was made of."""
    assert differences(settings_of(config(wanted)), wanted) == []


@given(channels(), channels())
@settings(max_examples=80)
def test_an_edit_reaches_what_is_wanted_and_is_minimal(old: ChannelSettings, new: ChannelSettings) -> None:
    """Afterwards nothing differs; a second edit changes no byte; an equal wish is no difference."""
    live = config(old)
    before = live.SerializeToString(deterministic=True)
    edited = apply_settings(live, new, None)
    assert live.SerializeToString(deterministic=True) == before
    assert differences(settings_of(edited), new) == []
    assert apply_settings(edited, new, None) == edited
    if differences(old, new):
        assert compute_update("trade", live, edited).channel_id == "trade"
    else:
        with pytest.raises(NoDifference):
            compute_update("trade", live, edited)


@given(channels(), channels())
@settings(max_examples=40)
def test_unchanged_wishes_keep_what_others_did(applied: ChannelSettings, others: ChannelSettings) -> None:
    """Whatever others changed, applying the same settings again reverts none of it."""
    live = config(others)
    assert apply_settings(live, applied, applied) == live


@given(channels(), channels())
@settings(max_examples=40)
def test_a_wish_alone_is_fulfilled(applied: ChannelSettings, wanted: ChannelSettings) -> None:
    """With nothing changed by others, three-way and two-way say the same."""
    live = config(applied)
    assert apply_settings(live, wanted, applied) == apply_settings(live, wanted, None)


def test_values_that_mean_the_same_keep_their_bytes() -> None:
    """Another order of map entries, another way to write a duration: no difference."""
    live = config(trade())
    group = live.channel_group.groups["Orderer"]
    two = configuration_pb2.Capabilities()
    for name in ("V2_0", "V1_4_2"):
        two.capabilities[name].SetInParent()
    group.values["Capabilities"].value = two.SerializeToString()
    batch = replace(trade().batch, timeout="2000ms")
    assert apply_settings(live, replace(trade(), batch=batch), None) == live


def test_one_change_touches_one_value() -> None:
    """A new batch timeout needs the orderers' consent and nobody else's."""
    live = config(trade())
    edited = apply_settings(live, replace(trade(), batch=BatchSettings(timeout="1s")), None)
    update = compute_update("trade", live, edited)
    orderer = update.write_set.groups["Orderer"]
    assert list(update.write_set.groups) == ["Orderer"]
    assert list(orderer.values) == ["BatchTimeout"]
    assert not orderer.groups


def test_a_new_consenter_comes_last() -> None:
    """Places in the list belong to nodes: none moves."""
    live = config(trade())
    added = organization("orderer").consenter("a-first.example")
    wanted = replace(trade(), consenters=(added, *reversed(trade().consenters)))
    hosts = [node.host for node in metadata(apply_settings(live, wanted, None)).consenters]
    assert hosts == [*(node.host for node in trade().consenters), "a-first.example"]


def test_a_rotated_certificate_stays_in_its_place() -> None:
    """Raft keeps the node's number only if one goes and one comes."""
    live = config(trade())
    renewed = replace(
        trade().consenters[1],
        client_tls_certificate=organization("orderer").server("other").certificate,
        server_tls_certificate=organization("orderer").server("other").certificate,
    )
    wanted = replace(trade(), consenters=(trade().consenters[0], renewed, trade().consenters[2]))
    nodes = metadata(apply_settings(live, wanted, None)).consenters
    assert [node.host for node in nodes] == [node.host for node in trade().consenters]
    assert nodes[1].client_tls_cert == renewed.client_tls_certificate


def test_both_changed_the_same_thing() -> None:
    """Neither side wins silently; the message has all three values."""
    live = config(replace(trade(), batch=BatchSettings(timeout="3s")))
    with pytest.raises(ConfigtxError) as caught:
        apply_settings(live, replace(trade(), batch=BatchSettings(timeout="1s")), trade())
    assert "batch timeout: 2s → 3s on the channel, 2s → 1s here" in str(caught.value)


def test_both_made_the_same_change() -> None:
    """That is agreement."""
    live = config(replace(trade(), batch=BatchSettings(timeout="1s")))
    assert apply_settings(live, replace(trade(), batch=BatchSettings(timeout="1s")), trade()) == live


def test_a_member_removed_by_others_is_not_edited() -> None:
    """An anchor peer for an organization that is gone is a conflict, not half an organization."""
    live = config(replace(trade(), peer_organizations=(peer_organization("beta"),)))
    more = replace(trade(), peer_organizations=(peer_organization("alpha", "x:1"), peer_organization("beta")))
    with pytest.raises(ConfigtxError, match="organization is gone"):
        apply_settings(live, more, trade())


def test_an_msp_id_cannot_change() -> None:
    """Fabric would refuse it after the signatures were collected."""
    other = replace(orderer_organization("orderer", "a:1"), msp=organization("second").msp)
    with pytest.raises(IdentityError, match="for ever"):
        apply_settings(config(trade()), replace(trade(), orderer_organizations=(other,)), None)


def test_differences_are_readable() -> None:
    """One line each, with units."""
    new = replace(
        trade(2),
        batch=BatchSettings(timeout="1s", preferred_max_bytes=1024 * 1024),
        peer_organizations=(peer_organization("alpha", "peer0.alpha:7051"), peer_organization("gamma")),
        capabilities=Capabilities(channel="V2_0"),
    )
    assert differences(trade(), new) == [
        "batch timeout: 2s → 1s",
        "batch preferred max bytes: 2 MB → 1 MB",
        "channel capability: V3_0 → V2_0",
        "endpoint orderer2.example:7050 of orderer organization orderer: removed",
        "peer organization beta: removed",
        "consenter orderer2.example:7050: removed",
        "peer organization gamma: added",
    ]


def metadata(of: configtx_pb2.Config) -> etcdraft_pb2.ConfigMetadata:
    return consensus_metadata(of.channel_group.groups["Orderer"])[1]
