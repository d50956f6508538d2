"""Install chaincode packages on peers, and list those there (core/chaincode/lifecycle/scc.go)."""

from fabric_protos.peer.lifecycle import lifecycle_pb2

from heddle.errors import Refused
from heddle.fabric.answers import message_of
from heddle.fabric.connection import Connections
from heddle.fabric.definition import Installed
from heddle.fabric.endorser import LIFECYCLE, new_proposal, propose, query
from heddle.fabric.node import Node
from heddle.fabric.package import package_id
from heddle.identity.signer import Signer
from heddle.waiting import ensure

__all__ = ["install", "installed"]


async def install(
    connections: Connections, node: Node, label: str, package: bytes, signer: Signer, *, deadline: float
) -> str:
    """Install a package on a peer, unless it is there, and return its id. For a local administrator.

    Idempotent, also when an answer is lost. Refused if the peer gives it another id than computed here.
    """
    expected = package_id(label, package)

    async def act(left: float) -> str:
        args = lifecycle_pb2.InstallChaincodeArgs(chaincode_install_package=package)
        proposal = new_proposal(
            signer,
            "",
            LIFECYCLE,
            ["InstallChaincode", args.SerializeToString()],
            tls_cert_hash=connections.tls_cert_hash,
        )
        answer = await propose(connections, node, proposal, signer, deadline=left)
        result = lifecycle_pb2.InstallChaincodeResult()
        content = answer.response.payload
        return message_of(result, content, node, f"install {label}").package_id

    async def done(left: float) -> str | None:
        packages = await installed(connections, node, signer, deadline=left)
        return expected if any(package.package_id == expected for package in packages) else None

    found = await ensure(act, done, deadline=deadline)
    if found != expected:
        raise Refused(f"{node.at()}: package {label}: the peer calls it {found}, not {expected}", words=found)
    return found


async def installed(
    connections: Connections, node: Node, signer: Signer, *, deadline: float
) -> tuple[Installed, ...]:
    """List the packages on a peer. For a local administrator."""
    args, result = (
        lifecycle_pb2.QueryInstalledChaincodesArgs(),
        lifecycle_pb2.QueryInstalledChaincodesResult(),
    )
    await query(connections, node, signer, "", "QueryInstalledChaincodes", args, result, deadline)
    return tuple(
        Installed(
            package_id=package.package_id,
            label=package.label,
            references=tuple(
                (channel, chaincode.name, chaincode.version)
                for channel, reference in sorted(package.references.items())
                for chaincode in reference.chaincodes
            ),
        )
        for package in result.installed_chaincodes
    )
