"""Certificates, revocation lists and MSPs from others: read, or refused with an IdentityError."""

import base64
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from fabric_protos.msp import msp_config_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heddle.errors import IdentityError
from heddle.identity.authority import new_authority
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.identity.chain import TrustStore
from heddle.identity.expiry import expires_within, not_after
from heddle.identity.keys import MAX_CERTIFICATE, load_certificate, load_key, public_key_of, verify
from heddle.identity.membership import membership
from heddle.identity.msp import MAX_ITEMS, Msp, msp_config, msp_from_config

AUTHORITY = new_authority(common_name="ca.alpha", organization="alpha")
TLS = new_authority(common_name="tlsca.alpha", organization="alpha")
ADMIN = issue(
    AUTHORITY, CertificateRequest(common_name="admin", organizational_units=("admin",), usage=Usage.IDENTITY)
)
SERVER = issue(TLS, CertificateRequest(common_name="peer", hosts=("peer", "10.0.0.1"), usage=Usage.TLS))
MSP = Msp(
    msp_id="AlphaMSP",
    root_certificates=(AUTHORITY.certificate,),
    tls_root_certificates=(TLS.certificate,),
)
CONFIG = msp_config(MSP).SerializeToString()
many = settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])


def revocation_list() -> bytes:
    now = datetime.now(UTC)
    entry = x509.RevokedCertificateBuilder(load_certificate(ADMIN.certificate).serial_number, now)
    return (
        x509.CertificateRevocationListBuilder()
        .issuer_name(AUTHORITY.x509.subject)
        .last_update(now)
        .next_update(now + timedelta(days=1))
        .add_revoked_certificate(entry.build())
        .sign(AUTHORITY.key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )


REVOKED = revocation_list()


def der(pem: bytes) -> bytes:
    return load_certificate(pem).public_bytes(Encoding.DER)


def as_pem(content: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(content) + b"-----END CERTIFICATE-----\n"


@st.composite
def spoiled(draw: st.DrawFn, originals: list[bytes]) -> bytes:
    """A real one with a few bytes changed, cut out or put in."""
    data = draw(st.sampled_from(originals))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        data = data[:start] + draw(st.binary(max_size=3)) + data[start + draw(st.integers(0, 4)) :]
    return data


PEMS = [AUTHORITY.certificate, ADMIN.certificate, SERVER.certificate]
certificates = spoiled([der(pem) for pem in PEMS]).map(as_pem) | spoiled(PEMS) | st.binary(max_size=60)

USES: list[Callable[[bytes], object]] = [
    not_after,
    public_key_of,
    lambda pem: expires_within(pem, 3),
    lambda pem: verify(pem, b"message", b"0\x06\x02\x01\x01\x02\x01\x01"),
    lambda pem: membership(CONFIG).refusal(pem),
    lambda pem: membership(CONFIG).has_role(pem, "admin"),
    lambda pem: membership(CONFIG).has_unit(pem, "admin", b""),
    lambda pem: TrustStore([pem]).trusts(pem),
    lambda pem: TrustStore([TLS.certificate], [pem]).trusts(SERVER.certificate),
    lambda pem: TrustStore([TLS.certificate]).serial_number(pem),
    load_key,
]


@pytest.mark.parametrize("pem", PEMS)
def test_a_certificate_that_is_not_spoiled_is_read(pem: bytes) -> None:
    """Each use that refuses spoiled ones takes the real ones; a key is none of them."""
    for use in (*USES[:3], *USES[4:-1]):
        use(pem)
    assert TrustStore([TLS.certificate]).trusts(SERVER.certificate)
    assert load_key(ADMIN.private_key).key_size == 256
    with pytest.raises(IdentityError):
        load_key(pem)


def test_an_msp_that_is_not_spoiled_decides() -> None:
    """The administrator is one; the server's certificate is of another authority."""
    found = membership(CONFIG)
    assert found.refusal(ADMIN.certificate) == ""
    assert found.has_role(ADMIN.certificate, "admin")
    assert found.refusal(SERVER.certificate)
    assert TrustStore.of_msps([CONFIG]).trusts(SERVER.certificate)
    assert not TrustStore.of_msps([CONFIG]).trusts(ADMIN.certificate)


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@given(certificates)
@many
def test_a_certificate_is_read_or_refused(pem: bytes) -> None:
    """However it is used: what is wrong in it is said when it is read, and only as an IdentityError."""
    for use in USES:
        with suppress(IdentityError):
            use(pem)


@st.composite
def configurations(draw: st.DrawFn) -> bytes:
    """An MSP with spoiled certificates, authorities and revocation lists at any place; or spoiled itself."""
    config = msp_config_pb2.MSPConfig.FromString(CONFIG)
    fabric = msp_config_pb2.FabricMSPConfig.FromString(config.config)
    for name in ("root_certs", "intermediate_certs", "tls_root_certs", "admins"):
        getattr(fabric, name).extend(draw(st.lists(certificates | st.sampled_from(PEMS), max_size=2)))
    fabric.revocation_list.extend(draw(st.lists(spoiled([REVOKED]) | st.just(REVOKED), max_size=2)))
    if draw(st.booleans()):
        fabric.fabric_node_ous.peer_ou_identifier.certificate = draw(certificates)
    config.config = fabric.SerializeToString()
    data = config.SerializeToString()
    return draw(st.just(data) | spoiled([data, CONFIG]))


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@given(configurations())
@many
def test_an_msp_is_read_or_refused(config: bytes) -> None:
    """And decides about members, or refuses to, in an IdentityError."""
    with suppress(IdentityError):
        found = membership(config)
        for pem in PEMS:
            found.refusal(pem)
            found.has_role(pem, "peer")
    with suppress(IdentityError):
        TrustStore.of_msps([config]).trusts(SERVER.certificate)


def test_sizes_and_counts_have_limits() -> None:
    """Neither a huge certificate nor very many of them are tried."""
    with pytest.raises(IdentityError, match=f"expected at most {MAX_CERTIFICATE}"):
        load_certificate(b"-" * (MAX_CERTIFICATE + 1))
    config = msp_config(MSP)
    fabric = msp_config_pb2.FabricMSPConfig.FromString(config.config)
    fabric.intermediate_certs.extend([AUTHORITY.certificate] * (MAX_ITEMS + 1))
    config.config = fabric.SerializeToString()
    for read in (msp_from_config, lambda one: membership(one.SerializeToString())):
        with pytest.raises(IdentityError, match="501 intermediate certs, expected at most 500"):
            read(config)


@pytest.mark.parametrize("read", [load_certificate, not_after, public_key_of, TrustStore([]).serial_number])
def test_a_key_given_by_mistake_is_never_shown(read: Callable[[bytes], object]) -> None:
    """An error may end in a log."""
    with pytest.raises(IdentityError) as caught:
        read(ADMIN.private_key)
    shown = f"{caught.value!s} {caught.value!r} {caught.value.hint}"
    assert not any(line in shown for line in ADMIN.private_key.decode().splitlines()[1:-1])
    with pytest.raises(IdentityError) as caught:
        load_key(ADMIN.private_key[:-40])
    assert ADMIN.private_key.decode()[60:90] not in str(caught.value)
