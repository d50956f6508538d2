"""What has become of an update: in force, still possible, or overtaken by another one."""

from dataclasses import replace

import pytest
from fabric_protos.common import configtx_pb2

from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.elements import element_map, group_of
from heddle.configtx.genesis import channel_group
from heddle.configtx.progress import UpdateProgress, update_progress
from heddle.configtx.settings import ChannelSettings
from heddle.configtx.validate import changed_elements
from heddle.settings import BatchSettings
from tests.configtx.networks import trade

BATCH = "batch"
MEMBER = "member"


def _config(settings: ChannelSettings) -> configtx_pb2.Config:
    return configtx_pb2.Config(channel_group=channel_group(settings))


def _changed(settings: ChannelSettings, what: str, number: int) -> ChannelSettings:
    if what == BATCH:
        return replace(settings, batch=BatchSettings(max_message_count=number))
    members = settings.peer_organizations
    return replace(settings, peer_organizations=members[number:])


def _update(config: configtx_pb2.Config, what: str, number: int) -> configtx_pb2.ConfigUpdate:
    wanted = apply_settings(config, _changed(trade(), what, number), None)
    return compute_update("trade", config, wanted)


def _after(config: configtx_pb2.Config, update: configtx_pb2.ConfigUpdate) -> configtx_pb2.Config:
    """The configuration that an orderer makes of it, signatures aside."""
    elements = {**element_map(config.channel_group), **changed_elements(config, update)}
    return configtx_pb2.Config(sequence=config.sequence + 1, channel_group=group_of(elements))


@pytest.mark.parametrize("what", [BATCH, MEMBER])
def test_an_update_is_in_force_once_the_channel_says_what_it_wanted(what: str) -> None:
    """Not before; also after others' updates of other things."""
    config = _config(trade())
    update = _update(config, what, 1)
    assert update_progress(update, config) is UpdateProgress.PENDING
    after = _after(config, update)
    assert update_progress(update, after) is UpdateProgress.IN_FORCE
    other = BATCH if what == MEMBER else MEMBER
    assert update_progress(_update(config, other, 1), after) is UpdateProgress.PENDING


@pytest.mark.parametrize("what", [BATCH, MEMBER])
def test_a_newer_configuration_of_another_update_is_not_this_one(what: str) -> None:
    """Its sequence says nothing: an update that was overtaken will never be in force."""
    config = _config(trade())
    first, second = _update(config, what, 1), _update(config, what, 2)
    assert update_progress(second, _after(config, first)) is UpdateProgress.OVERTAKEN
