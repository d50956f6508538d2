"""Authorities and the certificates that they issue."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from heddle.errors import IdentityError
from heddle.identity.authority import Authority, new_authority
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.identity.expiry import expires_within, not_after
from heddle.identity.keys import P256_ORDER, load_certificate, load_key, pem_of, sign, verify

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AUTHORITY = new_authority(common_name="ca.example", organization="example", now=NOW)
PEER = CertificateRequest(common_name="peer0", organizational_units=("peer",), usage=Usage.IDENTITY)
TLS = CertificateRequest(common_name="peer0", hosts=("peer0.example", "10.0.0.7", "::1"), usage=Usage.TLS)


def test_an_authority_is_one_that_fabric_accepts() -> None:
    """CA attribute, key identifier, certificate signing: msp/mspimplsetup.go demands all three."""
    certificate = AUTHORITY.x509
    extensions = certificate.extensions
    assert extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.key_cert_sign
    assert usage.crl_sign
    assert len(extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest) == 32
    certificate.verify_directly_issued_by(certificate)


@settings(max_examples=40)
@given(st.sampled_from([PEER, TLS]))
def test_certificates_verify_and_are_low_s(request: CertificateRequest) -> None:
    """A node need not rewrite the certificate, so its identity is the file's bytes."""
    issued = load_certificate(issue(AUTHORITY, request, now=NOW).certificate)
    issued.verify_directly_issued_by(AUTHORITY.x509)
    assert decode_dss_signature(issued.signature)[1] <= P256_ORDER // 2


def test_an_identity_carries_its_role() -> None:
    """The OU is the role; no extended usage, no host."""
    issued = load_certificate(issue(AUTHORITY, PEER, now=NOW).certificate)
    units = issued.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    assert [unit.value for unit in units] == ["peer"]
    with pytest.raises(x509.ExtensionNotFound):
        issued.extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_a_tls_certificate_serves_both_ends() -> None:
    """Server and client usage, names and addresses each in their kind."""
    issued = load_certificate(issue(AUTHORITY, TLS, now=NOW).certificate)
    usage = issued.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(usage) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    names = issued.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["peer0.example"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.7", "::1"]


def test_validity_begins_a_little_earlier() -> None:
    """Five minutes of clock skew are forgiven."""
    authority = new_authority(common_name="ca", organization="example", now=NOW - timedelta(days=1))
    issued = load_certificate(issue(authority, PEER, now=NOW).certificate)
    assert issued.not_valid_before_utc == NOW - timedelta(minutes=5)
    assert issued.not_valid_after_utc == NOW + timedelta(days=365)


@given(st.integers(1, 4000), st.integers(1, 4000), st.integers(0, 3000))
@settings(max_examples=50)
def test_a_certificate_lives_within_its_authority(authority_days: int, days: int, later: int) -> None:
    """It neither begins before nor ends after: Fabric would refuse the chain."""
    authority = new_authority(common_name="ca", organization="o", validity_days=authority_days, now=NOW)
    now = NOW + timedelta(days=later)
    request = CertificateRequest(common_name="x", usage=Usage.IDENTITY, validity_days=days)
    if later >= authority_days:
        with pytest.raises(IdentityError, match="expired"):
            issue(authority, request, now=now)
        return
    issued = load_certificate(issue(authority, request, now=now).certificate)
    assert authority.x509.not_valid_before_utc <= issued.not_valid_before_utc
    assert issued.not_valid_after_utc <= authority.x509.not_valid_after_utc


def test_renewal_keeps_the_key() -> None:
    """Same public key, another serial number: nothing on the ledger has to change."""
    key = pem_of(ec.generate_private_key(ec.SECP256R1()))
    first = issue(AUTHORITY, TLS, private_key=key, now=NOW)
    second = issue(AUTHORITY, TLS, private_key=key, now=NOW + timedelta(days=300))
    assert first.private_key == second.private_key == key
    old, new = load_certificate(first.certificate), load_certificate(second.certificate)
    assert old.public_key() == new.public_key()
    assert old.serial_number != new.serial_number
    assert verify(second.certificate, b"message", sign(load_key(key), b"message"))


def test_expiry_is_counted_in_days() -> None:
    """The warning comes exactly when fewer days are left."""
    issued = issue(AUTHORITY, PEER, now=NOW).certificate
    assert not_after(issued) == NOW + timedelta(days=365)
    assert not expires_within(issued, 30, NOW + timedelta(days=335))
    assert expires_within(issued, 30, NOW + timedelta(days=335, seconds=1))
    assert expires_within(issued, 0, NOW + timedelta(days=366))


@pytest.mark.parametrize(
    "request_",
    [
        CertificateRequest(common_name="x" * 65, usage=Usage.TLS),
        CertificateRequest(common_name="x", usage=Usage.TLS, validity_days=0),
        CertificateRequest(common_name="x", hosts=("bücher.example",), usage=Usage.TLS),
    ],
)
def test_what_x509_cannot_say_is_an_identity_error(request_: CertificateRequest) -> None:
    """A user's mistake is answered, not thrown as a library's exception."""
    with pytest.raises(IdentityError):
        issue(AUTHORITY, request_, now=NOW)


def test_secrets_do_not_show_in_reprs() -> None:
    """A key never reaches a log by way of a repr."""
    issued = issue(AUTHORITY, PEER, now=NOW)
    assert "PRIVATE" not in repr(AUTHORITY) + repr(issued)


def test_an_authority_without_key_identifier_is_refused() -> None:
    """Fabric would refuse it in an MSP; better to hear it before anything is signed."""
    issued = issue(AUTHORITY, PEER, now=NOW)
    other = Authority(certificate=_without_identifier(), private_key=issued.private_key)
    with pytest.raises(IdentityError, match="key identifier"):
        issue(other, PEER, now=NOW)


def _without_identifier() -> bytes:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW + timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
