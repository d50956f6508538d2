"""Declare chaincode packages, installations, approvals and definitions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from heddle.resources.arguments import Collection, Identity, Node
from heddle.resources.base import DeclaredResource
from heddle.schema.chaincode import (
    CHAINCODE_APPROVAL,
    CHAINCODE_DEFINITION,
    CHAINCODE_INSTALLATION,
    CHAINCODE_PACKAGE,
)

__all__ = [
    "ChaincodeApproval",
    "ChaincodeApprovalArgs",
    "ChaincodeDefinition",
    "ChaincodeDefinitionArgs",
    "ChaincodeInstallation",
    "ChaincodeInstallationArgs",
    "ChaincodePackage",
    "ChaincodePackageArgs",
]


@dataclass(frozen=True, kw_only=True)
class ChaincodePackageArgs:
    """The address of the chaincode's server (host:port), and the root of its TLS certificate (PEM).

    `metadata` are files META-INF/… by their paths: indexes of CouchDB.
    """

    label: str
    address: pulumi.Input[str]
    tls_root_certificate: pulumi.Input[str]
    metadata: Mapping[str, str] | None = None


class ChaincodePackage(DeclaredResource[ChaincodePackageArgs]):
    """A package for chaincode as a service. Equal arguments give equal bytes."""

    declaration = CHAINCODE_PACKAGE

    package_id: pulumi.Output[str]
    """label:sha256, as the peers compute it."""
    package: pulumi.Output[str]
    """The package (tar.gz), base64."""


@dataclass(frozen=True, kw_only=True)
class ChaincodeInstallationArgs:
    """A package, and the peer that installs it."""

    peer: pulumi.Input[Node]
    label: str
    package: pulumi.Input[str]
    package_id: pulumi.Input[str]
    signer: pulumi.Input[Identity]


class ChaincodeInstallation(DeclaredResource[ChaincodeInstallationArgs]):
    """The installation of a package on a peer."""

    declaration = CHAINCODE_INSTALLATION


@dataclass(frozen=True, kw_only=True)
class ChaincodeApprovalArgs:
    """The definition, the package the organization runs, and the peer that endorses the approval."""

    channel: str
    name: str
    version: str
    sequence: int
    package_id: pulumi.Input[str]
    peer: pulumi.Input[Node]
    orderers: Sequence[pulumi.Input[Node]]
    signer: pulumi.Input[Identity]
    genesis_hash: pulumi.Input[str]
    endorsement_policy: str | None = None
    init_required: bool | None = None
    collections: Sequence[Collection] | None = None


class ChaincodeApproval(DeclaredResource[ChaincodeApprovalArgs]):
    """An organization's approval of a chaincode definition."""

    declaration = CHAINCODE_APPROVAL


@dataclass(frozen=True, kw_only=True)
class ChaincodeDefinitionArgs:
    """The definition, and peers that endorse its commit: at least one of each organization."""

    channel: str
    name: str
    version: str
    sequence: int
    peers: Sequence[pulumi.Input[Node]]
    orderers: Sequence[pulumi.Input[Node]]
    signer: pulumi.Input[Identity]
    genesis_hash: pulumi.Input[str]
    endorsement_policy: str | None = None
    init_required: bool | None = None
    collections: Sequence[Collection] | None = None


class ChaincodeDefinition(DeclaredResource[ChaincodeDefinitionArgs]):
    """A chaincode definition that is committed on a channel."""

    declaration = CHAINCODE_DEFINITION
