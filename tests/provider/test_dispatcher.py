"""What every resource has from the dispatcher: refusals, secrets, unknowns, messages."""

import json
from typing import Any

import pytest

from heddle.errors import ProviderError
from heddle.identity.keys import load_certificate
from heddle.plugin import interface as api
from heddle.plugin.values import UNKNOWN, Properties, Secret
from heddle.provider.handler import Call
from heddle.provider.password import PasswordHandler
from heddle.telling import doing
from heddle.waiting import poll
from tests.provider.harness import Engine, urn

AUTHORITY = "heddle:identity:CertificateAuthority"
CERTIFICATE = "heddle:identity:Certificate"
PACKAGE = "heddle:chaincode:ChaincodePackage"
SUBJECT = {"commonName": "ca.example", "organization": "example"}


@pytest.fixture
def engine() -> Engine:
    return Engine()


async def _certificate(engine: Engine, **changes: Any) -> dict[str, Any]:
    authority = await engine.up(AUTHORITY, "ca", SUBJECT)
    inputs = {
        "authorityCertificate": authority["certificate"],
        "authorityPrivateKey": authority["privateKey"],
        "commonName": "peer0",
        "usage": "tls",
        "hosts": ["peer0.example"],
    }
    return await engine.up(CERTIFICATE, "peer0", inputs | changes)


async def test_keys_are_secret_in_the_state(engine: Engine) -> None:
    """Inputs and outputs that hold a private key are stored encrypted."""
    await _certificate(engine)
    assert isinstance(engine.outputs["ca"]["privateKey"], Secret)
    assert isinstance(engine.outputs["peer0"]["privateKey"], Secret)
    assert isinstance(engine.outputs["peer0"]["authorityPrivateKey"], Secret)


async def test_an_authority_is_never_replaced(engine: Engine) -> None:
    """Another subject is an error with the way out, not a replacement."""
    await engine.up(AUTHORITY, "ca", SUBJECT)
    with pytest.raises(ProviderError, match="commonName cannot change") as caught:
        await engine.diff(AUTHORITY, "ca", {**SUBJECT, "commonName": "other"})
    assert "Declare a second one" in str(caught.value)


@pytest.mark.parametrize("change", [{"renewal": 1}, {"hosts": ["a", "b"]}, {"validityDays": 10}])
async def test_renewal_keeps_the_key(engine: Engine, change: dict[str, Any]) -> None:
    """Whatever changes, the certificate is for the same key: no change on the ledger."""
    first = await _certificate(engine)
    second = await _certificate(engine, **change)
    assert second["privateKey"] == first["privateKey"]
    assert second["serialNumber"] != first["serialNumber"]
    keys = [load_certificate(one["certificate"].encode()).public_key() for one in (first, second)]
    assert keys[0] == keys[1]


async def test_nothing_changed_is_no_difference(engine: Engine) -> None:
    """The same program a second time does nothing, not even a new certificate."""
    assert await _certificate(engine) == await _certificate(engine)


@pytest.mark.virtual_clock
async def test_what_an_operation_waits_for_is_shown_beside_its_resource(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not among the messages that stay, and with its end it is taken away, also by an error."""

    async def update(self: object, call: Call) -> Properties:
        with doing("orderer1 restarts"):
            await poll(_nothing, bool, deadline=5.0, until="until it follows on channel")
        raise ProviderError("too late")

    async def _nothing(_: float) -> bool:
        return False

    monkeypatch.setattr(PasswordHandler, "update", update)
    with pytest.raises(ProviderError, match="too late"):
        await engine.up("heddle:identity:Password", "secret", {})

    assert engine.log.waits == ["orderer1 restarts; waits until it follows on channel (2 s)", ""]
    assert not engine.log.said


async def test_expiry_is_a_warning(engine: Engine) -> None:
    """A certificate that will expire soon warns and is no difference: renewing restarts nodes."""
    await _certificate(engine, validityDays=10)
    news = {name: engine.inputs["peer0"][name] for name in engine.inputs["peer0"]}
    assert not (await engine.diff(CERTIFICATE, "peer0", news)).changes
    (warning,) = set(engine.log.of("warning"))
    assert warning.startswith("certificate peer0 expires in 9 days")
    assert "Raise `renewal`" in warning


async def test_a_preview_knows_what_can_be_known(engine: Engine) -> None:
    """A package is computed in the preview as soon as its inputs are known; a key never is."""
    authority = await engine.up(AUTHORITY, "ca", SUBJECT)
    inputs = {"label": "a_1", "address": "a:1", "tlsRootCertificate": authority["certificate"]}
    outputs, message = await engine.preview(PACKAGE, "package", inputs)
    assert outputs["packageId"].startswith("a_1:")
    assert not message
    outputs, _ = await engine.preview(PACKAGE, "package", {**inputs, "tlsRootCertificate": UNKNOWN})
    assert outputs["packageId"] == UNKNOWN
    outputs, _ = await engine.preview(AUTHORITY, "other", SUBJECT)
    assert outputs["privateKey"] == outputs["certificate"] == UNKNOWN


async def test_deleting_says_that_it_forgets(engine: Engine) -> None:
    """Nothing acts on delete, and the user is told."""
    await engine.up(AUTHORITY, "ca", SUBJECT)
    request = api.DeleteRequest(
        urn=urn(AUTHORITY, "ca"),
        type=AUTHORITY,
        name="ca",
        id="ca.example",
        old_inputs=engine.inputs["ca"],
        properties=engine.outputs["ca"],
    )
    await engine.provider.delete(request)
    (said,) = engine.log.of("info")
    assert said.startswith("CertificateAuthority ca.example: forgets")


async def test_the_configuration_replaces_nothing(engine: Engine) -> None:
    """A renewed kubeconfig is another way to the same nodes; it is kept as a secret."""
    checked = await engine.provider.check_config("", {}, {"kubeconfig": "text", "version": "0.1.0"})
    assert checked.inputs == {"kubeconfig": Secret("text"), "version": "0.1.0"}
    result = await engine.provider.diff_config("", checked.inputs, {"context": "other"})
    assert result.changes
    assert not result.replaces
    wrong = await engine.provider.check_config("", {}, {"kubeconfg": "text"})
    assert wrong.failures[0].reason.endswith("did you mean kubeconfig?")


async def test_the_schema_is_served(engine: Engine) -> None:
    """What `pulumi package get-schema` prints."""
    assert json.loads(await engine.provider.schema())["name"] == "heddle"


async def test_what_is_not_there_is_said(engine: Engine) -> None:
    """Unknown types and functions are errors, imports say what to do instead."""
    with pytest.raises(ProviderError, match="not a resource type"):
        await engine.check("heddle:ledger:Chanel", "x", {})
    with pytest.raises(ProviderError, match="no functions"):
        await engine.provider.invoke("heddle:index:f", {})
    request = api.ReadRequest(urn="", type=AUTHORITY, name="ca", id="x", inputs={}, properties={})
    with pytest.raises(ProviderError, match="cannot be imported"):
        await engine.provider.read(request)
