"""Revocation lists: exactly the numbers that were asked for, always the same bytes, never taken back."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from heddle.identity.authority import Authority, new_authority
from heddle.identity.revocation import (
    covers,
    lists_in_force,
    load_revocation_list,
    new_revocation_list,
    revoked_serials,
)

AUTHORITY = new_authority(common_name="ca", organization="o")
OTHER = new_authority(common_name="ca", organization="o")
SERIALS = st.frozensets(st.integers(1, 2**159 - 1), max_size=6)


@given(SERIALS)
def test_a_list_holds_exactly_the_serial_numbers(serials: frozenset[int]) -> None:
    """Signed by its authority and under its key's identifier, without which Fabric refuses every member."""
    pem = new_revocation_list(AUTHORITY, serials)
    crl = load_revocation_list(pem)

    assert revoked_serials([pem]) == serials
    assert crl.is_signature_valid(AUTHORITY.key.public_key())
    identifier = crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert identifier.key_identifier == AUTHORITY.key_identifier


@given(SERIALS)
def test_the_same_serial_numbers_make_the_same_bytes(serials: frozenset[int]) -> None:
    """In any order, in any run: a preview knows the list, and no run changes it for nothing."""
    again = [*sorted(serials, reverse=True), *serials]
    assert new_revocation_list(AUTHORITY, serials) == new_revocation_list(AUTHORITY, again)


@given(SERIALS, SERIALS)
def test_a_channel_never_takes_a_revocation_back(before: frozenset[int], wanted: frozenset[int]) -> None:
    """What is on the channel stays revoked, what is wanted is revoked too, and once there nothing changes."""
    live = (new_revocation_list(AUTHORITY, before), new_revocation_list(OTHER, [7]))
    new = (new_revocation_list(AUTHORITY, wanted),)
    authorities = (OTHER.certificate, AUTHORITY.certificate)
    after = lists_in_force(new, live, authorities)

    assert revoked_serials(after) == before | wanted | {7}
    assert lists_in_force(new, after, authorities) == after
    assert (after == live) == (wanted <= before)


def test_a_list_of_another_authority_covers_nothing() -> None:
    """Serial numbers are an authority's own."""
    both = (OTHER.certificate, AUTHORITY.certificate)
    assert not covers(new_revocation_list(OTHER, [1, 2]), new_revocation_list(AUTHORITY, [1]), both)
    assert covers(new_revocation_list(AUTHORITY, [1, 2]), new_revocation_list(AUTHORITY, [1]), both)


def test_a_list_that_its_authority_did_not_sign_covers_nothing() -> None:
    """Nodes pass over it; whoever put it in the place of the right one would let the leaked key in again."""
    forger = Authority(certificate=AUTHORITY.certificate, private_key=OTHER.private_key)
    forged, right = new_revocation_list(forger, [1, 2]), new_revocation_list(AUTHORITY, [1])
    assert lists_in_force((right,), (forged,), (AUTHORITY.certificate,)) == (forged, right)
    assert lists_in_force((forged,), (right,), (AUTHORITY.certificate,)) == (right, forged)


def test_a_list_that_nobody_can_read_stays_as_it_is() -> None:
    """Others put it there; it is not for Heddle to take away."""
    assert lists_in_force((), (b"list",), (AUTHORITY.certificate,)) == (b"list",)


def test_an_authority_of_before_may_sign_lists() -> None:
    """Its key usage always had the right to; so no network needs another authority to revoke."""
    usage = AUTHORITY.x509.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.crl_sign
    crl = load_revocation_list(new_revocation_list(AUTHORITY, [1]))
    assert crl.next_update_utc == AUTHORITY.x509.not_valid_after_utc
    assert crl.last_update_utc < datetime.now(UTC) + timedelta(minutes=1)
