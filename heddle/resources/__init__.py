"""Typed Pulumi classes of Heddle's own resources, for the components and for users' programs.

They need only the declarations in `heddle.schema`: a program that declares resources never loads a gRPC
client. Objects inside arguments (a Node, an Identity) are dictionaries with Pulumi's names, see
`heddle.resources.arguments`.
"""

from heddle.resources.arguments import (
    Batch,
    BftOptions,
    Capabilities,
    ClientTls,
    Collection,
    Consenter,
    Identity,
    Msp,
    Node,
    OrdererOrganization,
    PeerOrganization,
    RaftOptions,
)
from heddle.resources.chaincode import (
    ChaincodeApproval,
    ChaincodeApprovalArgs,
    ChaincodeDefinition,
    ChaincodeDefinitionArgs,
    ChaincodeInstallation,
    ChaincodeInstallationArgs,
    ChaincodePackage,
    ChaincodePackageArgs,
)
from heddle.resources.identity import (
    Certificate,
    CertificateArgs,
    CertificateAuthority,
    CertificateAuthorityArgs,
    Password,
    PasswordArgs,
)
from heddle.resources.kubernetes import (
    NamespaceOwnership,
    NamespaceOwnershipArgs,
    Rollout,
    RolloutArgs,
    VolumeTerms,
    VolumeTermsArgs,
)
from heddle.resources.ledger import Channel, ChannelArgs, PeerMembership, PeerMembershipArgs
from heddle.resources.provider import Provider, ProviderArgs

__all__ = [
    "Batch",
    "BftOptions",
    "Capabilities",
    "Certificate",
    "CertificateArgs",
    "CertificateAuthority",
    "CertificateAuthorityArgs",
    "ChaincodeApproval",
    "ChaincodeApprovalArgs",
    "ChaincodeDefinition",
    "ChaincodeDefinitionArgs",
    "ChaincodeInstallation",
    "ChaincodeInstallationArgs",
    "ChaincodePackage",
    "ChaincodePackageArgs",
    "Channel",
    "ChannelArgs",
    "ClientTls",
    "Collection",
    "Consenter",
    "Identity",
    "Msp",
    "NamespaceOwnership",
    "NamespaceOwnershipArgs",
    "Node",
    "OrdererOrganization",
    "Password",
    "PasswordArgs",
    "PeerMembership",
    "PeerMembershipArgs",
    "PeerOrganization",
    "Provider",
    "ProviderArgs",
    "RaftOptions",
    "Rollout",
    "RolloutArgs",
    "VolumeTerms",
    "VolumeTermsArgs",
]
