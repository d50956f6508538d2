"""Approve, commit and read chaincode definitions of channels (core/chaincode/lifecycle/scc.go)."""

from collections.abc import Sequence

from fabric_protos.peer.lifecycle import lifecycle_pb2

from heddle.errors import Refused
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Approval, Committed, Definition, Readiness, definition_of
from heddle.fabric.endorser import LIFECYCLE, Argument, query
from heddle.fabric.node import Node
from heddle.fabric.transactions import submit, wait_until_level
from heddle.identity.signer import Signer
from heddle.waiting import Deadline, ensure

__all__ = [
    "Approval",
    "Committed",
    "Definition",
    "Readiness",
    "approve",
    "approved",
    "check_readiness",
    "commit",
    "definition",
    "definitions",
]


async def approve(
    connections: Connections,
    node: Node,
    orderers: Sequence[Node],
    channel: str,
    wanted: Definition,
    package_id: str,
    signer: Signer,
    *,
    deadline: float,
) -> Approval:
    """Approve a definition for the peer's organization, and wait until the peer has it as valid.

    Idempotent: Fabric refuses a repetition, so a refusal is compared with what is there. For a local
    administrator.
    """
    goal = Approval(definition=wanted, package_id=package_id)
    source = (
        lifecycle_pb2.ChaincodeSource(
            local_package=lifecycle_pb2.ChaincodeSource.Local(package_id=package_id)
        )
        if package_id
        else lifecycle_pb2.ChaincodeSource(unavailable=lifecycle_pb2.ChaincodeSource.Unavailable())
    )
    args = lifecycle_pb2.ApproveChaincodeDefinitionForMyOrgArgs(**wanted.fields(), source=source)

    async def done(left: float) -> Approval | None:
        found = await approved(
            connections, node, channel, wanted.name, signer, sequence=wanted.sequence, deadline=left
        )
        return found if found == goal else None

    async def act(left: float) -> Approval:
        call: list[Argument] = ["ApproveChaincodeDefinitionForMyOrg", args.SerializeToString()]
        await submit(connections, [node], orderers, signer, channel, LIFECYCLE, call, deadline=left)
        return goal

    return await ensure(act, done, deadline=deadline)


async def approved(
    connections: Connections,
    node: Node,
    channel: str,
    name: str,
    signer: Signer,
    *,
    sequence: int = 0,
    deadline: float,
) -> Approval | None:
    """Return what the peer's organization approved for this sequence (0: the latest), or None.

    For a local administrator.
    """
    args = lifecycle_pb2.QueryApprovedChaincodeDefinitionArgs(name=name, sequence=sequence)
    result = lifecycle_pb2.QueryApprovedChaincodeDefinitionResult()
    try:
        await query(
            connections, node, signer, channel, "QueryApprovedChaincodeDefinition", args, result, deadline
        )
    except Refused as refusal:
        if "could not fetch approved chaincode definition" in refusal.words:
            return None
        raise
    return Approval(definition=definition_of(name, result), package_id=result.source.local_package.package_id)


async def check_readiness(
    connections: Connections, node: Node, channel: str, wanted: Definition, signer: Signer, *, deadline: float
) -> Readiness:
    """Tell which organizations have approved this definition. Raises Refused unless its sequence is next."""
    args = lifecycle_pb2.CheckCommitReadinessArgs(**wanted.fields())
    result = lifecycle_pb2.CheckCommitReadinessResult()
    await query(connections, node, signer, channel, "CheckCommitReadiness", args, result, deadline)
    return Readiness(
        approvals=dict(result.approvals),
        mismatches={msp: tuple(found.items) for msp, found in result.mismatches.items()},
    )


async def commit(
    connections: Connections,
    endorsers: Sequence[Node],
    orderers: Sequence[Node],
    channel: str,
    wanted: Definition,
    signer: Signer,
    *,
    deadline: float,
) -> Committed:
    """Put a definition in force, endorsed by these peers, and wait until all of them have it.

    A majority of the channel's organizations must have approved it and be among the endorsers. Idempotent.
    """
    args = lifecycle_pb2.CommitChaincodeDefinitionArgs(**wanted.fields())

    async def done(left: float) -> Committed | None:
        found = await definition(connections, endorsers[0], channel, wanted.name, signer, deadline=left)
        return found if found is not None and found.definition == wanted else None

    async def act(left: float) -> Committed:
        clock = Deadline(left)
        # A peer that has not seen the last approval would refuse, or endorse another result.
        await wait_until_level(connections, endorsers, orderers, channel, signer, deadline=clock.left())
        call: list[Argument] = ["CommitChaincodeDefinition", args.SerializeToString()]
        left = clock.left()
        await submit(connections, endorsers, orderers, signer, channel, LIFECYCLE, call, deadline=left)
        found = await done(clock.left())
        if found is None:
            raise Refused(
                f"{endorsers[0].at()}: {wanted.name} on {channel}: committed, yet another is in force",
                hint="Somebody else committed a later sequence meanwhile: look at it.",
            )
        return found

    return await ensure(act, done, deadline=deadline)


async def definition(
    connections: Connections, node: Node, channel: str, name: str, signer: Signer, *, deadline: float
) -> Committed | None:
    """Return the definition in force, or None if the channel has no chaincode of this name."""
    args = lifecycle_pb2.QueryChaincodeDefinitionArgs(name=name)
    result = lifecycle_pb2.QueryChaincodeDefinitionResult()
    try:
        await query(connections, node, signer, channel, "QueryChaincodeDefinition", args, result, deadline)
    except Refused as refusal:
        if refusal.status == 404:
            return None
        raise
    return Committed(definition=definition_of(name, result), approvals=dict(result.approvals))


async def definitions(
    connections: Connections, node: Node, channel: str, signer: Signer, *, deadline: float
) -> tuple[Definition, ...]:
    """List all definitions in force on a channel."""
    args, result = (
        lifecycle_pb2.QueryChaincodeDefinitionsArgs(),
        lifecycle_pb2.QueryChaincodeDefinitionsResult(),
    )
    await query(connections, node, signer, channel, "QueryChaincodeDefinitions", args, result, deadline)
    return tuple(definition_of(one.name, one) for one in result.chaincode_definitions)
