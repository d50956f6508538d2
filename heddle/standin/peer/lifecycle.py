"""The system chaincode `_lifecycle`: packages on this peer, definitions and approvals on channels.

Source: core/chaincode/lifecycle/scc.go, lifecycle.go, serializer.go (Fabric 3.1.5).
"""

import re
from collections.abc import Callable, Mapping

from fabric_protos.peer import proposal_response_pb2
from fabric_protos.peer.lifecycle import lifecycle_pb2
from google.protobuf.message import Message

from heddle.standin.access import Denied
from heddle.standin.channelconfig import APPLICATION_WRITERS
from heddle.standin.malformed import MALFORMED
from heddle.standin.peer.channel import PeerChannel
from heddle.standin.peer.definitions import (
    LIFECYCLE,
    Approval,
    Definition,
    approval,
    approval_key,
    approvals_of,
    definition,
    definition_key,
    definitions,
)
from heddle.standin.peer.installed import get_package, install, query_installed, query_installed_all
from heddle.standin.peer.lifecyclecall import LifecycleCall, LifecycleRefused, Proto
from heddle.standin.peer.packages import PackageError
from heddle.standin.peer.peer import Peer
from heddle.standin.peer.proposal import Unpacked, check_channel_policy, check_local_role
from heddle.standin.peer.simulation import Simulation
from heddle.standin.peer.system import error, success
from heddle.standin.peer.validation import default_policy

__all__ = ["lifecycle"]

_NAME = re.compile(r"[a-zA-Z0-9]+([-_][a-zA-Z0-9]+)*")
_VERSION = re.compile(r"[A-Za-z0-9_.+-]+")
_SYSTEM = {"cscc", "escc", "lscc", "qscc", "vscc"}
_FIELDS = {
    "EndorsementInfo": ("version", "endorsement_plugin", "init_required"),
    "ValidationInfo": ("validation_plugin", "validation_parameter"),
    "Collections": ("collections",),
}
"""Fields of upstream's ChaincodeParameters, by which mismatches are named."""
_PARAMETERS = tuple(field for fields in _FIELDS.values() for field in fields)


def lifecycle(
    peer: Peer, proposal: Unpacked, channel: PeerChannel | None, simulation: Simulation | None
) -> proposal_response_pb2.Response:
    """Dispatch; every function takes its name and one message, and answers with one."""
    arguments = proposal.arguments
    if not arguments:
        return error("lifecycle scc must be invoked with arguments")
    if len(arguments) != 2:
        return error(f"lifecycle scc operations require exactly two arguments but received {len(arguments)}")
    function = arguments[0].decode(errors="replace")
    if function not in _FUNCTIONS:
        words = f"Unmapped policy for _lifecycle/{function}"
        return error(f"Failed to authorize invocation due to failed ACL check: {words}")
    act, message, admins = _FUNCTIONS[function]
    try:
        _authorize(peer, proposal, channel, admins=admins)
    except Denied as denied:
        return error(f"Failed to authorize invocation due to failed ACL check: {denied}")
    prefix = f"failed to invoke backing implementation of '{function}'"
    try:
        content = message.FromString(arguments[1])
    except MALFORMED as problem:
        return error(f"{prefix}: could not decode input arg for {function}: {problem}")
    try:
        return success(act(LifecycleCall(peer, channel, simulation), content).SerializeToString())
    except LifecycleRefused as refusal:
        return error(str(refusal) if refusal.status == 404 else f"{prefix}: {refusal}", refusal.status)
    except PackageError as problem:
        return error(f"{prefix}: {problem}")


def _authorize(peer: Peer, proposal: Unpacked, channel: PeerChannel | None, *, admins: bool) -> None:
    if admins:
        check_local_role(proposal, peer.members, "admin")
    elif channel is None:
        raise Denied(
            "Invalid channel ID name during check policy on signed data. Name must be different from nil."
        )
    else:
        check_channel_policy(channel.config, APPLICATION_WRITERS, proposal.data)


