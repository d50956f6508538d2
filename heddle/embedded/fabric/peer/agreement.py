"""Serve the functions of `_lifecycle` about approvals and definitions.

Source: core/chaincode/lifecycle/{scc,lifecycle}.go (Fabric 3.1.5).
"""

import re

from fabric_protos.peer.lifecycle import lifecycle_pb2
from google.protobuf.message import Message

from heddle.embedded.fabric.peer.collectionrules import collections_refusal
from heddle.embedded.fabric.peer.definitions import (
    Approval,
    Definition,
    approval,
    approvals_of,
    definition,
    definitions,
    mismatches,
    write_approval,
    write_definition,
)
from heddle.embedded.fabric.peer.lifecyclecall import LifecycleCall, LifecycleRefused, Proto
from heddle.embedded.fabric.peer.validation import default_policy

__all__ = [
    "approve",
    "check_readiness",
    "commit",
    "query_approved",
    "query_approved_all",
    "query_definition",
    "query_definitions",
]

_NAME = re.compile(r"[a-zA-Z0-9]+([-_][a-zA-Z0-9]+)*")
_VERSION = re.compile(r"[A-Za-z0-9_.+-]+")
_SYSTEM = {"cscc", "escc", "lscc", "qscc", "vscc"}
_COMPARED = (
    "version",
    "endorsement_plugin",
    "init_required",
    "validation_plugin",
    "validation_parameter",
)
"""The fields whose differences are told, in upstream's order; of collections only that there is one."""
_PARAMETERS = (*_COMPARED, "collections")


def _check_input(call: LifecycleCall, arguments: Proto) -> None:
    words = ""
    if not _NAME.fullmatch(arguments.name):
        words = (
            f"invalid chaincode name '{arguments.name}'. Names can only consist of alphanumerics, '_', "
            "and '-' and can only begin with alphanumerics"
        )
    elif arguments.name in _SYSTEM:
        words = f"chaincode name '{arguments.name}' is the name of a system chaincode"
    elif not _VERSION.fullmatch(arguments.version):
        words = (
            f"invalid chaincode version '{arguments.version}'. Versions can only consist of alphanumerics, "
            "'_', '-', '+', and '.'"
        )
    else:
        before = definition(call.public, arguments.name)
        committed = before.collections if before else None
        words = collections_refusal(call.channel.config, arguments.collections, committed)
    if words:
        raise LifecycleRefused(f"error validating chaincode definition: {words}")


def _copy(source: Proto, target: Proto, *fields: str) -> None:
    """Copy fields between messages of different types, which lifecycle's all are."""
    for field in fields:
        value = getattr(source, field)
        if isinstance(value, Message):
            getattr(target, field).CopyFrom(value)
        else:
            setattr(target, field, value)


def _with_defaults(arguments: Proto, message: Proto) -> Proto:
    """Return the definition's parameters in `message`, empty ones filled in."""
    _copy(arguments, message, *_PARAMETERS)
    message.endorsement_plugin = message.endorsement_plugin or "escc"
    message.validation_plugin = message.validation_plugin or "vscc"
    message.validation_parameter = message.validation_parameter or default_policy()
    message.sequence = arguments.sequence
    return message


def _current(call: LifecycleCall, name: str) -> int:
    found = definition(call.public, name)
    return int(found.sequence) if found else 0


def approve(call: LifecycleCall, arguments: Proto) -> Proto:
    """Serve ApproveChaincodeDefinitionForMyOrg of `_lifecycle`."""
    _check_input(call, arguments)
    wanted = _with_defaults(arguments, Approval())
    if arguments.HasField("source"):
        wanted.source.CopyFrom(arguments.source)
    if not wanted.source.local_package.package_id:
        wanted.source.unavailable.SetInParent()
    current, requested = _current(call, arguments.name), arguments.sequence
    _check_sequence(current, requested)
    if requested == current:
        _check_redefinition(call, arguments.name, wanted)
    before = approval(call.own, arguments.name, requested)
    if before == wanted:
        if requested == current:
            raise LifecycleRefused(
                f"attempted to redefine the current committed sequence ({requested}) "
                f"for namespace {arguments.name}"
            )
        raise LifecycleRefused(
            f"attempted to redefine uncommitted sequence ({requested}) for namespace {arguments.name} "
            "with unchanged content"
        )
    write_approval(call.own, arguments.name, wanted)
    return lifecycle_pb2.ApproveChaincodeDefinitionForMyOrgResult()


def _check_sequence(current: int, requested: int) -> None:
    if requested == current == 0:
        raise LifecycleRefused(f"requested sequence is {requested}, but first definable sequence number is 1")
    if requested < current:
        raise LifecycleRefused(
            f"currently defined sequence {current} is larger than requested sequence {requested}"
        )
    if requested > current + 1:
        raise LifecycleRefused(
            f"requested sequence {requested} is larger than the next available sequence number {current + 1}"
        )


