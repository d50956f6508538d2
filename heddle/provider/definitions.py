"""What approvals and definitions of chaincode share: the wanted definition, and whether its turn has come."""

from heddle.errors import ConfigtxError, ProviderError, Unreachable
from heddle.fabric.definition import DEFAULT_POLICY_PATH, Committed, Definition
from heddle.fabric.lifecycle import definition
from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.plugin.interface import CheckFailure
from heddle.plugin.values import Properties
from heddle.provider.endorsement import policy_bytes, policy_text
from heddle.provider.handler import Call
from heddle.provider.session import Session

__all__ = [
    "check_policy",
    "check_turn",
    "definition_inputs",
    "differences",
    "foreseen",
    "summary",
    "wanted_definition",
]

_READING = 10.0


def wanted_definition(call: Call) -> Definition:
    """The definition that the inputs ask for."""
    return Definition(
        name=call.inputs["name"],
        version=call.inputs["version"],
        sequence=call.inputs["sequence"],
        validation_parameter=policy_bytes(call.inputs.get("endorsementPolicy")),
        init_required=call.inputs["initRequired"],
    )


def definition_inputs(found: Definition, given: Properties) -> Properties:
    """The inputs that a definition on the ledger corresponds to.

    A policy that means what `given` says stays as it was written: another spelling would be a difference.
    """
    inputs: Properties = {
        "version": found.version,
        "sequence": found.sequence,
        "initRequired": found.init_required,
    }
    text = given.get("endorsementPolicy")
    if policy_bytes(text if isinstance(text, str) else None) == found.validation_parameter:
        return inputs
    return {**inputs, "endorsementPolicy": policy_text(found.validation_parameter) or DEFAULT_POLICY_PATH}


def check_policy(inputs: Properties) -> list[CheckFailure]:
    """An endorsement policy that cannot be read is a problem of the inputs, not of the ledger."""
    if inputs.get("collections"):
        return [CheckFailure(property="collections", reason="collections are not supported yet")]
    text = inputs.get("endorsementPolicy")
    try:
        policy_bytes(text if isinstance(text, str) else None)
    except ConfigtxError as error:
        return [CheckFailure(property="endorsementPolicy", reason=str(error))]
    return []


def check_turn(wanted: Definition, committed: Committed | None, channel: str) -> None:
    """Raise ProviderError unless the wanted sequence is in force with this content, or is the next one."""
    current = committed.definition if committed else None
    sequence = current.sequence if current else 0
    if wanted.sequence == sequence + 1 or wanted == current:
        return
    where = f"chaincode {wanted.name} on {channel}"
    if current is not None and wanted.sequence == sequence:
        found = "; ".join(differences(current, wanted))
        raise ProviderError(
            f"{where}: sequence {sequence} is in force with other content: {found}",
            hint=f"Raise sequence to {sequence + 1}: every change of a definition is a new sequence.",
        )
    raise ProviderError(
        f"{where}: sequence {wanted.sequence} is wanted, but {sequence or 'none'} is in force",
        hint=f"Set sequence to {sequence + 1} for a new definition"
        + (f", or to {sequence} with the content that is in force." if sequence else "."),
    )


async def foreseen(session: Session, call: Call, peer: Node, who: Signer) -> str:
    """For the preview of an update: why the ledger will refuse it, or "".

    A ledger that cannot be read is a warning, not an answer.
    """
    wanted, channel = wanted_definition(call), call.inputs["channel"]
    try:
        found = await definition(session.connections, peer, channel, wanted.name, who, deadline=_READING)
        check_turn(wanted, found, channel)
    except ProviderError as refusal:
        return str(refusal)
    except Unreachable as error:
        await session.warn(f"ledger not read, whether this can be committed is not known\n{error}", call.urn)
    return ""


def differences(old: Definition, new: Definition) -> list[str]:
    """What differs between two definitions, for people: `version: 1.0 → 2.0`."""
    pairs = {
        "version": (old.version, new.version),
        "sequence": (old.sequence, new.sequence),
        "endorsement policy": (_policy(old), _policy(new)),
        "init required": (old.init_required, new.init_required),
        "collections": (old.collections.hex()[:12], new.collections.hex()[:12]),
        "plugins": (
            f"{old.endorsement_plugin}, {old.validation_plugin}",
            f"{new.endorsement_plugin}, {new.validation_plugin}",
        ),
    }
    return [f"{name}: {before} → {after}" for name, (before, after) in pairs.items() if before != after]


def summary(wanted: Definition) -> str:
    """One line: `basic 1.0, sequence 1, endorsed by ...`."""
    return f"{wanted.name} {wanted.version}, sequence {wanted.sequence}, endorsed by {_policy(wanted)}"


def _policy(definition: Definition) -> str:
    return policy_text(definition.validation_parameter) or "the channel's Endorsement policy"
