"""Tell what gets weaker by an update: whose consent is no longer needed, who gains a say or is trusted anew.

A person who signs reads this first. It never calls anything safe: what cannot be decided is told, too.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from fabric_protos.common import configtx_pb2, configuration_pb2, policies_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2
from fabric_protos.peer import configuration_pb2 as peer_pb2
from google.protobuf.message import Message

from heddle.configtx import values
from heddle.configtx.elements import Element, element_map
from heddle.configtx.opaque import VALUES, part_at
from heddle.configtx.policytext import policy_text
from heddle.configtx.read import consenters_of
from heddle.configtx.settings import BFT
from heddle.configtx.strength import Strength, compare_policies
from heddle.errors import ConfigtxError, HeddleError, IdentityError
from heddle.identity.describe import certificate_text, revocation_list_text
from heddle.identity.msp import fabric_msp, msp_config_of
from heddle.identity.revocation import covers
from heddle.quorum import fault_tolerance
from heddle.text import counted, escaped

__all__ = ["weakenings"]

_MAY: Final = Strength.UNKNOWN.value
_IS: Final = Strength.WEAKER.value
MessageT = TypeVar("MessageT", bound=Message)

_TRUSTED: Final = {
    "root_certs": "identities of another authority are accepted",
    "intermediate_certs": "identities of another authority are accepted",
    "admins": "another administrator",
    "tls_root_certs": "TLS certificates of another authority are accepted",
    "tls_intermediate_certs": "TLS certificates of another authority are accepted",
}
"""Lists of an MSP of which every further item is trusted."""


def weakenings(before: configtx_pb2.Config, after: configtx_pb2.Config) -> tuple[str, ...]:
    """Return a line for each thing that is weaker after an update, or may be; empty if nothing is.

    Raises ConfigtxError for a name that Fabric refuses.
    """
    old, new = element_map(before.channel_group), element_map(after.channel_group)
    lines = [line for key in sorted({**old, **new}) for line in _element(key, old, new)]
    return tuple(dict.fromkeys([*lines, *_consenters(before, after)]))


def _element(key: str, olds: Mapping[str, Element], news: Mapping[str, Element]) -> Iterator[str]:
    old, new = olds.get(key), news.get(key)
    path = key[len("[Policy] ") :]
    if old is None or new is None:
        yield from _come_or_gone(path, old, new, olds if old is None else news)
        return
    if old.policy_path != new.policy_path:
        yield f"{_MAY}: who may change {path}: {escaped(old.mod_policy)} → {escaped(new.mod_policy)}"
    if isinstance(old.message, configtx_pb2.ConfigPolicy) and isinstance(
        new.message, configtx_pb2.ConfigPolicy
    ):
        strength = compare_policies(old.message.policy, new.message.policy)
        if strength is not Strength.NO_WEAKER:
            words = f"{policy_text(old.message.policy)} → {policy_text(new.message.policy)}"
            yield f"{strength.value}: policy {path}: {words}"
    if isinstance(old.message, configtx_pb2.ConfigValue) and isinstance(
        new.message, configtx_pb2.ConfigValue
    ):
        yield from _value(path, old.message.value, new.message.value)


def _come_or_gone(
    path: str, old: Element | None, new: Element | None, other_tree: Mapping[str, Element]
) -> Iterator[str]:
    """Tell of an element that joins or leaves a group that stays; what lies in it goes with it."""
    parent = path.rpartition("/")[0]
    element = old or new
    if element is None or f"[Group]  {parent}" not in other_tree:
        return
    come = old is None
    if isinstance(element.message, configtx_pb2.ConfigGroup):
        what = "joins: its signatures count in" if come else "leaves: fewer signatures are needed for"
        yield f"{_MAY}: {path} {what} the policies of {parent} and above"
    elif isinstance(element.message, configtx_pb2.ConfigPolicy):
        words = policy_text(element.message.policy)
        yield f"{_MAY}: policy {path}: {f'new, {words}' if come else f'removed, was {words}'}"
    elif not _harmless(path):
        yield f"{_MAY}: value {path} {'is new' if come else 'is removed'}"
    if come and element.mod_policy != values.ADMINS:
        yield f"{_MAY}: who may change {path}: {escaped(element.mod_policy)}"


def _value(path: str, old: bytes, new: bytes) -> Iterator[str]:
    if old == new or _harmless(path):
        return
    rule = _RULES.get(path.rpartition("/")[2])
    try:
        lines = list(rule(old, new)) if rule else [f"{_MAY}: its content changes, whose meaning is unknown"]
    except (ConfigtxError, IdentityError) as error:
        lines = [f"{_MAY}: it cannot be read: {error.message}"]
    for line in lines:
        strength, _, words = line.partition(": ")
        yield f"{strength}: {path}: {words}"


def _msp(old: bytes, new: bytes) -> Iterator[str]:
    before, after = fabric_msp(msp_config_of(old)), fabric_msp(msp_config_of(new))
    for field, words in _TRUSTED.items():
        for pem in _more(getattr(before, field), getattr(after, field)):
            yield f"{_IS}: {words}: {certificate_text(pem)}"
    authorities = (*after.root_certs, *after.intermediate_certs)
    for crl in _more(after.revocation_list, before.revocation_list):
        if any(covers(new, crl, authorities) for new in after.revocation_list):
            continue
        yield f"{_MAY}: a revocation list goes: {revocation_list_text(crl)}"
    if before.fabric_node_ous != after.fabric_node_ous:
        yield f"{_MAY}: other NodeOUs: who is client, peer, admin and orderer is decided anew"
    if before.organizational_unit_identifiers != after.organizational_unit_identifiers:
        yield f"{_MAY}: other organizational units are accepted"
    rest: list[Any] = [before, after]
    for message in rest:
        for field in (*_TRUSTED, "revocation_list", "fabric_node_ous", "organizational_unit_identifiers"):
            message.ClearField(field)
    if rest[0] != rest[1]:
        yield f"{_MAY}: its name, its hash functions or fields that Heddle does not know change"


def _more(old: Sequence[bytes], new: Sequence[bytes]) -> Sequence[bytes]:
    known = set(old)
    return [item for item in new if item not in known]


def _acls(old: bytes, new: bytes) -> Iterator[str]:
    before, after = _parsed(peer_pb2.ACLs, old, new)
    for name in sorted({**before.acls, **after.acls}):
        refs = [
            escaped(each.acls[name].policy_ref) if name in each.acls else "Fabric's default"
            for each in (before, after)
        ]
        if refs[0] != refs[1]:
            yield f"{_MAY}: access to {escaped(name)}: {refs[0]} → {refs[1]}"


def _capabilities(old: bytes, new: bytes) -> Iterator[str]:
    before, after = _parsed(configuration_pb2.Capabilities, old, new)
    for name in sorted(set(before.capabilities) - set(after.capabilities)):
        yield f"{_MAY}: capability {escaped(name)} goes: older rules hold again"


def _creation(old: bytes, new: bytes) -> Iterator[str]:
    before, after = _parsed(policies_pb2.Policy, old, new)
    if compare_policies(before, after) is not Strength.NO_WEAKER:
        words = f"{policy_text(before)} → {policy_text(after)}"
        yield f"{_MAY}: who may create channels: {words}"


def _consensus(old: bytes, new: bytes) -> Iterator[str]:
    before, after = _parsed(orderer_pb2.ConsensusType, old, new)
    if before.type != after.type:
        yield f"{_MAY}: another consensus: {escaped(before.type)} → {escaped(after.type)}"


def _parsed(kind: type[MessageT], *contents: bytes) -> list[MessageT]:
    return [values.parse(kind(), data, kind.DESCRIPTOR.name) for data in contents]


def _consenters(before: configtx_pb2.Config, after: configtx_pb2.Config) -> Iterator[str]:
    """Tell of a cluster that survives fewer failures, and of nodes that order from now on."""
    try:
        found = [consenters_of(each) for each in (before, after)]
    except HeddleError as error:
        yield f"{_MAY}: who orders cannot be compared: {error.message}"
        return
    tolerated = [fault_tolerance(len(nodes), bft=kind == BFT) for kind, nodes in found]
    if tolerated[1] < tolerated[0]:
        yield f"{_IS}: {tolerated[1]} instead of {counted(tolerated[0], 'consenter')} may fail"
    old = {node.address: node for node in found[0][1]}
    for node in found[1][1]:
        if node.address not in old:
            yield f"{_MAY}: {escaped(node.address)} becomes a consenter"
        elif old[node.address] != node:
            yield f"{_MAY}: consenter {escaped(node.address)} gets other keys"


def _harmless(path: str) -> bool:
    """Tell whether a value, where it stands, gives nobody a right."""
    group, _, name = path.rpartition("/")
    return name in _HARMLESS and name in VALUES.get(part_at(group), {})


_HARMLESS: Final = {
    "AnchorPeers",
    "BatchSize",
    "BatchTimeout",
    "ChannelRestrictions",
    "Endpoints",
    "KafkaBrokers",
    "OrdererAddresses",
    "Orderers",
}
"""Values that give nobody a right. Of Orderers the consenters are told."""
_RULES: Final[dict[str, Callable[[bytes, bytes], Iterator[str]]]] = {
    "ACLs": _acls,
    "Capabilities": _capabilities,
    "ChannelCreationPolicy": _creation,
    "ConsensusType": _consensus,
    "MSP": _msp,
}
