"""Read the wanted definition of a chaincode from inputs, and tell whether its sequence is the next."""

from collections.abc import Mapping
from typing import Any

from fabric_protos.common import configtx_pb2

from heddle.configtx.endorsement import DEFAULT_POLICY_PATH, policy_bytes, policy_text
from heddle.configtx.genesis import policies_of_any
from heddle.configtx.policies import no_such_policy
from heddle.errors import ConfigtxError, ProviderError
from heddle.fabric.definition import Committed, Definition
from heddle.plugin.interface import CheckFailure
from heddle.plugin.values import Properties, Unknown, has_unknown
from heddle.provider.collection_package import (
    check_collections,
    collection_changes,
    collection_inputs,
    collections_bytes,
    kept_collections,
)

__all__ = [
    "CONTENT",
    "channel_policies",
    "check_channel_policies",
    "check_definition",
    "check_first",
    "check_first_policies",
    "check_succession",
    "check_turn",
    "definition_inputs",
    "differences",
    "summary",
    "wanted_definition",
]

CONTENT = ("name", "version", "sequence", "initRequired", "endorsementPolicy", "collections")
"""The inputs that a definition consists of."""
_KEEP = "Put it back as it is: what is in a collection cannot be deleted by a definition."


def wanted_definition(inputs: Mapping[str, Any]) -> Definition:
    """Return the definition that the inputs ask for. They must be known."""
    return Definition(
        name=inputs["name"],
        version=inputs["version"],
        sequence=inputs["sequence"],
        validation_parameter=policy_bytes(inputs.get("endorsementPolicy")),
        init_required=inputs["initRequired"],
        collections=collections_bytes(inputs.get("collections")),
    )


def definition_inputs(found: Definition, given: Properties) -> Properties:
    """Return the inputs that a definition on the ledger corresponds to.

    A policy that means what `given` says stays as it was written: another spelling would be a difference.
    """
    inputs: Properties = {
        "version": found.version,
        "sequence": found.sequence,
        "initRequired": found.init_required,
    }
    text = given.get("endorsementPolicy")
    if policy_bytes(text if isinstance(text, str) else None) != found.validation_parameter:
        inputs["endorsementPolicy"] = policy_text(found.validation_parameter) or DEFAULT_POLICY_PATH
    collections: Any = given.get("collections")
    if collections_bytes(collections) != found.collections:
        inputs["collections"] = [*collection_inputs(found.collections)]
    return inputs


def check_definition(inputs: Properties) -> list[CheckFailure]:
    """Report policies and collections that cannot be read: a problem of the inputs, not of the ledger."""
    failures = []
    text, collections = inputs.get("endorsementPolicy"), inputs.get("collections")
    try:
        policy_bytes(text if isinstance(text, str) else None)
    except ConfigtxError as error:
        failures.append(CheckFailure(property="endorsementPolicy", reason=str(error)))
    return failures + (check_collections(collections) if isinstance(collections, list) else [])


def check_succession(olds: Properties, news: Properties) -> list[CheckFailure]:
    """Refuse in check what cannot follow the definition in force, before a package is installed.

    `olds`: inputs of the definition that this resource has put in force, or has read there.
    """
    before, after = ({name: given.get(name) for name in CONTENT} for given in (olds, news))
    if None in (olds.get("sequence"), olds.get("name")) or has_unknown([*before.values(), *after.values()]):
        return []
    try:
        in_force = Committed(definition=wanted_definition(olds), approvals={})
        check_turn(wanted_definition(news), in_force, str(news["channel"]))
    except ProviderError as refusal:
        return [CheckFailure(property="sequence", reason=str(refusal))]
    except ConfigtxError:
        return []  # of an earlier release that let more pass; the ledger will be asked
    return []


def check_turn(wanted: Definition, committed: Committed | None, channel: str) -> None:
    """Raise ProviderError unless the wanted sequence is in force with this content, or is the next one."""
    current = committed.definition if committed else None
    sequence = current.sequence if current else 0
    where = f"chaincode {wanted.name} on {channel}"
    if wanted.sequence == sequence + 1:
        if current and (broken := kept_collections(current.collections, wanted.collections)):
            raise ProviderError(f"{where}: {'; '.join(broken)}", hint=_KEEP)
        return
    if wanted == current:
        return
    if current is not None and wanted.sequence == sequence:
        found = "; ".join(differences(current, wanted))
        raise ProviderError(
            f"{where}: sequence {sequence} is in force with other content: {found}",
            hint=f"Raise sequence to {sequence + 1}: every change of a definition is a new sequence.",
        )
    raise _out_of_turn(where, wanted.sequence, sequence)


