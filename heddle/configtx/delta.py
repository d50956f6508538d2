"""Compute the smallest configuration update from one configuration to another.

Equal, message by message, to `configtxlator compute_update`; source: internal/configtxlator/update/update.go
(Fabric 3.1.5).
"""

from collections.abc import Iterable
from typing import Any

from fabric_protos.common import configtx_pb2

from heddle.errors import ConfigtxError, NoDifference

__all__ = ["compute_update"]

_KINDS = ("policies", "values", "groups")


def compute_update(
    channel: str, original: configtx_pb2.Config, updated: configtx_pb2.Config
) -> configtx_pb2.ConfigUpdate:
    """Return the update that an orderer must be sent so that `original` becomes `updated`.

    Versions in `updated` do not count: they follow from the ones in `original`.

    Raises:
        NoDifference: they say the same.
        ConfigtxError: one of them has no channel group.
    """
    for name, config in (("original", original), ("updated", updated)):
        if not config.HasField("channel_group"):
            raise ConfigtxError(f"no channel group included for {name} config")
    update = configtx_pb2.ConfigUpdate(channel_id=channel)
    sets = _group(original.channel_group, updated.channel_group)
    if not sets.changed:
        raise NoDifference("no differences detected between original and updated config")
    update.read_set.CopyFrom(sets.read)
    update.write_set.CopyFrom(sets.write)
    return update


class _Sets:
    """Hold what an update says of one group: what it has read and writes, whether it changes anything."""

    def __init__(self, version: int) -> None:
        self.read = configtx_pb2.ConfigGroup(version=version)
        self.write = configtx_pb2.ConfigGroup(version=version)
        self.same = configtx_pb2.ConfigGroup()
        """Elements that stay, by version only; a change of membership must name them too."""
        self.members_changed = False
        self.changed = False


def _group(original: configtx_pb2.ConfigGroup, updated: configtx_pb2.ConfigGroup) -> _Sets:
    sets = _Sets(original.version)
    for kind in _KINDS:
        old, new = getattr(original, kind), getattr(updated, kind)
        sets.members_changed |= set(old) != set(new)
        for name in old:
            if name in new:
                _element(sets, kind, name, old[name], new[name])
        for name in new:
            if name not in old:
                _added(getattr(sets.write, kind)[name], new[name])
    if sets.members_changed or original.mod_policy != updated.mod_policy:
        _name_all(sets)
        sets.write.version = original.version + 1
        sets.write.mod_policy = updated.mod_policy
        sets.changed = True
    else:
        sets.changed = _holds_any(sets.read) or _holds_any(sets.write)
    return sets


def _element(sets: _Sets, kind: str, name: str, old: Any, new: Any) -> None:  # noqa: ANN401 - one of three messages
    if kind == "groups":
        below = _group(old, new)
        if below.changed:
            sets.read.groups[name].CopyFrom(below.read)
            sets.write.groups[name].CopyFrom(below.write)
        else:
            sets.same.groups[name].version = old.version
    elif old.mod_policy == new.mod_policy and _same_content(kind, old, new):
        getattr(sets.same, kind)[name].version = old.version
    else:
        target = getattr(sets.write, kind)[name]
        target.CopyFrom(new)
        target.version = old.version + 1


def _same_content(kind: str, old: Any, new: Any) -> bool:  # noqa: ANN401 - ConfigValue or ConfigPolicy
    if kind == "values":
        return bool(old.value == new.value)
    # Go tells a policy that is absent from an empty one; messages compare equal here.
    return bool(old.HasField("policy") == new.HasField("policy") and old.policy == new.policy)


def _added(target: Any, new: Any) -> None:  # noqa: ANN401 - any of the three element messages
    """Add a new element with all that is below it, every version 0."""
    target.CopyFrom(new)
    target.version = 0
    if isinstance(target, configtx_pb2.ConfigGroup):
        for element in _elements(target):
            element.version = 0


def _elements(group: configtx_pb2.ConfigGroup) -> Iterable[Any]:
    for kind in _KINDS:
        yield from getattr(group, kind).values()
    for below in group.groups.values():
        yield from _elements(below)


def _name_all(sets: _Sets) -> None:
    for target in (sets.read, sets.write):
        for kind in _KINDS:
            for name, element in getattr(sets.same, kind).items():
                getattr(target, kind)[name].CopyFrom(element)


def _holds_any(group: configtx_pb2.ConfigGroup) -> bool:
    return any(len(getattr(group, kind)) for kind in _KINDS)
