"""Certificates that are renewed in time: `renewBefore`, decided from what the state holds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from heddle.identity.authority import Authority, new_authority
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.identity.expiry import not_after
from heddle.identity.keys import public_key_of
from heddle.plugin.interface import DiffKind
from heddle.plugin.values import UNKNOWN
from tests.provider.harness import CheckFailedError, Engine
from tests.provider.tokens import CERTIFICATE

AUTHORITY = new_authority(common_name="ca", organization="o")


def _inputs(authority: Authority = AUTHORITY, **changes: Any) -> dict[str, Any]:
    return {
        "authorityCertificate": authority.certificate.decode(),
        "authorityPrivateKey": authority.private_key.decode(),
        "commonName": "peer0",
        "usage": "tls",
        "hosts": ["peer0.example"],
        **changes,
    }


def _ends_in(engine: Engine, left: timedelta, authority: Authority = AUTHORITY) -> None:
    """Put a certificate of the same key in the state, as if time had passed since its issue."""
    outputs = engine.outputs["peer0"]
    key: Any = outputs["privateKey"]
    request = CertificateRequest(common_name="peer0", hosts=("peer0.example",), usage=Usage.TLS)
    begin = datetime.now(UTC) + left - timedelta(days=request.validity_days)
    issued = issue(authority, request, private_key=key.value.encode(), now=begin)
    outputs["certificate"] = issued.certificate.decode()


async def _old(engine: Engine, left: timedelta, **changes: Any) -> dict[str, Any]:
    first = await engine.up(CERTIFICATE, "peer0", _inputs(**changes))
    _ends_in(engine, left)
    return first


async def test_what_ends_within_the_window_is_renewed_once(engine: Engine) -> None:
    """With the same key; the preview says so and when it ends; the next `up` changes nothing."""
    first = await _old(engine, timedelta(days=12, hours=1), renewBefore="30d")

    wanted = _inputs(renewBefore="30d")
    assert (await engine.diff(CERTIFICATE, "peer0", wanted)).detailed == {"renewBefore": DiffKind.UPDATE}
    planned, message = await engine.preview(CERTIFICATE, "peer0", wanted)
    assert message.startswith("a new certificate for the same key: the one in use ends in 12 days, on ")
    assert planned["certificate"] == UNKNOWN
    assert engine.log.of("warning") == []

    renewed = await engine.up(CERTIFICATE, "peer0", wanted)
    assert public_key_of(renewed["certificate"].encode()) == public_key_of(first["certificate"].encode())
    assert not_after(renewed["certificate"].encode()) - datetime.now(UTC) > timedelta(days=364)
    assert not (await engine.diff(CERTIFICATE, "peer0", wanted)).changes


async def test_what_has_ended_is_renewed_too(engine: Engine) -> None:
    """The window has no end: a network that slept for a year is healed by the next `up`."""
    await _old(engine, timedelta(minutes=-5), renewBefore="1h")
    _, message = await engine.preview(CERTIFICATE, "peer0", _inputs(renewBefore="1h"))
    assert message.startswith("a new certificate for the same key: the one in use has ended, on ")


async def test_outside_of_the_window_nothing_changes(engine: Engine) -> None:
    """Not with the option, not by putting it in or changing it; what ends soon says from when on."""
    await _old(engine, timedelta(days=12, hours=1))
    for window in (None, "12d", "7d", "36h"):
        wanted = _inputs(renewBefore=window) if window else _inputs()
        assert not (await engine.diff(CERTIFICATE, "peer0", wanted)).changes, window

    without, twelve, *_ = engine.log.of("warning")
    assert "certificates.renewBefore" in without
    today = datetime.now(UTC)
    assert f"`up` renews it with the same key from {today:%Y-%m-%d}T" in twelve


async def test_what_ends_with_its_authority_is_left_alone(engine: Engine) -> None:
    """Renewed again and again it would still end then, and each `up` would restart all nodes."""
    short = new_authority(common_name="ca", organization="o", validity_days=10)
    wanted = _inputs(short, renewBefore="30d")
    await engine.up(CERTIFICATE, "peer0", wanted)

    assert not (await engine.diff(CERTIFICATE, "peer0", wanted)).changes
    assert "Its authority ends with it" in engine.log.of("warning")[-1]


async def test_an_authority_that_is_not_known_yet_decides_nothing(engine: Engine) -> None:
    """Its own change shows; nothing fails in the preview."""
    await _old(engine, timedelta(days=1), renewBefore="30d")
    wanted = _inputs(renewBefore="30d", authorityCertificate=UNKNOWN)
    assert set((await engine.diff(CERTIFICATE, "peer0", wanted)).detailed or {}) == {"authorityCertificate"}


@pytest.mark.parametrize("window", ["365d", "8760h", "400d", "30", "0d", "1.5d", "30 d", "1m", "٣d"])
async def test_a_window_that_makes_no_sense_is_refused(engine: Engine, window: str) -> None:
    """As long as a certificate lasts, each `up` would renew it; or no time at all."""
    with pytest.raises(CheckFailedError, match=r"renewBefore: .* - expected"):
        await engine.up(CERTIFICATE, "peer0", _inputs(renewBefore=window))