def _check_redefinition(call: LifecycleCall, name: str, wanted: Proto) -> None:
    """Let an organization approve a committed sequence late, but not change it."""
    committed = definition(call.public, name)
    prefix = (
        f"attempted to redefine the current committed sequence ({wanted.sequence}) "
        f"for namespace {name} with different parameters: "
    )
    for field in _COMPARED:
        expected, passed = getattr(committed, field), getattr(wanted, field)
        if expected != passed:
            label = "".join(word.capitalize() for word in field.split("_"))
            raise LifecycleRefused(
                f"{prefix}expected {label} '{_shown(expected)}' does not match passed "
                f"{label} '{_shown(passed)}'"
            )
    if committed is not None and committed.collections != wanted.collections:
        raise LifecycleRefused(f"{prefix}Collections do not match")


def _shown(value: object) -> str:
    """Return the value as Go prints it."""
    if isinstance(value, bytes):
        return value.hex()
    return str(value).lower() if isinstance(value, bool) else str(value)


def query_approved(call: LifecycleCall, arguments: Proto) -> Proto:
    """Serve QueryApprovedChaincodeDefinition of `_lifecycle`."""
    sequence = arguments.sequence
    if not sequence:
        sequence = _current(call, arguments.name)
        if approval(call.own, arguments.name, sequence + 1):
            sequence += 1
    found = approval(call.own, arguments.name, sequence)
    if found is None:
        raise LifecycleRefused(
            f"could not fetch approved chaincode definition (name: '{arguments.name}', "
            f"sequence: '{sequence}') on channel '{call.channel.name}'"
        )
    return found


def query_approved_all(call: LifecycleCall, _: Proto) -> Proto:
    """Serve QueryApprovedChaincodeDefinitions of `_lifecycle`."""
    result = lifecycle_pb2.QueryApprovedChaincodeDefinitionsResult()
    for name, found in approvals_of(call.own):
        one = result.approved_chaincode_definitions.add(name=name)
        _copy(found, one, *_PARAMETERS, "sequence", "source")
    return result


def _approvals(call: LifecycleCall, name: str, wanted: Proto) -> tuple[dict[str, bool], dict[str, list[str]]]:
    """Return which organizations approved exactly this, and in what the others differ."""
    differing = {
        msp_id: mismatches(call.approvals(msp_id), name, wanted)
        for msp_id in sorted(call.channel.config.peer_msps)
    }
    approvals = {msp_id: not items for msp_id, items in differing.items()}
    return approvals, {msp_id: items for msp_id, items in differing.items() if items}


def _wanted_next(call: LifecycleCall, arguments: Proto) -> Proto:
    current = _current(call, arguments.name)
    if arguments.sequence != current + 1:
        raise LifecycleRefused(
            f"requested sequence is {arguments.sequence}, but new definition must be sequence {current + 1}"
        )
    return _with_defaults(arguments, Definition())


def check_readiness(call: LifecycleCall, arguments: Proto) -> Proto:
    """Serve CheckCommitReadiness of `_lifecycle`."""
    approvals, differing = _approvals(call, arguments.name, _wanted_next(call, arguments))
    result = lifecycle_pb2.CheckCommitReadinessResult(approvals=approvals)
    for msp_id, items in differing.items():
        result.mismatches[msp_id].items.extend(items)
    return result


def commit(call: LifecycleCall, arguments: Proto) -> Proto:
    """Serve CommitChaincodeDefinition of `_lifecycle`."""
    _check_input(call, arguments)
    wanted = _wanted_next(call, arguments)
    approvals, _ = _approvals(call, arguments.name, wanted)
    if call.msp_id not in approvals:
        raise LifecycleRefused(
            "impossibly, this peer's org is processing requests for a channel it is not a member of"
        )
    if not approvals[call.msp_id]:
        raise LifecycleRefused(f"chaincode definition not agreed to by this org ({call.msp_id})")
    write_definition(call.public, arguments.name, wanted)
    return lifecycle_pb2.CommitChaincodeDefinitionResult()


def query_definition(call: LifecycleCall, arguments: Proto) -> Proto:
    """Serve QueryChaincodeDefinition of `_lifecycle`."""
    found = definition(call.public, arguments.name)
    if found is None:
        raise LifecycleRefused(f"namespace {arguments.name} is not defined", 404)
    approvals, _ = _approvals(call, arguments.name, found)
    found.approvals.update(approvals)
    return found


def query_definitions(call: LifecycleCall, _: Proto) -> Proto:
    """Serve QueryChaincodeDefinitions of `_lifecycle`."""
    result = lifecycle_pb2.QueryChaincodeDefinitionsResult()
    for name, found in definitions(call.public):
        one = result.chaincode_definitions.add(name=name)
        _copy(found, one, *_PARAMETERS, "sequence")
    return result
