"""A Fabric CA issues for keys that are made here: on a stand-in, and on the official server."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509

from heddle.errors import FabricError, Refused
from heddle.fabric.enrolment import FabricCa, ask, enroll, reenroll, revoke
from heddle.identity.certificate import CertificateRequest, Usage
from heddle.identity.chain import issued
from heddle.identity.keys import load_certificate, public_key_of
from heddle.identity.membership import Membership
from heddle.identity.msp import Msp, fabric_msp, msp_config
from heddle.identity.revocation import load_revocation_list, revoked_serials, signed_list
from tests.fabric.real_ca import RealCa
from tests.fabric.standin_ca import StandinCa

PEER = CertificateRequest(
    common_name="peer0-one",
    organization="one",
    organizational_units=("peer",),
    usage=Usage.IDENTITY,
    validity_days=30,
)
SERVER = CertificateRequest(
    common_name="peer0-one", organization="one", hosts=("peer0", "127.0.0.1"), usage=Usage.TLS
)


@pytest.fixture(params=[StandinCa, RealCa], ids=["stand-in", "official"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StandinCa | RealCa]:
    running = request.param(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def ca(server: StandinCa | RealCa) -> FabricCa:
    return FabricCa(url=server.url, name="", roots=(server.root,), registrar="registrar", secret="pw")


def _role(server: StandinCa | RealCa, certificate: bytes, role: str) -> bool:
    root = server.chain.encode()
    msp = Msp(msp_id="OneMSP", root_certificates=(root,), tls_root_certificates=(root,))
    return Membership(fabric_msp(msp_config(msp))).has_role(certificate, role)


async def test_a_node_gets_both_certificates_and_keeps_its_key(
    server: StandinCa | RealCa, ca: FabricCa
) -> None:
    """The same identity enrolls for either, and again when it is renewed, with nothing kept but the key."""
    first = await enroll(ca, PEER, deadline=30)
    again = await enroll(ca, PEER, private_key=first.private_key, deadline=30)
    tls = await enroll(ca, SERVER, deadline=30)

    assert first.certificate != again.certificate
    assert public_key_of(first.certificate) == public_key_of(again.certificate)
    root = load_certificate(server.chain.encode())
    for each in (first, again, tls):
        assert issued(root, load_certificate(each.certificate))
    assert _role(server, first.certificate, "peer")
    names = load_certificate(tls.certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.DNSName) == ["peer0"]


async def test_both_certificates_of_a_node_are_asked_for_at_once(
    server: StandinCa | RealCa, ca: FabricCa
) -> None:
    """As an `up` does: neither changes the other's password, and the identity keeps its type."""
    made = await asyncio.gather(*(enroll(ca, each, deadline=30) for each in (PEER, SERVER, PEER, SERVER)))
    tls = await enroll(ca, SERVER, deadline=30)

    for each in (*made[0::2], tls):
        assert _role(server, each.certificate, "peer")


async def test_the_holder_of_a_certificate_renews_it(server: StandinCa | RealCa, ca: FabricCa) -> None:
    """Without the registrar, for the same key and in the same role."""
    peer, tls = [await enroll(ca, each, deadline=30) for each in (PEER, SERVER)]
    nobody = replace(ca, secret="unknown")

    for request, held in ((PEER, peer), (SERVER, tls)):
        again = await reenroll(nobody, request, held.certificate, held.private_key, deadline=30)
        assert again.certificate != held.certificate
        assert public_key_of(again.certificate) == public_key_of(held.certificate)
        assert _role(server, again.certificate, "peer")


async def test_what_is_revoked_is_on_the_list_and_is_not_renewed(
    server: StandinCa | RealCa, ca: FabricCa
) -> None:
    """Once or twice; a certificate that the CA does not know is said to be unknown."""
    peer, other = [await enroll(ca, PEER, deadline=30) for _ in range(2)]
    serials = [f"{load_certificate(each.certificate).serial_number:x}" for each in (peer, other)]
    root = server.chain.encode()

    for count in (1, 2, 2):
        found = await revoke(ca, serials[:count], root, deadline=30)
        assert revoked_serials([found]) == {int(each, 16) for each in serials[:count]}
        assert signed_list(load_revocation_list(found), load_certificate(root))

    with pytest.raises(Refused) as refused:
        await reenroll(ca, PEER, peer.certificate, peer.private_key, deadline=30)
    assert "certificates.rekey" in refused.value.hint
    with pytest.raises(Refused, match="was not found"):
        await revoke(ca, ["abcd"], root, deadline=30)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"secret": "other"}, "Authentication failure"),
        ({"registrar": "nobody"}, "Authentication failure"),
        ({"url": "https://localhost:1"}, "no answer"),
        ({"roots": (b"nonsense",)}, "its TLS roots cannot be used"),
    ],
)
async def test_a_refusal_names_the_ca_and_no_password(
    ca: FabricCa, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(FabricError) as refused:
        await enroll(replace(ca, **changes), PEER, deadline=30)
    assert words in refused.value.message
    assert "localhost" in refused.value.message
    assert "other" not in str(refused.value)


ANSWERS = {path.stem: json.loads(path.read_text()) for path in Path("tests/cases/fabric_ca").glob("*.json")}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("registered_already", "Identity 'peer0-one' is already registered"),
        ("password_refused", "Authentication failure"),
        ("no_such_ca", "CA 'nowhere' does not exist"),
        ("enrolled", ""),
        ("registered", ""),
        ("identity_changed", ""),
        ("reenrolled", ""),
        ("reenrolment_refused", "Authentication failure"),
        ("revoked", ""),
        ("revoked_already", "was already revoked"),
        ("revoked_unknown", "was not found"),
        ("list_of_revoked", ""),
    ],
)
async def test_what_the_official_server_answered_is_read(name: str, words: str) -> None:
    """Recorded from fabric-ca-server 1.5."""
    recorded = ANSWERS[name]
    method, _, path = recorded["call"].partition(" ")

    def answer(request: httpx.Request) -> httpx.Response:
        assert f"{request.method} {request.url.path}" == recorded["call"]
        return httpx.Response(recorded["status"], json=recorded["answer"])

    ca = FabricCa(url="https://ca", name="", roots=(), registrar="registrar", secret="pw")
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url=ca.url) as client:
        if not words:
            assert (await ask(ca, client, method, path, {}, "token")).object() == recorded["answer"]["result"]
            return
        with pytest.raises(Refused) as refused:
            await ask(ca, client, method, path, {}, "token")
    assert words in refused.value.words
