"""Keys and signatures."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from heddle.errors import IdentityError
from heddle.identity.authority import new_authority
from heddle.identity.keys import P256_ORDER, load_key, low_s, sign, verify

AUTHORITY = new_authority(common_name="ca", organization="example")


@given(st.binary(max_size=2000))
def test_what_is_signed_verifies_and_has_low_s(message: bytes) -> None:
    """Every signature is one that Fabric accepts."""
    signature = sign(AUTHORITY.key, message)
    assert verify(AUTHORITY.certificate, message, signature)
    assert decode_dss_signature(signature)[1] <= P256_ORDER // 2


@given(st.binary(min_size=1, max_size=200), st.binary(min_size=1, max_size=200))
def test_a_signature_is_of_one_message(message: bytes, other: bytes) -> None:
    """It does not verify for another."""
    assert verify(AUTHORITY.certificate, other, sign(AUTHORITY.key, message)) == (message == other)


def test_high_s_is_refused() -> None:
    """The mirrored signature is mathematically valid, and refused as Fabric refuses it."""
    r, s = decode_dss_signature(sign(AUTHORITY.key, b"message"))
    mirrored = encode_dss_signature(r, P256_ORDER - s)
    assert not verify(AUTHORITY.certificate, b"message", mirrored)
    assert verify(AUTHORITY.certificate, b"message", low_s(mirrored))


@given(st.binary(max_size=100))
def test_garbage_is_no_signature(garbage: bytes) -> None:
    """Bytes that are not DER are refused, not raised."""
    assert not verify(AUTHORITY.certificate, b"message", garbage)


def test_another_key_does_not_verify() -> None:
    """A signature belongs to its certificate."""
    assert not verify(
        AUTHORITY.certificate, b"message", sign(ec.generate_private_key(ec.SECP256R1()), b"message")
    )


def test_an_unreadable_key_is_not_shown() -> None:
    """The message helps without giving the key away."""
    with pytest.raises(IdentityError) as caught:
        load_key(b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")
    assert "c2VjcmV0" not in str(caught.value)
