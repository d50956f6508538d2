"""Turn a configuration tree into one flat mapping from Fabric's element names to elements, and back.

"[Value]  /Channel/Orderer/BatchTimeout" is how orderers name an element in their refusals. Source:
common/configtx/configmap.go (Fabric 3.1.5).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from fabric_protos.common import configtx_pb2

from heddle.configtx.names import check_config_id
from heddle.configtx.values import ADMINS
from heddle.errors import ConfigtxError

__all__ = ["Element", "element_map", "group_of"]

ElementMessage: TypeAlias = configtx_pb2.ConfigGroup | configtx_pb2.ConfigValue | configtx_pb2.ConfigPolicy
_MessageT = TypeVar(
    "_MessageT", configtx_pb2.ConfigGroup, configtx_pb2.ConfigValue, configtx_pb2.ConfigPolicy
)

ROOT: Final = "Channel"
_GROUP: Final = "[Group]  "
_VALUE: Final = "[Value]  "
_POLICY: Final = "[Policy] "
_ORDERER_CAPABILITIES: Final = "[Value]  /Channel/Orderer/Capabilities"


@dataclass(frozen=True, kw_only=True)
class Element:
    """A group, value or policy, with the path of the group that governs it ("/Channel/Orderer")."""

    message: ElementMessage
    governed_at: str

    @property
    def version(self) -> int:
        """Return how often the element was changed."""
        return self.message.version

    @property
    def mod_policy(self) -> str:
        """Name of the policy that allows a change, as the element has it: relative or absolute."""
        return self.message.mod_policy

    @property
    def policy_path(self) -> str:
        """Return the path of the policy that allows a change, absolute."""
        name = self.mod_policy
        return name if name.startswith("/") else f"{self.governed_at}/{name}"


def element_map(root: configtx_pb2.ConfigGroup) -> dict[str, Element]:
    """Return every element of a tree. Raises ConfigtxError for a name that Fabric refuses."""
    found: dict[str, Element] = {}
    _add_group(found, f"/{ROOT}", root)
    return found


def _add_group(found: dict[str, Element], path: str, group: configtx_pb2.ConfigGroup) -> None:
    found[_GROUP + path] = Element(message=group, governed_at=path)
    leaves: dict[str, Mapping[str, ElementMessage]] = {_VALUE: group.values, _POLICY: group.policies}
    for prefix, messages in leaves.items():
        for name, message in messages.items():
            _check_name(name, prefix)
            found[f"{prefix}{path}/{name}"] = Element(message=message, governed_at=path)
    for name, subgroup in group.groups.items():
        _check_name(name, _GROUP)
        _add_group(found, f"{path}/{name}", subgroup)


def _check_name(name: str, prefix: str) -> None:
    try:
        check_config_id(name)
    except ConfigtxError as error:
        raise ConfigtxError(f"illegal characters in key: {prefix}: {error}") from error


def group_of(elements: Mapping[str, Element]) -> configtx_pb2.ConfigGroup:
    """Return the tree of elements, as each group lists its members; elements that no group lists are dropped.

    Raises:
        ConfigtxError: a group lists an element that is not there.
    """
    return _group(elements, f"/{ROOT}")


def _group(elements: Mapping[str, Element], path: str) -> configtx_pb2.ConfigGroup:
    source = _message(elements, configtx_pb2.ConfigGroup, _GROUP, path)
    group = configtx_pb2.ConfigGroup(version=source.version, mod_policy=source.mod_policy)
    for name in source.values:
        value = _message(elements, configtx_pb2.ConfigValue, _VALUE, f"{path}/{name}")
        group.values[name].CopyFrom(value)
    for name in source.policies:
        policy = _message(elements, configtx_pb2.ConfigPolicy, _POLICY, f"{path}/{name}")
        group.policies[name].CopyFrom(policy)
    for name in source.groups:
        group.groups[name].CopyFrom(_group(elements, f"{path}/{name}"))
    if _ORDERER_CAPABILITIES in elements:
        _fill_mod_policies(group)
    return group


def _message(elements: Mapping[str, Element], kind: type[_MessageT], prefix: str, path: str) -> _MessageT:
    element = elements.get(prefix + path)
    if element is None or not isinstance(element.message, kind):
        word = prefix.strip(" []").lower()
        raise ConfigtxError(f"missing {word} at path: {prefix}{path}")
    return element.message


def _fill_mod_policies(group: configtx_pb2.ConfigGroup) -> None:
    """Give a mod_policy to elements without one, as Fabric does on channels of v1.0."""
    messages: list[ElementMessage] = [group, *group.values.values(), *group.policies.values()]
    for message in messages:
        if not message.mod_policy:
            message.mod_policy = ADMINS