def check_first(inputs: Mapping[str, Any]) -> None:
    """Raise ProviderError for a sequence that a channel without this chaincode would not take."""
    if inputs["sequence"] != 1:
        where = f"chaincode {inputs['name']} on {inputs['channel']}, a new channel"
        raise _out_of_turn(where, inputs["sequence"], 0)


def check_first_policies(inputs: Mapping[str, Any]) -> None:
    """Raise ProviderError for the path of a policy that no channel has at its start.

    The names of its organizations are not among the inputs: of those only the policies' names are checked.
    """
    steps = [path.split("/") for path in channel_policies(inputs)]
    check_channel_policies(inputs, policies_of_any({path[3] for path in steps if len(path) == 5}))


def _out_of_turn(where: str, wanted: int, sequence: int) -> ProviderError:
    return ProviderError(
        f"{where}: sequence {wanted} is wanted, but {sequence or 'none'} is in force",
        hint=f"Set sequence to {sequence + 1} for a new definition"
        + (f", or to {sequence} with the content that is in force." if sequence else "."),
    )


def channel_policies(inputs: Mapping[str, Any]) -> list[str]:
    """Return the paths of channel policies that the inputs, which must be known, name."""
    given = [inputs.get("endorsementPolicy")]
    given += [one.get("endorsementPolicy") for one in inputs.get("collections") or []]
    return [text for text in given if isinstance(text, str) and text.startswith("/")]


def check_channel_policies(inputs: Mapping[str, Any], root: configtx_pb2.ConfigGroup) -> None:
    """Raise ProviderError for the path of a policy that the channel has not.

    Fabric commits such a definition, and no transaction satisfies it.
    """
    if absent := list(filter(None, (no_such_policy(root, path) for path in channel_policies(inputs)))):
        known = [f"/Channel/Application/{name}" for name in sorted(root.groups["Application"].policies)]
        raise ProviderError(
            f"chaincode {inputs['name']}: channel {inputs['channel']}: {'; '.join(absent)}",
            hint=f"Its applications' policies are {', '.join(known)}.",
        )


def differences(old: Definition, new: Definition) -> list[str]:
    """Return the differences of two definitions, for people: `version: 1.0 → 2.0`."""
    pairs = {
        "version": (old.version, new.version),
        "sequence": (old.sequence, new.sequence),
        "endorsement policy": (_policy(old), _policy(new)),
        "init required": (str(old.init_required).lower(), str(new.init_required).lower()),
        "plugins": (
            f"{old.endorsement_plugin}, {old.validation_plugin}",
            f"{new.endorsement_plugin}, {new.validation_plugin}",
        ),
    }
    lines = [f"{name}: {before} → {after}" for name, (before, after) in pairs.items() if before != after]
    return lines + collection_changes(old.collections, new.collections)


def summary(inputs: Mapping[str, Any]) -> str:
    """Return one line: `basic 1.0, sequence 1, endorsed by ...`. Inputs may hold UNKNOWN."""
    parts = [_known(inputs, "sequence", "sequence {}")]
    policy = inputs.get("endorsementPolicy")
    if not isinstance(policy, Unknown):
        policy = policy_text(policy_bytes(policy)) or "the channel's Endorsement policy"
    parts.append("endorsed by " + _known({"policy": policy}, "policy", "{}"))
    if inputs["initRequired"] is True:
        parts.append("init required")
    if inputs.get("collections"):
        parts.append(_collections(inputs["collections"]))
    return f"{_known(inputs, 'name', '{}')} {_known(inputs, 'version', '{}')}, {', '.join(parts)}"


def _collections(value: Any) -> str:  # noqa: ANN401 - a list of objects, or UNKNOWN
    if not isinstance(value, list):
        return "collections known after apply"
    names = [_known(one, "name", "{}") if isinstance(one, dict) else "known after apply" for one in value]
    return f"collections {', '.join(names)}"


def _known(inputs: Mapping[str, Any], name: str, form: str) -> str:
    value = inputs[name]
    return f"{name} known after apply" if isinstance(value, Unknown) else form.format(value)


def _policy(definition: Definition) -> str:
    return policy_text(definition.validation_parameter) or "the channel's Endorsement policy"
