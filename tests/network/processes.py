"""A network of processes as the outputs of its stack would describe it."""

from heddle.fabric.node import Node
from heddle.network.instance import (
    VERSION,
    AccessOutput,
    ChaincodeOutput,
    ChannelOutput,
    InstanceOutput,
    NodeOutput,
    OrganizationOutput,
)
from heddle.network.network import Network
from tests.real.network import Organization, RealNetwork


def _organization(organization: Organization, kind: str) -> OrganizationOutput:
    return OrganizationOutput(
        name=organization.name,
        msp_id=organization.msp.msp_id,
        kind=kind,
        ca_certificate=organization.authority.certificate.decode(),
        tls_ca_certificate=organization.tls_authority.certificate.decode(),
        users={
            "admin": organization.admin.certificate.decode(),
            "user": organization.user.certificate.decode(),
        },
    )


def _node(node: Node, organization: str) -> NodeOutput:
    assert node.operations_port
    return NodeOutput(
        name=node.name,
        msp_id=node.msp_id,
        organization=organization,
        host=node.host,
        port=node.port,
        namespace="",
        pod="",
        tls_root_certificates=tuple(root.decode() for root in node.tls_root_certificates),
        operations_port=node.operations_port,
        admin_port=node.admin_port,
        public_endpoint="",
        state_database="",
    )


def network_of_processes(real: RealNetwork, genesis_hash: str = "00") -> Network:
    """The network with all its peers on `channel` and the chaincode `assets`; nodes are dialled by name."""
    members = {real.ordering.name: real.ordering, **real.organizations}
    return Network(
        instance=InstanceOutput(
            version=VERSION,
            name="real",
            namespace="",
            standin=False,
            domain="",
            public_address="",
            consensus="etcdraft",
            orderers=tuple(_node(node, real.ordering.name) for node in real.orderers),
            peers=tuple(_node(peer, real.organization_of(peer).name) for peer in real.peers),
            organizations={
                name: _organization(each, "orderer" if each is real.ordering else "peer")
                for name, each in members.items()
            },
            channels={
                "channel": ChannelOutput(
                    name="channel",
                    organizations=tuple(real.organizations),
                    peers=tuple(peer.name for peer in real.peers),
                    genesis_hash=genesis_hash,
                )
            },
            chaincodes={
                "assets": ChaincodeOutput(
                    name="assets",
                    channel="channel",
                    version="1",
                    sequence=1,
                    endorsement_policy="",
                    package_ids={},
                    init_required=False,
                    collections=(),
                )
            },
            admin_tls_certificate=real.admin_tls.certificate.decode(),
        ),
        access=AccessOutput(
            version=VERSION,
            kubeconfig="",
            user_keys={
                name: {
                    "admin": each.admin.private_key.decode(),
                    "user": each.user.private_key.decode(),
                }
                for name, each in members.items()
            },
            admin_tls_key=real.admin_tls.private_key.decode(),
        ),
    )
