"""Certificates that a Fabric CA issues: on a stand-in, and on the official server where it is there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from heddle.errors import FabricError, ProviderError
from heddle.identity.revocation import revoked_serials
from heddle.plugin.values import UNKNOWN
from tests.fabric.real_ca import RealCa
from tests.fabric.standin_ca import StandinCa
from tests.provider.harness import CheckFailedError, Engine

CERTIFICATE = "heddle:identity:Certificate"
REVOCATIONS = "heddle:identity:RevocationList"
CERTIFICATE_TEXT = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----"


@pytest.fixture(params=[StandinCa, RealCa], ids=["stand-in", "official"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StandinCa | RealCa]:
    running = request.param(tmp_path)
    yield running
    running.stop()


async def test_a_certificate_resource_is_issued_and_renewed(
    server: StandinCa | RealCa,
    engine: Engine,
    tmp_path: Path,
) -> None:
    """By the CA that the program names, and by no other authority."""
    inputs = _inputs(server, tmp_path)
    made = await engine.up(CERTIFICATE, "peer", inputs)
    renewed = await engine.up(CERTIFICATE, "peer", {**inputs, "renewal": 1})
    assert made["privateKey"] == renewed["privateKey"]
    assert made["serialNumber"] != renewed["serialNumber"]
    assert await engine.up(CERTIFICATE, "peer", {**inputs, "renewal": 1}) == renewed

    other = {**inputs, "authorityCertificate": server.root.decode(), "renewal": 2}
    if server.root.decode() != server.chain:
        with pytest.raises(ProviderError, match="expected of CN=server root"):
            await engine.up(CERTIFICATE, "peer", other)


def _inputs(server: StandinCa | RealCa, folder: Path) -> dict[str, Any]:
    (folder / "secret").write_text("pw\n")
    return {
        "authorityCertificate": server.chain,
        "fabricCa": {
            "url": server.url,
            "rootCertificates": [server.root.decode()],
            "registrar": "registrar",
            "secretFile": str(folder / "secret"),
        },
        "commonName": "peer0-one",
        "organization": "one",
        "organizationalUnits": ["peer"],
        "usage": "identity",
    }


async def test_a_leaked_key_is_made_anew_and_its_certificates_are_revoked_there(
    server: StandinCa | RealCa, engine: Engine, tmp_path: Path
) -> None:
    """The list is the CA's own, and a later one has what an earlier one had."""
    inputs = _inputs(server, tmp_path)
    leaked = await engine.up(CERTIFICATE, "peer", inputs)
    renewed = await engine.up(CERTIFICATE, "peer", {**inputs, "rekey": 1})
    assert leaked["privateKey"] != renewed["privateKey"]
    assert [each["serial"] for each in renewed["superseded"]] == [leaked["serialNumber"]]

    listed = {name: inputs[name] for name in ("authorityCertificate", "fabricCa")}
    given_up = [{"holder": "peer0-one", **each} for each in renewed["superseded"]]
    known, preview = await engine.preview(REVOCATIONS, "list", {**listed, "superseded": given_up})
    assert "revokes peer0-one" in preview
    assert known["revocationList"] is UNKNOWN
    await engine.up(REVOCATIONS, "list", {**listed, "superseded": given_up})
    other = await engine.up(CERTIFICATE, "other", {**inputs, "commonName": "peer1-one"})
    made = await engine.up(REVOCATIONS, "list", {**listed, "revoked": [other["certificate"]]})

    serials = {int(each["serialNumber"], 16) for each in (leaked, other)}
    assert revoked_serials([made["revocationList"].encode()]) == serials
    with pytest.raises(FabricError, match="/reenroll: Authentication failure"):
        await engine.up(CERTIFICATE, "other", {**inputs, "commonName": "peer1-one", "renewal": 1})


async def test_a_password_that_cannot_be_read_is_said(
    server: StandinCa | RealCa,
    engine: Engine,
    tmp_path: Path,
) -> None:
    inputs = _inputs(server, tmp_path)
    (tmp_path / "secret").write_text("")
    with pytest.raises(ProviderError, match="the registrar's password cannot be read"):
        await engine.up(CERTIFICATE, "peer", inputs)


async def test_somebody_has_to_issue(engine: Engine) -> None:
    """A certificate without a key of its authority and without a Fabric CA is refused."""
    inputs = {"authorityCertificate": CERTIFICATE_TEXT, "commonName": "one", "usage": "identity"}
    with pytest.raises(CheckFailedError, match="no `fabricCa` issues in its place"):
        await engine.up(CERTIFICATE, "one", inputs)
