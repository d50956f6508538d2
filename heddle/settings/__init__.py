"""Describe settings of channels and nodes once: name, kind, default, bounds, meaning, Fabric's name.

The stack file's models and documentation, the provider's schema and typed inputs, and the channel
configuration are made from these tables. A group is a frozen dataclass: its fields are the settings, so that
the values of a group are typed, and `settings_of(group)` is the table.
"""

from heddle.settings.batch import BatchSettings
from heddle.settings.bft_options import NOT_LONGER, BftOptions
from heddle.settings.collection_terms import CollectionTerms
from heddle.settings.kinds import Boolean, Duration, Integer, ScalarKind, Size
from heddle.settings.model import Setting, camel_case, inputs_of, settings_of
from heddle.settings.pod_resources import DEFAULT_RESOURCES
from heddle.settings.raft_options import RaftOptions
from heddle.settings.written import written_settings

__all__ = [
    "DEFAULT_RESOURCES",
    "NOT_LONGER",
    "BatchSettings",
    "BftOptions",
    "Boolean",
    "CollectionTerms",
    "Duration",
    "Integer",
    "RaftOptions",
    "ScalarKind",
    "Setting",
    "Size",
    "camel_case",
    "inputs_of",
    "settings_of",
    "written_settings",
]
