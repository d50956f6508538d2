"""Who is a member, and as what."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from heddle.errors import IdentityError
from heddle.identity.authority import Authority, new_authority
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.identity.keys import load_certificate
from heddle.identity.lowlevel import key_usage, subject_key_identifier
from heddle.identity.membership import Membership, membership
from heddle.identity.msp import Msp, fabric_msp, msp_config
from heddle.identity.revocation import new_revocation_list

ROOT = new_authority(common_name="ca", organization="o")
MSP = Msp(msp_id="M", root_certificates=(ROOT.certificate,), tls_root_certificates=())


def members(**changes: tuple[bytes, ...]) -> Membership:
    msp = Msp(**{**vars(MSP), **changes})
    return membership(msp_config(msp).SerializeToString())


def certificate(*units: str, authority: Authority = ROOT) -> bytes:
    request = CertificateRequest(common_name="x", organizational_units=units, usage=Usage.IDENTITY)
    return issue(authority, request).certificate


@pytest.mark.parametrize("role", ["client", "peer", "admin", "orderer"])
def test_the_unit_is_the_role(role: str) -> None:
    """Exactly that one, and membership."""
    roles = ("member", "client", "peer", "admin", "orderer")
    assert {name for name in roles if members().has_role(certificate(role), name)} == {"member", role}


def test_a_member_has_exactly_one_role() -> None:
    """None or two: no member at all."""
    assert "does not have an OU" in members().refusal(certificate("department"))
    assert "not a combination" in members().refusal(certificate("peer", "client"))
    assert members().refusal(certificate("department", "client")) == ""


def test_a_foreign_authority_gives_no_membership() -> None:
    """Also one with the same name."""
    impostor = new_authority(common_name="ca", organization="o")
    assert "unknown authority" in members().refusal(certificate("admin", authority=impostor))
    assert "cannot be used as an identity" in members().refusal(ROOT.certificate)
    assert members().refusal(b"garbage") == "could not decode the PEM structure"


def test_expiry_is_no_matter_of_membership() -> None:
    """Old blocks stay valid; Fabric asks the date elsewhere."""
    long_ago = datetime.now(UTC) - timedelta(days=1000)
    old = new_authority(common_name="ca", organization="o", now=long_ago, validity_days=400)
    request = CertificateRequest(common_name="x", organizational_units=("peer",), usage=Usage.IDENTITY)
    issued = issue(old, request, now=long_ago).certificate
    assert members(root_certificates=(old.certificate,)).refusal(issued) == ""


def test_two_authorities_stand_side_by_side() -> None:
    """While an authority is exchanged, certificates of both are good, roles included."""
    new = new_authority(common_name="ca", organization="o")
    both = members(root_certificates=(ROOT.certificate, new.certificate))
    assert both.has_role(certificate("admin"), "admin")
    assert both.has_role(certificate("admin", authority=new), "admin")


def intermediate() -> Authority:
    fresh = new_authority(common_name="unused", organization="o")
    key = fresh.key
    builder = x509.CertificateBuilder(
        ROOT.x509.subject,
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "intermediate")]),
        key.public_key(),
        7,
        ROOT.x509.not_valid_before_utc,
        ROOT.x509.not_valid_after_utc,
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(key_usage(digital_signature=True, certificates=True), critical=True)
    identifier = x509.SubjectKeyIdentifier(subject_key_identifier(key.public_key()))
    signed = builder.add_extension(identifier, critical=False).sign(ROOT.key, hashes.SHA256())
    pem = signed.public_bytes(serialization.Encoding.PEM)
    return Authority(certificate=pem, private_key=fresh.private_key)


def test_only_the_lowest_authority_issues_identities() -> None:
    """With an intermediate in the MSP, its root signs no members any more."""
    middle = intermediate()
    with_middle = members(intermediate_certificates=(middle.certificate,))
    assert with_middle.refusal(certificate("peer", authority=middle)) == ""
    assert "leaf of the certification tree" in with_middle.refusal(certificate("peer"))
    assert "unknown authority" in members().refusal(certificate("peer", authority=middle))


def test_a_revoked_certificate_is_out() -> None:
    """By a list that the issuing authority signed; nobody else's counts."""
    pem = certificate("admin")
    serial = load_certificate(pem).serial_number
    own = new_revocation_list(ROOT, [serial])
    other = new_revocation_list(new_authority(common_name="ca", organization="o"), [serial])
    assert "The certificate has been revoked" in members(revocation_lists=(own,)).refusal(pem)
    assert members(revocation_lists=(own,)).refusal(certificate("admin")) == ""
    assert members(revocation_lists=(other,)).refusal(pem) == ""


def test_a_list_without_its_authoritys_identifier_shuts_everybody_out() -> None:
    """As in Fabric, which asks for it before it looks who is on the list."""
    now = datetime.now(UTC)
    builder = x509.CertificateRevocationListBuilder(ROOT.x509.subject, now, now + timedelta(days=1))
    crl = builder.sign(ROOT.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    assert members(revocation_lists=(crl,)).refusal(certificate("admin")) == (
        "could not validate identity against certification chain: could not obtain Authority Key Identifier "
        "for crl: authorityKeyIdentifier not found in certificate"
    )


def test_listed_administrators_count() -> None:
    """Channels of others may still name their administrators one by one."""
    config = fabric_msp(msp_config(MSP))
    config.admins.append(certificate("client"))
    assert Membership(config).has_role(config.admins[0], "admin")
    assert not Membership(config).has_role(certificate("client"), "admin")


def test_roles_can_be_bound_to_one_authority() -> None:
    """As cryptogen writes it: the OU counts only below the certificate that config.yaml names."""
    new = new_authority(common_name="ca", organization="o")
    config = fabric_msp(msp_config(MSP))
    config.root_certs.append(new.certificate)
    config.fabric_node_ous.admin_ou_identifier.certificate = ROOT.certificate
    bound = Membership(config)
    assert bound.has_role(certificate("admin"), "admin")
    assert "certifiersIdentifier does not match" in bound.refusal(certificate("admin", authority=new))


def test_a_leaf_is_no_authority() -> None:
    """An MSP with a wrong root is refused as a whole, in Fabric's words."""
    with pytest.raises(IdentityError, match="failed to traverse certificate verification chain"):
        members(root_certificates=(certificate("peer"),))
    with pytest.raises(IdentityError, match="did not have the CA attribute"):
        members(root_certificates=(self_signed_leaf(),))


def self_signed_leaf() -> bytes:
    name, begin = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")]), ROOT.x509.not_valid_before_utc
    end = ROOT.x509.not_valid_after_utc
    builder = x509.CertificateBuilder(name, name, ROOT.key.public_key(), 7, begin, end)
    return builder.sign(ROOT.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
