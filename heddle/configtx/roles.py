"""Make signature policies by role, as bytes that equal those of Fabric's policy language."""

from collections.abc import Iterable

from fabric_protos.common import policies_pb2
from fabric_protos.msp import msp_principal_pb2

__all__ = ["role_principal", "signed_by_any"]


def role_principal(msp_id: str, role: str) -> msp_principal_pb2.MSPPrincipal:
    """Return the principal `MSP.role`; role is member, admin, client, peer or orderer, else ValueError."""
    content = msp_principal_pb2.MSPRole(
        msp_identifier=msp_id, role=msp_principal_pb2.MSPRole.MSPRoleType.Value(role.upper())
    )
    return msp_principal_pb2.MSPPrincipal(
        principal_classification=msp_principal_pb2.MSPPrincipal.ROLE, principal=content.SerializeToString()
    )


def signed_by_any(msp_id: str, roles: Iterable[str]) -> policies_pb2.SignaturePolicyEnvelope:
    """Return OR('MSP.role', …) with principals numbered in order (common/policydsl/policyparser.go)."""
    principals = [role_principal(msp_id, role) for role in roles]
    envelope = policies_pb2.SignaturePolicyEnvelope(version=0, identities=principals)
    envelope.rule.n_out_of.n = 1
    for index in range(len(principals)):
        envelope.rule.n_out_of.rules.add(signed_by=index)
    return envelope
