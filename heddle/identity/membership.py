"""Decide who is a member of an MSP, and in which role, as a node does before it trusts a signature.

Validity in time does not count here: Fabric verifies a chain as of one second after the certificate's start
(msp/mspimplvalidate.go getValidityOptsForCert), so that old blocks stay valid; expiry is checked elsewhere,
of submitters and of TLS. Source: msp/mspimpl.go, msp/mspimplvalidate.go (Fabric 3.1.5).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from fabric_protos.msp import msp_config_pb2

from heddle.errors import IdentityError
from heddle.identity.chain import chain_of
from heddle.identity.keys import load_certificate
from heddle.identity.msp import ROLES, fabric_msp, msp_config_of
from heddle.identity.revocation import authority_of, load_revocation_list, signed_list

__all__ = ["Membership", "membership"]


@dataclass(frozen=True, kw_only=True)
class _Unit:
    """Name an OU that the MSP knows, with the issuer chain if only that one may give it."""

    name: str
    certifiers: bytes


@lru_cache(maxsize=256)
def membership(config: bytes) -> "Membership":
    """Return the membership of serialized `msp.MSPConfig`; the same object for the same bytes.

    Raises:
        IdentityError: not an X.509 MSP, or a certificate in it cannot be read.
    """
    return Membership(fabric_msp(msp_config_of(config)))


class Membership:
    """Apply one MSP's rules to certificates, and remember what was decided."""

    def __init__(self, config: msp_config_pb2.FabricMSPConfig) -> None:
        self.msp_id: str = config.name
        self._roots = [load_certificate(pem) for pem in config.root_certs]
        self._intermediates = [load_certificate(pem) for pem in config.intermediate_certs]
        self._check_authorities()
        self._parents_of_authorities = self._internal_nodes()
        self._revoked = [load_revocation_list(crl) for crl in config.revocation_list]
        self._admins = [_der(load_certificate(pem)) for pem in config.admins]
        self._units = [
            _Unit(name=unit.organizational_unit_identifier, certifiers=self._certifiers(unit.certificate))
            for unit in config.organizational_unit_identifiers
        ]
        self._roles = self._role_units(config.fabric_node_ous)
        self.node_ous: bool = config.fabric_node_ous.enable and bool(self._roles)
        self._decided: dict[bytes, str] = {}

    def refusal(self, certificate: bytes) -> str:
        """Return why the certificate (PEM) is no member, in Fabric's words; empty if it is one."""
        if certificate not in self._decided:
            if len(self._decided) > 10_000:  # certificates come from the network: bound what they can occupy
                self._decided.clear()
            self._decided[certificate] = self._decide(certificate)
        return self._decided[certificate]

    def has_role(self, certificate: bytes, role: str) -> bool:
        """Tell whether a member has the role: member, admin, client, peer or orderer."""
        if role == "admin" and self._is_listed_admin(certificate):
            return True
        if self.refusal(certificate):
            return False
        if role == "member":
            return True
        return self.node_ous and role in self._roles and self._roles[role].name in _units_of(certificate)

    def has_unit(self, certificate: bytes, unit: str, certifiers: bytes) -> bool:
        """Tell whether a member has the OU from exactly the chain whose identifier is `certifiers`."""
        if self.refusal(certificate) or unit not in _units_of(certificate):
            return False
        return _identifier(self._chain(load_certificate(certificate))[1:]) == certifiers

    def _decide(self, certificate: bytes) -> str:
        try:
            leaf = load_certificate(certificate)
            key = leaf.public_key()
        except IdentityError:
            return "could not decode the PEM structure"
        if not isinstance(key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
            return "could not validate identity's public key algorithm"
        if _is_ca(leaf):
            return (
                "An X509 certificate with Basic Constraint: "
                "Certificate Authority equals true cannot be used as an identity"
            )
        chain = self._chain(leaf)
        if not chain:
            return (
                "could not obtain certification chain: the supplied identity is not valid: "
                "x509: certificate signed by unknown authority"
            )
        if _der(chain[1]) in self._parents_of_authorities:
            return "invalid validation chain. Parent certificate should be a leaf of the certification tree"
        if revoked := self._revocation(leaf, chain[1]):
            return f"could not validate identity against certification chain: {revoked}"
        return self._unit_refusal(leaf, _identifier(chain[1:]))

    def _unit_refusal(self, leaf: x509.Certificate, certifiers: bytes) -> str:
        names = _units(leaf)
        if self._units and not any(
            unit.name in names and unit.certifiers == certifiers for unit in self._units
        ):
            return f"none of the identity's organizational units {names} are in MSP {self.msp_id}"
        if not self.node_ous:
            return ""
        known = {unit.name: unit for unit in self._roles.values()}
        roles = [known[name] for name in names if name in known]
        if any(role.certifiers and role.certifiers != certifiers for role in roles):
            return f"certifiersIdentifier does not match: {names}, MSP: [{self.msp_id}]"
        if not roles:
            return (
                "the identity does not have an OU that resolves to client, peer, orderer, or admin role. "
                f"OUs: {names}, MSP: [{self.msp_id}]"
            )
        if len(roles) > 1:
            return (
                "the identity must have a client, a peer, an orderer, or an admin OU role to be valid, "
                f"not a combination of them. OUs: {names}, MSP: [{self.msp_id}]"
            )
        return ""

    def _chain(self, leaf: x509.Certificate) -> list[x509.Certificate]:
        """Return the certificate, its issuer, and so on to a root; empty if there is no such chain."""
        moment = leaf.not_valid_before_utc + timedelta(seconds=1)
        return chain_of(leaf, self._roots, self._intermediates, moment)

    def _check_authorities(self) -> None:
        """Raise IdentityError where Fabric would refuse the MSP's authorities (finalizeSetupCAs)."""
        if not self._roots:
            raise IdentityError("expected at least one CA certificate")
        for root in self._roots:
            if not _is_ca(root) and root.issuer != root.subject:
                # Fabric comes across this before it asks for the CA attribute.
                raise IdentityError(
                    "failed to traverse certificate verification chain for leaf or intermediate certificate, "
                    f"with subject {root.subject.rfc4514_string()}"
                )
        for authority in (*self._roots, *self._intermediates):
            number = f"(SN: {authority.serial_number:x})"
            if not _is_ca(authority):
                raise IdentityError(f"CA Certificate did not have the CA attribute, {number}")
            if _key_identifier(authority) is None:
                raise IdentityError(
                    f"CA Certificate problem with Subject Key Identifier extension, {number}: "
                    "subjectKeyIdentifier not found in certificate"
                )
            if not self._chain(authority):
                raise IdentityError(f"CA Certificate is not valid, {number}")

    def _internal_nodes(self) -> set[bytes]:
        """Return the authorities that issued another authority: only the lowest may issue identities."""
        return {_der(above) for child in self._intermediates for above in self._chain(child)[1:]}

    def _revocation(self, leaf: x509.Certificate, issuer: x509.Certificate) -> str:
        """Return why the revocation lists let nobody with this certificate in; empty if they do."""
        for crl in self._revoked:
            authority = authority_of(crl)
            if authority is None:
                # Fabric gives up here: such a list shuts every member out.
                return (
                    "could not obtain Authority Key Identifier for crl: "
                    "authorityKeyIdentifier not found in certificate"
                )
            listed = crl.get_revoked_certificate_by_serial_number(leaf.serial_number) is not None
            if listed and authority == _key_identifier(issuer) and signed_list(crl, issuer):
                return "The certificate has been revoked"
        return ""

    def _is_listed_admin(self, certificate: bytes) -> bool:
        return bool(self._admins) and _der(load_certificate(certificate)) in self._admins

    def _certifiers(self, pem: bytes) -> bytes:
        return _identifier(self._chain(load_certificate(pem))) if pem else b""

    def _role_units(self, node_ous: msp_config_pb2.FabricNodeOUs) -> dict[str, _Unit]:
        present = {field.name: value for field, value in node_ous.ListFields()}
        roles = {}
        for role in ROLES:
            unit: msp_config_pb2.FabricOUIdentifier | None = present.get(f"{role}_ou_identifier")
            if unit is not None:
                certifiers = self._certifiers(unit.certificate)
                roles[role] = _Unit(name=unit.organizational_unit_identifier, certifiers=certifiers)
        return roles


def _units(certificate: x509.Certificate) -> list[str]:
    attributes = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    return [str(attribute.value) for attribute in attributes]


def _units_of(pem: bytes) -> list[str]:
    return _units(load_certificate(pem))


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _identifier(chain: Iterable[x509.Certificate]) -> bytes:
    return hashlib.sha256(b"".join(_der(certificate) for certificate in chain)).digest()


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _key_identifier(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None
