"""What other organizations send: definitions of any shape are problems in words; no secret is repeated."""

import base64
import contextlib
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from heddle.errors import IdentityError, SpecError
from heddle.identity.authority import Authority, new_authority
from heddle.identity.keys import load_certificate
from heddle.identity.msp import Msp, msp_config
from heddle.spec.load import check_instance, parse_instance

LISTS = ("rootCertificates", "intermediateCertificates", "tlsRootCertificates", "tlsIntermediateCertificates")


@cache
def authority() -> Authority:
    return new_authority(common_name="two CA", organization="two")


def definition(**external: Any) -> dict[str, Any]:
    own = authority().certificate.decode()
    known = {"mspId": "TwoMSP", "rootCertificates": [own], "tlsRootCertificates": [own]}
    return {
        "name": "net",
        "type": "consortium",
        "domain": "fabric.example.com",
        "ordering": {"organization": {"ports": {"first": 30050, "count": 10}}},
        "organizations": [
            {"name": "one", "ports": {"first": 30100, "count": 10}},
            {"name": "two", "external": {**known, **external}},
        ],
    }


def pem(der: bytes, label: str = "CERTIFICATE") -> str:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n"


def test_the_definition_that_the_tests_damage_is_a_good_one() -> None:
    """So that what follows tests what it says."""
    instance, problems = check_instance(definition())
    assert problems == []
    assert instance is not None


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150)
@given(
    st.dictionaries(
        st.sampled_from([*LISTS, "mspId", "anchorPeers", "other"]),
        json_like | st.lists(st.text(max_size=80), max_size=3),
        max_size=6,
    )
)
def test_definitions_of_any_shape(external: dict[str, Any]) -> None:
    """An instance or problems with places, never a traceback."""
    instance, problems = check_instance(definition(**external))
    assert (instance is None) == bool(problems)
    assert all(problem.path.startswith("instance") and problem.lines() for problem in problems)


@settings(max_examples=200)
@given(
    st.sampled_from(LISTS),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=6),
    st.integers(0, 300),
)
def test_damaged_certificates(key: str, changes: list[tuple[int, int]], cut: int) -> None:
    """Some bytes of a certificate changed, some missing: taken or refused here and in MSPs, in words."""
    found = x509.load_pem_x509_certificate(authority().certificate)
    der = bytearray(found.public_bytes(serialization.Encoding.DER))
    for place, value in changes:
        der[place % len(der)] = value
    text = pem(bytes(der[: len(der) - cut]))

    instance, problems = check_instance(definition(**{key: [text]}))

    assert (instance is None) == bool(problems)
    root = text.encode()
    with contextlib.suppress(IdentityError):
        msp_config(Msp(msp_id="TwoMSP", root_certificates=(root,), tls_root_certificates=(root,)))


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "label", ["EC PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY"]
)
@pytest.mark.parametrize("beside", [True, False], ids=["beside a certificate", "alone"])
def test_a_private_key_is_refused_and_not_shown(name: str, label: str, beside: bool) -> None:
    """Given by mistake it would go to the ledger, for everybody and for ever; it is told, not shown."""
    key = base64.b64encode(bytes(range(48))).decode()
    text = f"-----BEGIN {label}-----\n{key}\n-----END {label}-----\n"
    if beside:
        text += authority().certificate.decode()

    with pytest.raises(SpecError, match="holds a private key") as refused:
        parse_instance(definition(**{name: [text]}), source="stack")

    assert key[:8] not in str(refused.value)
    assert "a private key — " in str(refused.value)


@pytest.mark.parametrize("name", ["mspId", "anchorPeers", "other"])
def test_a_private_key_anywhere_is_not_shown(name: str) -> None:
    """Whichever line it was pasted into."""
    text = "-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0\n-----END EC PRIVATE KEY-----"

    with pytest.raises(SpecError) as refused:
        parse_instance(definition(**{name: [text] if name == "anchorPeers" else text}), source="stack")

    assert "c2VjcmV0" not in str(refused.value)


@pytest.mark.parametrize(
    "content", [b"c2VjcmV0", pem(b"c2VjcmV0", "EC PRIVATE KEY").encode(), b"", b"\xff" * 99]
)
def test_what_is_no_certificate_is_not_repeated(content: bytes) -> None:
    """The error says what kind of thing was found."""
    with pytest.raises(IdentityError) as refused:
        load_certificate(content)

    assert "c2VjcmV0" not in str(refused.value)
    assert base64.b64encode(b"c2VjcmV0").decode() not in str(refused.value)


def test_a_thousand_certificates_are_no_matter() -> None:
    """Long lists are read in a moment."""
    own = authority().certificate.decode()
    instance, problems = check_instance(
        definition(rootCertificates=[own] * 1000, anchorPeers=["a.b:1"] * 1000)
    )
    assert (instance is None) == bool(problems)


def signed_by(issuer: Authority | None, *, identifier: bool = True) -> tuple[str, Authority]:
    """The certificate of an authority below another one, or of its own; with or without a key identifier."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lower CA")])
    above = x509.load_pem_x509_certificate(issuer.certificate) if issuer else None
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(above.subject if above else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=9))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    if identifier:
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
    signer = serialization.load_pem_private_key(issuer.private_key, None) if issuer else key
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    made = builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.decode(), Authority(certificate=made, private_key=private)


def problems_of(**external: Any) -> list[tuple[str, str]]:
    _, problems = check_instance(definition(**external))
    return [(each.path.rpartition("external.")[2], each.allowed) for each in problems]


def test_an_authority_without_a_key_identifier_is_refused() -> None:
    """Every node refuses a channel with it: msp/mspimplsetup.go."""
    bare, _ = signed_by(None, identifier=False)

    (problem,) = problems_of(rootCertificates=[bare])
    assert problem[0] == "rootCertificates[0]"
    assert "subject key identifier" in problem[1]


def test_an_intermediate_authority_stands_below_one_of_its_roots() -> None:
    """Straight, or below another; identities and TLS each by their own roots."""
    below, lower = signed_by(authority())
    lowest, _ = signed_by(lower)
    stranger, _ = signed_by(None)

    assert problems_of(intermediateCertificates=[lowest, below]) == []
    assert problems_of(intermediateCertificates=[below, stranger], tlsIntermediateCertificates=[lowest]) == [
        ("intermediateCertificates[1]", "the certificate of an authority below one of rootCertificates"),
        (
            "tlsIntermediateCertificates[0]",
            "the certificate of an authority below one of tlsRootCertificates",
        ),
    ]