def _check_input(arguments: Proto) -> None:
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
    elif arguments.collections.config:
        words = "collections are not supported by a stand-in peer; upstream's peers have them"
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
    """The definition's parameters in `message`, empty ones filled in."""
    _copy(arguments, message, *_PARAMETERS)
    message.endorsement_plugin = message.endorsement_plugin or "escc"
    message.validation_plugin = message.validation_plugin or "vscc"
    message.validation_parameter = message.validation_parameter or default_policy()
    message.sequence = arguments.sequence
    return message


def _same(one: Proto, other: Proto, fields: tuple[str, ...] = _PARAMETERS) -> bool:
    return all(getattr(one, field) == getattr(other, field) for field in fields)


def _current(call: LifecycleCall, name: str) -> int:
    found = definition(call.simulation, name)
    return int(found.sequence) if found else 0


def _approve(call: LifecycleCall, arguments: Proto) -> Proto:
    _check_input(arguments)
    wanted = _with_defaults(arguments, Approval())
    if arguments.HasField("source"):
        wanted.source.CopyFrom(arguments.source)
    if not wanted.source.local_package.package_id:
        wanted.source.unavailable.SetInParent()
    current, requested = _current(call, arguments.name), arguments.sequence
    _check_sequence(current, requested)
    if requested == current:
        _check_redefinition(call, arguments.name, wanted)
    before = approval(call.simulation, call.msp_id, arguments.name, requested)
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
    key = approval_key(call.msp_id, arguments.name, requested)
    call.simulation.put(LIFECYCLE, key, wanted.SerializeToString(deterministic=True))
    return lifecycle_pb2.ApproveChaincodeDefinitionForMyOrgResult()


def _check_sequence(current: int, requested: int) -> None:
    if requested <= 0:
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
    """An organization may approve a committed sequence late, but not change it."""
    committed = definition(call.simulation, name)
    for field in (*_FIELDS["EndorsementInfo"], *_FIELDS["ValidationInfo"]):
        expected, passed = getattr(committed, field), getattr(wanted, field)
        if expected != passed:
            label = "".join(word.capitalize() for word in field.split("_"))
            show = (lambda value: value.hex()) if isinstance(passed, bytes) else str
            raise LifecycleRefused(
                f"attempted to redefine the current committed sequence ({wanted.sequence}) "
                f"for namespace {name} with different parameters: expected {label} "
                f"'{show(expected)}' does not match passed "
                f"{label} '{show(passed)}'"
            )


def _query_approved(call: LifecycleCall, arguments: Proto) -> Proto:
    sequence = arguments.sequence
    if not sequence:
        sequence = _current(call, arguments.name)
        if approval(call.simulation, call.msp_id, arguments.name, sequence + 1):
            sequence += 1
    found = approval(call.simulation, call.msp_id, arguments.name, sequence)
    if found is None:
        raise LifecycleRefused(
            f"could not fetch approved chaincode definition (name: '{arguments.name}', "
            f"sequence: '{sequence}') on channel '{call.channel.name}'"
        )
    return found


def _query_approved_all(call: LifecycleCall, _: Proto) -> Proto:
    result = lifecycle_pb2.QueryApprovedChaincodeDefinitionsResult()
    for name, found in approvals_of(call.simulation, call.msp_id):
        one = result.approved_chaincode_definitions.add(name=name)
        _copy(found, one, *_PARAMETERS, "sequence", "source")
    return result


def _approvals(call: LifecycleCall, name: str, wanted: Proto) -> tuple[dict[str, bool], dict[str, list[str]]]:
    """Which organizations approved exactly this, and in what the others differ."""
    approvals: dict[str, bool] = {}
    mismatches: dict[str, list[str]] = {}
    for msp_id in sorted(call.channel.config.peer_msps):
        found = approval(call.simulation, msp_id, name, wanted.sequence)
        items = ["ChaincodeParameters"]
        if found is not None:
            items = [label for label, fields in _FIELDS.items() if not _same(found, wanted, fields)]
        approvals[msp_id] = not items
        if items:
            mismatches[msp_id] = items
    return approvals, mismatches


