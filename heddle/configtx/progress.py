"""Tell what has become of a configuration update by the configuration in force."""

from enum import Enum

from fabric_protos.common import configtx_pb2

from heddle.configtx.elements import Element, element_map
from heddle.configtx.validate import written_elements

__all__ = ["UpdateProgress", "update_progress"]


class UpdateProgress(Enum):
    """Names what has become of an update that was handed in."""

    PENDING = "not in force yet"
    IN_FORCE = "in force"
    OVERTAKEN = "overtaken by another update"


def update_progress(update: configtx_pb2.ConfigUpdate, config: configtx_pb2.Config) -> UpdateProgress:
    """Compare what an update wanted with the configuration in force, element by element.

    A newer configuration alone says nothing: another update may have made it. Orderers refuse an update as
    soon as one element that it read, or that it adds, has changed (common/configtx/update.go, Fabric 3.1.5).
    """
    existing = element_map(config.channel_group)
    read = element_map(update.read_set)
    written = written_elements(read, element_map(update.write_set))
    if all(key in existing and _equal(existing[key], element) for key, element in written.items()):
        return UpdateProgress.IN_FORCE
    unread = any(key not in existing or existing[key].version != one.version for key, one in read.items())
    taken = any(key in existing and existing[key].version >= one.version for key, one in written.items())
    return UpdateProgress.OVERTAKEN if unread or taken else UpdateProgress.PENDING


def _equal(existing: Element, written: Element) -> bool:
    """Tell whether an element is the written one. Members of a group are elements of their own."""
    one, other = existing.message, written.message
    if (one.version, one.mod_policy) != (other.version, other.mod_policy):
        return False
    if isinstance(one, configtx_pb2.ConfigGroup):
        return all(
            set(getattr(one, kind)) == set(getattr(other, kind)) for kind in ("groups", "values", "policies")
        )
    return bool(one == other)
