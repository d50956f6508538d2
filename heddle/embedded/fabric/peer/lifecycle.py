"""Stand in for `_lifecycle`: packages on this peer, definitions and approvals on channels.

Source: core/chaincode/lifecycle/scc.go, lifecycle.go, serializer.go (Fabric 3.1.5).
"""

from collections.abc import Callable, Mapping

from fabric_protos.peer import proposal_response_pb2
from fabric_protos.peer.lifecycle import lifecycle_pb2

from heddle.embedded.fabric.access import Denied
from heddle.embedded.fabric.channelconfig import APPLICATION_WRITERS
from heddle.embedded.fabric.malformed import MALFORMED
from heddle.embedded.fabric.peer.agreement import (
    approve,
    check_readiness,
    commit,
    query_approved,
    query_approved_all,
    query_definition,
    query_definitions,
)
from heddle.embedded.fabric.peer.channel import PeerChannel
from heddle.embedded.fabric.peer.installed import get_package, install, query_installed, query_installed_all
from heddle.embedded.fabric.peer.lifecyclecall import LifecycleCall, LifecycleRefused, Proto
from heddle.embedded.fabric.peer.packages import PackageError
from heddle.embedded.fabric.peer.peer import Peer
from heddle.embedded.fabric.peer.proposal import Unpacked, check_channel_policy, check_local_role
from heddle.embedded.fabric.peer.simulation import Simulation
from heddle.embedded.fabric.peer.system import error, success

__all__ = ["lifecycle"]


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
        return error(
            f"{prefix}: could not decode input arg for *lifecycle.Invocation.{function}: proto: {problem}"
        )
    try:
        return success(act(LifecycleCall(peer, channel, simulation), content).SerializeToString())
    except LifecycleRefused as refusal:
        return error(str(refusal) if refusal.status == 404 else f"{prefix}: {refusal}", refusal.status)
    except (PackageError, ValueError) as problem:
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


_Function = tuple[Callable[[LifecycleCall, Proto], Proto], Proto, bool]
_P = lifecycle_pb2
_FUNCTIONS: Mapping[str, _Function] = {
    # name: implementation, arguments, whether it is for local administrators (else for the channel's Writers)
    "InstallChaincode": (install, _P.InstallChaincodeArgs, True),
    "QueryInstalledChaincode": (query_installed, _P.QueryInstalledChaincodeArgs, True),
    "QueryInstalledChaincodes": (query_installed_all, _P.QueryInstalledChaincodesArgs, True),
    "GetInstalledChaincodePackage": (get_package, _P.GetInstalledChaincodePackageArgs, True),
    "ApproveChaincodeDefinitionForMyOrg": (approve, _P.ApproveChaincodeDefinitionForMyOrgArgs, True),
    "QueryApprovedChaincodeDefinition": (query_approved, _P.QueryApprovedChaincodeDefinitionArgs, True),
    "QueryApprovedChaincodeDefinitions": (
        query_approved_all,
        _P.QueryApprovedChaincodeDefinitionsArgs,
        True,
    ),
    "CheckCommitReadiness": (check_readiness, _P.CheckCommitReadinessArgs, False),
    "CommitChaincodeDefinition": (commit, _P.CommitChaincodeDefinitionArgs, False),
    "QueryChaincodeDefinition": (query_definition, _P.QueryChaincodeDefinitionArgs, False),
    "QueryChaincodeDefinitions": (query_definitions, _P.QueryChaincodeDefinitionsArgs, False),
}
