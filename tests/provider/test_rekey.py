"""Keys that leaked: a new one per identity, and the certificates of the old one on a list."""

from typing import Any

import pytest

from heddle.identity.authority import Authority, new_authority
from heddle.identity.certificate import CertificateRequest, Issued, Usage, issue
from heddle.identity.keys import load_certificate, public_key_of
from heddle.identity.revocation import revoked_serials
from tests.provider.harness import CheckFailedError, Engine
from tests.provider.tokens import CERTIFICATE

LIST = "heddle:identity:RevocationList"
AUTHORITY = new_authority(common_name="ca", organization="o")


def _authority(authority: Authority = AUTHORITY) -> dict[str, str]:
    return {
        "authorityCertificate": authority.certificate.decode(),
        "authorityPrivateKey": authority.private_key.decode(),
    }


def _admin(**changes: Any) -> dict[str, Any]:
    subject = {"commonName": "admin", "organizationalUnits": ["admin"], "usage": "identity"}
    return {**_authority(), **subject, **changes}


def _client(authority: Authority = AUTHORITY) -> Issued:
    request = CertificateRequest(
        common_name="app", organizational_units=("client",), usage=Usage.IDENTITY, validity_days=30
    )
    return issue(authority, request)


def _serials(entries: list[dict[str, Any]]) -> list[str]:
    return [each["serial"] for each in entries]


async def test_a_raised_number_makes_another_key(engine: Engine) -> None:
    """All certificates of the old key are given up, also those of before a renewal."""
    first = await engine.up(CERTIFICATE, "admin", _admin())
    renewed = await engine.up(CERTIFICATE, "admin", _admin(renewal=1))
    assert public_key_of(renewed["certificate"].encode()) == public_key_of(first["certificate"].encode())
    assert (_serials(renewed["earlier"]), renewed["superseded"]) == ([first["serialNumber"]], [])

    old = [first["serialNumber"], renewed["serialNumber"]]
    planned, message = await engine.preview(CERTIFICATE, "admin", _admin(renewal=1, rekey=1))
    assert message == (
        "a new key and a certificate for it; the certificates of the old key are given up: " + ", ".join(old)
    )
    rekeyed = await engine.up(CERTIFICATE, "admin", _admin(renewal=1, rekey=1))
    assert public_key_of(rekeyed["certificate"].encode()) != public_key_of(first["certificate"].encode())
    assert rekeyed["privateKey"] != first["privateKey"]
    assert _serials(rekeyed["superseded"]) == old
    assert planned["superseded"] == rekeyed["superseded"]
    assert rekeyed["earlier"] == []

    again = await engine.up(CERTIFICATE, "admin", _admin(renewal=1, rekey=2))
    assert _serials(again["superseded"]) == [*old, rekeyed["serialNumber"]]


async def test_a_number_is_only_raised(engine: Engine) -> None:
    """The state would say less keys than were made, and the next raise would make none."""
    await engine.up(CERTIFICATE, "admin", _admin())
    await engine.up(CERTIFICATE, "admin", _admin(rekey=1))
    with pytest.raises(
        CheckFailedError, match="1 → 0: it is only raised, by one for each new key; put 1 back"
    ):
        await engine.up(CERTIFICATE, "admin", _admin())


async def test_a_key_that_others_cannot_do_without_is_kept(engine: Engine) -> None:
    """Said by check, also without a preview: a key once made has no way back. A first key may be made."""
    refusing = {**_admin(rekey=1), "rekeyRefusal": "too few order"}
    await engine.up(CERTIFICATE, "first", refusing)
    await engine.up(CERTIFICATE, "admin", _admin())
    before = dict(engine.outputs["admin"])
    with pytest.raises(CheckFailedError, match="rekey: too few order; put 0 back"):
        await engine.up(CERTIFICATE, "admin", refusing)
    assert engine.outputs["admin"] == before
    await engine.up(CERTIFICATE, "admin", _admin(rekey=1))
    await engine.up(CERTIFICATE, "admin", refusing)


async def test_a_certificate_of_an_earlier_release_is_as_it_was(engine: Engine) -> None:
    """No difference, refreshed as it is; only what was renewed before has certificates that nobody knows."""
    await engine.up(CERTIFICATE, "admin", _admin(renewal=1))
    for name in ("earlier", "superseded"):
        del engine.outputs["admin"][name]
    del engine.inputs["admin"]["rekey"]

    assert not (await engine.diff(CERTIFICATE, "admin", _admin(renewal=1))).changes
    assert (await engine.read(CERTIFICATE, "admin")).id

    old = str(engine.outputs["admin"]["serialNumber"])
    rekeyed = await engine.up(CERTIFICATE, "admin", _admin(renewal=1, rekey=1))
    assert _serials(rekeyed["superseded"]) == [old]
    (warning,) = engine.log.of("warning")
    assert "renewed before this release" in warning
    assert "Add them to `revoked`" in warning


async def test_a_list_names_who_loses_access_and_is_known_beforehand(engine: Engine) -> None:
    """The preview has the very bytes, so that channels can be planned with them."""
    app = _client()
    serial = load_certificate(app.certificate).serial_number
    end = f"{load_certificate(app.certificate).not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
    given_up = {"holder": "admin@one", "serial": "3fa1", "expires": "2027-01-01T00:00:00Z"}
    wanted = {**_authority(), "superseded": [given_up], "revoked": [app.certificate.decode(), "17"]}

    planned, message = await engine.preview(LIST, "list", wanted)
    assert sorted(message.splitlines()) == [
        "revokes a certificate (serial 17)",
        "revokes admin@one (serial 3fa1, valid until 2027-01-01T00:00:00Z)",
        f"revokes app (serial {serial:x}, valid until {end})",
    ]
    made = await engine.up(LIST, "list", wanted)
    assert made == planned
    assert revoked_serials([made["revocationList"].encode()]) == {0x3FA1, 0x17, serial}


async def test_a_revocation_is_never_taken_back(engine: Engine) -> None:
    """Not by an edit, and not by a holder who leaves: nothing is left of the input, the list stays."""
    first = await engine.up(LIST, "list", {**_authority(), "revoked": ["17", "18"]})
    _, message = await engine.preview(LIST, "list", {**_authority(), "revoked": ["19"]})
    assert message == "revokes a certificate (serial 19)"
    await engine.up(LIST, "list", {**_authority(), "revoked": ["19"]})
    after = await engine.up(LIST, "list", {**_authority(), "revoked": []})

    assert revoked_serials([first["revocationList"].encode()]) == {0x17, 0x18}
    assert revoked_serials([after["revocationList"].encode()]) == {0x17, 0x18, 0x19}


async def test_certificates_that_cannot_be_revoked_are_refused(engine: Engine) -> None:
    """A list says nothing of others' certificates, and one in use shuts its holder out."""
    other = new_authority(common_name="ca2", organization="p")
    revoked = [_client(other).certificate.decode(), "3fa1", _client().certificate.decode()]
    inputs = {**_authority(), "revoked": revoked, "inUse": {"admin@one": "3fa1"}}
    with pytest.raises(CheckFailedError) as refused:
        await engine.up(LIST, "list", inputs)
    foreign, in_use = str(refused.value).splitlines()
    assert foreign.startswith("revoked[0]: a certificate that CN=ca2,O=p issued")
    assert in_use == (
        "revoked[1]: the certificate that admin@one uses; make a new key first: raise certificates.rekey for "
        "admin@one"
    )