def _wanted_next(call: LifecycleCall, arguments: Proto) -> Proto:
    current = _current(call, arguments.name)
    if arguments.sequence != current + 1:
        raise LifecycleRefused(
            f"requested sequence is {arguments.sequence}, but new definition must be sequence {current + 1}"
        )
    return _with_defaults(arguments, Definition())


def _check_readiness(call: LifecycleCall, arguments: Proto) -> Proto:
    approvals, mismatches = _approvals(call, arguments.name, _wanted_next(call, arguments))
    result = lifecycle_pb2.CheckCommitReadinessResult(approvals=approvals)
    for msp_id, items in mismatches.items():
        result.mismatches[msp_id].items.extend(items)
    return result


def _commit(call: LifecycleCall, arguments: Proto) -> Proto:
    _check_input(arguments)
    wanted = _wanted_next(call, arguments)
    approvals, _ = _approvals(call, arguments.name, wanted)
    if call.msp_id not in approvals:
        raise LifecycleRefused(
            "impossibly, this peer's org is processing requests for a channel it is not a member of"
        )
    if not approvals[call.msp_id]:
        raise LifecycleRefused(f"chaincode definition not agreed to by this org ({call.msp_id})")
    key = definition_key(arguments.name)
    call.simulation.put(LIFECYCLE, key, wanted.SerializeToString(deterministic=True))
    return lifecycle_pb2.CommitChaincodeDefinitionResult()


def _query_definition(call: LifecycleCall, arguments: Proto) -> Proto:
    found = definition(call.simulation, arguments.name)
    if found is None:
        raise LifecycleRefused(f"namespace {arguments.name} is not defined", 404)
    approvals, _ = _approvals(call, arguments.name, found)
    found.approvals.update(approvals)
    return found


def _query_definitions(call: LifecycleCall, _: Proto) -> Proto:
    result = lifecycle_pb2.QueryChaincodeDefinitionsResult()
    for name, found in definitions(call.simulation):
        one = result.chaincode_definitions.add(name=name)
        _copy(found, one, *_PARAMETERS, "sequence")
    return result


_Function = tuple[Callable[[LifecycleCall, Proto], Proto], Proto, bool]
_P = lifecycle_pb2
_FUNCTIONS: Mapping[str, _Function] = {
    # name: implementation, arguments, whether it is for local administrators (else for the channel's Writers)
    "InstallChaincode": (install, _P.InstallChaincodeArgs, True),
    "QueryInstalledChaincode": (query_installed, _P.QueryInstalledChaincodeArgs, True),
    "QueryInstalledChaincodes": (query_installed_all, _P.QueryInstalledChaincodesArgs, True),
    "GetInstalledChaincodePackage": (get_package, _P.GetInstalledChaincodePackageArgs, True),
    "ApproveChaincodeDefinitionForMyOrg": (_approve, _P.ApproveChaincodeDefinitionForMyOrgArgs, True),
    "QueryApprovedChaincodeDefinition": (_query_approved, _P.QueryApprovedChaincodeDefinitionArgs, True),
    "QueryApprovedChaincodeDefinitions": (
        _query_approved_all,
        _P.QueryApprovedChaincodeDefinitionsArgs,
        True,
    ),
    "CheckCommitReadiness": (_check_readiness, _P.CheckCommitReadinessArgs, False),
    "CommitChaincodeDefinition": (_commit, _P.CommitChaincodeDefinitionArgs, False),
    "QueryChaincodeDefinition": (_query_definition, _P.QueryChaincodeDefinitionArgs, False),
    "QueryChaincodeDefinitions": (_query_definitions, _P.QueryChaincodeDefinitionsArgs, False),
}
