"""Read the MSPs of a channel, and tell whether an identity is a principal."""

from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.hazmat.primitives.serialization import Encoding
from fabric_protos.common import configtx_pb2
from fabric_protos.msp import identities_pb2, msp_principal_pb2

from heddle.configtx import values
from heddle.errors import ConfigtxError, IdentityError
from heddle.identity.describe import certificate_text
from heddle.identity.keys import load_certificate
from heddle.identity.membership import Membership, membership
from heddle.text import escaped, shown_bytes

__all__ = ["Members", "Signatory", "principal_organization", "principal_text"]

_KIND: Final = msp_principal_pb2.MSPPrincipal
MAX_DEPTH: Final = 8
"""Combined principals inside each other; each is bytes of its own, so protobuf's limit does not hold."""


class Signatory(Protocol):
    """Anybody with an MSP id and a certificate (PEM): an `Identity`, a `Signer`."""

    @property
    def msp_id(self) -> str: ...  # noqa: D102 - as the class says
    @property
    def certificate(self) -> bytes: ...  # noqa: D102 - as the class says


@dataclass(frozen=True)
class Members:
    """Hold the memberships of a channel by MSP id."""

    by_id: dict[str, Membership]

    @classmethod
    def of(cls, root: configtx_pb2.ConfigGroup) -> "Members":
        """Return all MSPs of a channel. Raises IdentityError for one that cannot be read."""
        found = {}
        for section in ("Application", "Orderer"):
            if section in root.groups:
                for group in root.groups[section].groups.values():
                    if "MSP" in group.values:
                        one = membership(group.values["MSP"].value)
                        found[one.msp_id] = one
        return cls(found)

    def refusal(self, identity: Signatory) -> str:
        """Return why the identity is no valid member of its MSP, in Fabric's words; empty if it is."""
        if identity.msp_id not in self.by_id:
            return f"MSP {identity.msp_id} is not defined on channel"
        return self.by_id[identity.msp_id].refusal(identity.certificate)

    def satisfies(
        self, identity: Signatory, principal: msp_principal_pb2.MSPPrincipal, *, depth: int = MAX_DEPTH
    ) -> bool:
        """Tell whether the identity is what the principal says (msp/mspimpl.go SatisfiesPrincipal)."""
        _check_depth(depth)
        if identity.msp_id not in self.by_id:
            return False
        msp, certificate = self.by_id[identity.msp_id], identity.certificate
        kind, data = principal.principal_classification, principal.principal
        if kind == _KIND.ROLE:
            role = values.parse(msp_principal_pb2.MSPRole(), data, "a role")
            return role.msp_identifier == msp.msp_id and msp.has_role(certificate, _role_name(role))
        if kind == _KIND.ORGANIZATION_UNIT:
            unit = values.parse(msp_principal_pb2.OrganizationUnit(), data, "an organizational unit")
            return unit.msp_identifier == msp.msp_id and msp.has_unit(
                certificate, unit.organizational_unit_identifier, unit.certifiers_identifier
            )
        if kind == _KIND.IDENTITY:
            return not msp.refusal(certificate) and _same_identity(identity, data)
        if kind == _KIND.COMBINED:
            combined = values.parse(msp_principal_pb2.CombinedPrincipal(), data, "a combined principal")
            return bool(combined.principals) and all(
                self.satisfies(identity, one, depth=depth - 1) for one in combined.principals
            )
        if kind == _KIND.ANONYMITY:
            anonymity = values.parse(msp_principal_pb2.MSPIdentityAnonymity(), data, "an anonymity")
            return bool(anonymity.anonymity_type == msp_principal_pb2.MSPIdentityAnonymity.NOMINAL)
        return False


def principal_text(principal: msp_principal_pb2.MSPPrincipal, *, depth: int = MAX_DEPTH) -> str:
    """Return a principal for people: `ExampleMSP.admin`; what others named is escaped.

    Raises ConfigtxError if it cannot be read.
    """
    _check_depth(depth)
    kind, data = principal.principal_classification, principal.principal
    if kind == _KIND.ROLE:
        role = values.parse(msp_principal_pb2.MSPRole(), data, "a role")
        return f"{escaped(role.msp_identifier)}.{_role_name(role)}"
    if kind == _KIND.ORGANIZATION_UNIT:
        unit = values.parse(msp_principal_pb2.OrganizationUnit(), data, "an organizational unit")
        name = escaped(unit.organizational_unit_identifier)
        certifiers = f" certified by {unit.certifiers_identifier.hex()}" if unit.certifiers_identifier else ""
        return f"{escaped(unit.msp_identifier)} with unit {name}{certifiers}"
    if kind == _KIND.IDENTITY:
        identity = values.parse(identities_pb2.SerializedIdentity(), data, "an identity")
        return f"{escaped(identity.mspid)} with {certificate_text(identity.id_bytes)}"
    if kind == _KIND.COMBINED:
        combined = values.parse(msp_principal_pb2.CombinedPrincipal(), data, "a combined principal")
        return " and ".join(principal_text(one, depth=depth - 1) for one in combined.principals)
    if kind == _KIND.ANONYMITY:
        anonymity = values.parse(msp_principal_pb2.MSPIdentityAnonymity(), data, "an anonymity")
        nominal = anonymity.anonymity_type == msp_principal_pb2.MSPIdentityAnonymity.NOMINAL
        return "anybody who is not anonymous" if nominal else "anybody who is anonymous"
    return f"a principal of unknown kind {kind}, {shown_bytes(data)}"


def principal_organization(principal: msp_principal_pb2.MSPPrincipal) -> str:
    """Return the MSP id of a principal's organization. Raises ConfigtxError if it is of none, or unreadable.

    The messages of roles, organizational units and identities all begin with it.
    """
    if principal.principal_classification not in (_KIND.ROLE, _KIND.ORGANIZATION_UNIT, _KIND.IDENTITY):
        raise ConfigtxError("a principal that is of no single organization")
    role = values.parse(msp_principal_pb2.MSPRole(), principal.principal, "a principal")
    return str(role.msp_identifier)


def _role_name(role: msp_principal_pb2.MSPRole) -> str:
    known = msp_principal_pb2.MSPRole.MSPRoleType.DESCRIPTOR.values_by_number.get(role.role)
    return str(known.name).lower() if known else f"role {role.role}"


def _check_depth(depth: int) -> None:
    if depth <= 0:
        raise ConfigtxError(f"more than {MAX_DEPTH} principals inside each other")


def _same_identity(identity: Signatory, serialized: bytes) -> bool:
    wanted = values.parse(identities_pb2.SerializedIdentity(), serialized, "an identity")
    if wanted.mspid != identity.msp_id:
        return False
    try:
        return _der(wanted.id_bytes) == _der(identity.certificate)
    except IdentityError:
        return False


def _der(pem: bytes) -> bytes:
    return load_certificate(pem).public_bytes(Encoding.DER)
