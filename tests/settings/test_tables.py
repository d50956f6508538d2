"""What every table of settings must hold."""

import pytest
from fabric_protos.orderer import configuration_pb2 as orderer_pb2
from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_pb2
from fabric_protos.orderer.smartbft import configuration_pb2 as smartbft_pb2
from fabric_protos.peer import collection_pb2

from heddle.durations import nanoseconds
from heddle.settings import (
    NOT_LONGER,
    BatchSettings,
    BftOptions,
    CollectionTerms,
    Duration,
    RaftOptions,
    Setting,
    Size,
    settings_of,
)

MESSAGES = {
    BatchSettings: (orderer_pb2.BatchSize, orderer_pb2.BatchTimeout),
    RaftOptions: (etcdraft_pb2.Options,),
    BftOptions: (smartbft_pb2.Options,),
    CollectionTerms: (collection_pb2.StaticCollectionConfig,),
}
ALL = pytest.mark.parametrize(
    ("group", "setting"),
    [(group, each) for group in MESSAGES for each in settings_of(group)],
    ids=lambda value: value.name if isinstance(value, Setting) else value.__name__,
)


@ALL
def test_fabric_has_the_field_that_a_setting_names(group: type, setting: Setting) -> None:
    """A misspelt field would never reach the ledger."""
    fields = {kind.DESCRIPTOR.name: kind.DESCRIPTOR.fields_by_name for kind in MESSAGES[group]}
    assert setting.field in fields[setting.message]


@ALL
def test_a_default_is_allowed_and_in_its_one_spelling(group: type, setting: Setting) -> None:
    """Another spelling of a default would be a difference in the state."""
    default = getattr(group(), setting.name)
    assert default == setting.default
    if isinstance(setting.kind, Duration | Size):
        assert setting.kind.read(default) == default


def test_defaults_keep_the_order_that_smartbft_asks_for() -> None:
    """Nodes halt otherwise."""
    options = BftOptions()
    for shorter, longer in NOT_LONGER:
        assert nanoseconds(getattr(options, shorter)) <= nanoseconds(getattr(options, longer))
