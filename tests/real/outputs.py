"""What a stack's output would say of a network of processes, for tests of verbs that read it."""

from heddle.fabric.node import Node
from heddle.identity.signer import Signer
from heddle.network.instance import (
    ChaincodeOutput,
    ChannelOutput,
    IdentityOutput,
    InstanceOutput,
    NodeOutput,
    OrganizationOutput,
)
from tests.real.network import Organization, RealNetwork


def _identity(signer: Signer) -> IdentityOutput:
    return IdentityOutput(certificate=signer.certificate.decode(), private_key=signer.private_key.decode())


def _organization(one: Organization, kind: str) -> OrganizationOutput:
    return OrganizationOutput(
        name=one.name,
        msp_id=one.msp.msp_id,
        kind=kind,
        ca_certificate=one.authority.certificate.decode(),
        tls_ca_certificate=one.tls_authority.certificate.decode(),
        users={"admin": _identity(one.admin), "user": _identity(one.user)},
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
    )


def instance_output(network: RealNetwork) -> InstanceOutput:
    """What the stack's outputs would say of this network."""
    return InstanceOutput(
        name="real",
        namespace="",
        standin=False,
        domain="",
        public_address="",
        kubeconfig="",
        orderers=tuple(_node(node, network.ordering.name) for node in network.orderers),
        peers=tuple(_node(peer, network.organization_of(peer).name) for peer in network.peers),
        organizations={
            network.ordering.name: _organization(network.ordering, "orderer"),
            **{name: _organization(one, "peer") for name, one in network.organizations.items()},
        },
        channels={
            "channel": ChannelOutput(
                name="channel",
                organizations=tuple(network.organizations),
                peers=tuple(peer.name for peer in network.peers),
                genesis_hash="00",
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
            )
        },
        admin_tls=IdentityOutput(
            certificate=network.admin_tls.certificate.decode(),
            private_key=network.admin_tls.private_key.decode(),
        ),
    )
