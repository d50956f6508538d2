"""`_lifecycle`: chaincode packages on peers, and definitions on channels (core/chaincode/lifecycle/scc.go).

Every function takes two arguments, its name and a protobuf message, and answers with one.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from fabric_protos.peer.lifecycle import lifecycle_pb2

from heddle.configtx.values import MessageT
from heddle.errors import Refused
from heddle.fabric.answers import message_of
from heddle.fabric.connection import Connections
from heddle.fabric.definition import (
    Approval,
    Committed,
    Definition,
    Installed,
    Readiness,
    definition_of,
)
from heddle.fabric.endorser import evaluate, new_proposal, propose
from heddle.fabric.node import Node
from heddle.fabric.package import package_id
from heddle.fabric.transactions import level, submit
from heddle.identity.signer import Signer
from heddle.waiting import Deadline, ensure

__all__ = [
    "Approval",
    "Committed",
    "Definition",
    "Installed",
    "Readiness",
    "approve",
    "approved",
    "check_readiness",
    "commit",
    "definition",
    "definitions",
    "install",
    "installed",
]

T = TypeVar("T")

_LIFECYCLE = "_lifecycle"


async def install(
    connections: Connections, node: Node, label: str, package: bytes, signer: Signer, *, deadline: float
) -> str:
    """Install a package on a peer, unless it is there; returns its id. For a local administrator.

    Idempotent, also when an answer is lost. Refused if the peer gives it another id than computed here.
    """
    expected = package_id(label, package)

    async def act(left: float) -> str:
        args = lifecycle_pb2.InstallChaincodeArgs(chaincode_install_package=package)
        proposal = new_proposal(
            signer,
            "",
            _LIFECYCLE,
            ["InstallChaincode", args.SerializeToString()],
            tls_cert_hash=connections.tls_cert_hash,
        )
        try:
            answer = await propose(connections, node, proposal, signer, deadline=left)
        except Refused as refusal:
            if "already successfully installed" in refusal.words:  # somebody was faster
                return expected
            raise
        result = lifecycle_pb2.InstallChaincodeResult()
        content = answer.response.payload
        return str(message_of(result, content, node, f"install {label}").package_id)

    async def done(left: float) -> str | None:
        there = await installed(connections, node, signer, deadline=left)
        return expected if any(one.package_id == expected for one in there) else None

    found = await ensure(act, done, deadline=deadline)
    if found != expected:
        raise Refused(f"{node.at()}: package {label}: the peer calls it {found}, not {expected}", words=found)
    return found


async def installed(
    connections: Connections, node: Node, signer: Signer, *, deadline: float
) -> tuple[Installed, ...]:
    """The packages on a peer. For a local administrator."""
    result = await _query(
        connections,
        node,
        signer,
        "",
        "QueryInstalledChaincodes",
        lifecycle_pb2.QueryInstalledChaincodesArgs(),
        lifecycle_pb2.QueryInstalledChaincodesResult(),
        deadline,
    )
    return tuple(
        Installed(
            package_id=one.package_id,
            label=one.label,
            references=tuple(
                (channel, chaincode.name, chaincode.version)
                for channel, reference in sorted(one.references.items())
                for chaincode in reference.chaincodes
            ),
        )
        for one in result.installed_chaincodes
    )


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
        await submit(
            connections,
            [node],
            orderers,
            signer,
            channel,
            _LIFECYCLE,
            ["ApproveChaincodeDefinitionForMyOrg", args.SerializeToString()],
            deadline=left,
        )
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
    """What the peer's organization approved for this sequence (0: the latest), or None.

    For a local administrator.
    """
    try:
        result = await _query(
            connections,
            node,
            signer,
            channel,
            "QueryApprovedChaincodeDefinition",
            lifecycle_pb2.QueryApprovedChaincodeDefinitionArgs(name=name, sequence=sequence),
            lifecycle_pb2.QueryApprovedChaincodeDefinitionResult(),
            deadline,
        )
    except Refused as refusal:
        if "could not fetch approved chaincode definition" in refusal.words:
            return None
        raise
    return Approval(
        definition=definition_of(name, result), package_id=str(result.source.local_package.package_id)
    )


async def check_readiness(
    connections: Connections,
    node: Node,
    channel: str,
    wanted: Definition,
    signer: Signer,
    *,
    deadline: float,
) -> Readiness:
    """Which organizations have approved this definition. Refused if its sequence is not the next one."""
    result = await _query(
        connections,
        node,
        signer,
        channel,
        "CheckCommitReadiness",
        lifecycle_pb2.CheckCommitReadinessArgs(**wanted.fields()),
        lifecycle_pb2.CheckCommitReadinessResult(),
        deadline,
    )
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
        await level(connections, endorsers, orderers, channel, signer, deadline=clock.left())
        await submit(
            connections,
            endorsers,
            orderers,
            signer,
            channel,
            _LIFECYCLE,
            ["CommitChaincodeDefinition", args.SerializeToString()],
            deadline=clock.left(),
        )
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
    """The definition in force, or None if the channel has no chaincode of this name."""
    try:
        result = await _query(
            connections,
            node,
            signer,
            channel,
            "QueryChaincodeDefinition",
            lifecycle_pb2.QueryChaincodeDefinitionArgs(name=name),
            lifecycle_pb2.QueryChaincodeDefinitionResult(),
            deadline,
        )
    except Refused as refusal:
        if refusal.status == 404:
            return None
        raise
    return Committed(definition=definition_of(name, result), approvals=dict(result.approvals))


async def definitions(
    connections: Connections, node: Node, channel: str, signer: Signer, *, deadline: float
) -> tuple[Definition, ...]:
    """All definitions in force on a channel."""
    result = await _query(
        connections,
        node,
        signer,
        channel,
        "QueryChaincodeDefinitions",
        lifecycle_pb2.QueryChaincodeDefinitionsArgs(),
        lifecycle_pb2.QueryChaincodeDefinitionsResult(),
        deadline,
    )
    return tuple(definition_of(one.name, one) for one in result.chaincode_definitions)


async def _query(
    connections: Connections,
    node: Node,
    signer: Signer,
    channel: str,
    function: str,
    args: Any,  # noqa: ANN401 - any lifecycle message
    result: MessageT,
    deadline: float,
) -> MessageT:
    answer = await evaluate(
        connections,
        node,
        signer,
        channel,
        _LIFECYCLE,
        [function, args.SerializeToString()],
        deadline=deadline,
    )
    return message_of(result, answer, node, f"{_LIFECYCLE} {function}{f' on {channel}' if channel else ''}")
