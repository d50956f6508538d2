"""Turn inputs of private-data collections into the bytes that organizations approve, and back.

What peers demand is in core/chaincode/lifecycle/scc.go, validateCollectionConfigs (Fabric 3.1.5); inputs that
they would refuse are named by check.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fabric_protos.common import policies_pb2
from fabric_protos.peer import collection_pb2

from heddle.configtx import values
from heddle.configtx.endorsement import application_policy, application_policy_text
from heddle.configtx.expression import expression_of, parse_expression
from heddle.errors import ConfigtxError
from heddle.plugin.interface import CheckFailure
from heddle.plugin.values import Properties
from heddle.settings import CollectionTerms, settings_of

__all__ = [
    "check_collections",
    "collection_changes",
    "collection_inputs",
    "collections_bytes",
    "kept_collections",
]

_TERMS = {each.input_name: each.field for each in settings_of(CollectionTerms)}
"""Inputs that stand in the message as they are."""


def collections_bytes(collections: Sequence[Mapping[str, Any]] | None) -> bytes:
    """Serialize a CollectionConfigPackage, in the order given; none give no bytes. Raises ConfigtxError."""
    package = collection_pb2.CollectionConfigPackage()
    for one in collections or ():
        package.config.add().static_collection_config.CopyFrom(_message(one))
    return bytes(package.SerializeToString(deterministic=True))


def collection_inputs(content: bytes) -> list[Properties]:
    """Return the inputs that stand for these bytes. Raises ConfigtxError."""
    return [_inputs(message) for message in _messages(content).values()]


def collection_changes(old: bytes, new: bytes) -> list[str]:
    """Return the differences, for people: `collection secret max peer count: 1 → 2`."""
    before = {str(one["name"]): one for one in collection_inputs(old)}
    after = {str(one["name"]): one for one in collection_inputs(new)}
    lines = [f"collection {name}: added" for name in after if name not in before]
    lines += [f"collection {name}: removed" for name in before if name not in after]
    for name in (name for name in after if name in before):
        lines += _field_changes(name, before[name], after[name])
    return lines or (["order of the collections"] if old != new else [])


def kept_collections(current: bytes, wanted: bytes) -> list[str]:
    """Return why peers would refuse these collections: none in force may go, or live for another time."""
    live, new = _messages(current), _messages(wanted)
    gone = [f"existing collection [{name}] missing" for name in live if name not in new]
    other = [
        f"the BlockToLive in an existing collection [{name}] modified: "
        f"{live[name].block_to_live} in force, {new[name].block_to_live} wanted"
        for name in live
        if name in new and live[name].block_to_live != new[name].block_to_live
    ]
    return gone + other


def check_collections(collections: Sequence[Any]) -> list[CheckFailure]:
    """Return the problems of these inputs, some of which may be unknown."""
    failures = []
    seen: set[str] = set()
    for index, one in enumerate(collections):
        if not isinstance(one, Mapping):
            continue
        for name, reason in _problems(one, seen):
            failures.append(CheckFailure(property=f"collections[{index}].{name}", reason=reason))
    return failures


def _problems(one: Mapping[str, Any], seen: set[str]) -> Iterator[tuple[str, str]]:
    name, required, most = one["name"], one["requiredPeerCount"], one["maxPeerCount"]
    if isinstance(name, str):
        if name in seen:
            yield "name", f"{name!r} stands there already; each collection must be there once"
        seen.add(name)
    if isinstance(required, int) and isinstance(most, int) and most < required:
        yield "maxPeerCount", f"{most} - cannot be less than requiredPeerCount, {required}"
    if isinstance(one["policy"], str):
        yield from (("policy", reason) for reason in _policy_problem(one["policy"]))
    endorsement = one.get("endorsementPolicy")
    if isinstance(endorsement, str):
        try:
            application_policy(endorsement)
        except ConfigtxError as error:
            yield "endorsementPolicy", str(error)


def _policy_problem(text: str) -> Iterator[str]:
    try:
        envelope = parse_expression(text)
    except ConfigtxError as error:
        yield str(error)
        return
    if not _only_or(envelope.rule):
        yield f"{text!r} - expected OR of its members only, as in OR('Org1.member', 'Org2.member')"


def _only_or(rule: policies_pb2.SignaturePolicy) -> bool:
    if rule.WhichOneof("Type") != "n_out_of":
        return True
    return rule.n_out_of.n == 1 and all(_only_or(one) for one in rule.n_out_of.rules)


def _message(one: Mapping[str, Any]) -> collection_pb2.StaticCollectionConfig:
    message = collection_pb2.StaticCollectionConfig(
        name=one["name"],
        member_orgs_policy=collection_pb2.CollectionPolicyConfig(
            signature_policy=parse_expression(one["policy"])
        ),
        **{field: one[name] for name, field in _TERMS.items()},
    )
    if one.get("endorsementPolicy"):
        message.endorsement_policy.CopyFrom(application_policy(one["endorsementPolicy"]))
    return message


def _inputs(message: collection_pb2.StaticCollectionConfig) -> Properties:
    inputs: Properties = {
        "name": message.name,
        "policy": expression_of(message.member_orgs_policy.signature_policy),
        **{name: getattr(message, field) for name, field in _TERMS.items()},
    }
    if message.HasField("endorsement_policy"):
        inputs["endorsementPolicy"] = application_policy_text(message.endorsement_policy)
    return inputs


def _messages(content: bytes) -> dict[str, collection_pb2.StaticCollectionConfig]:
    package = values.parse(collection_pb2.CollectionConfigPackage(), content, "collections")
    configs = [one.static_collection_config for one in package.config]
    return {config.name: config for config in configs}


def _field_changes(name: str, old: Properties, new: Properties) -> list[str]:
    fields = [field for field in {**old, **new} if old.get(field) != new.get(field)]
    return [
        f"collection {name} {_words(field)}: {_shown(old.get(field))} → {_shown(new.get(field))}"
        for field in fields
    ]


def _words(field: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in field)


def _shown(value: object) -> str:
    return (
        str(value).lower() if isinstance(value, bool) else "the chaincode's" if value is None else str(value)
    )
