"""Have a Fabric CA issue certificates: register an identity, and enroll it for a key that is made here.

Source: fabric-ca 1.5, swagger/swagger-fabric-ca.json, util.GenECDSAToken, lib/serverenroll.go. Identities are
registered by a registrar, whom the CA's administrators name. Registering one that exists gives it another
secret, so that a certificate can be renewed without anything having been kept, also after it has ended.
"""

import json
import secrets
import ssl
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import httpx
from cryptography.hazmat.primitives.asymmetric import ec

from heddle.errors import FabricError, IdentityError, Refused
from heddle.identity.certificate import CertificateRequest, Issued, Usage, signing_request
from heddle.identity.keys import CURVE, load_certificate, load_key, pem_of, sign
from heddle.identity.lowlevel import signed_pem
from heddle.plain import Plain, ShapeError, parse_json

__all__ = ["FabricCa", "ask", "enroll"]

_ANSWER: Final = 1 << 20
"""Bytes of an answer; a real one has some thousand."""
_REGISTERED_ALREADY: Final = 74
"""ErrDupIdentityReg (lib/caerrors/servererror.go)."""
_WORDS: Final = 500


@dataclass(frozen=True, kw_only=True)
class FabricCa:
    """Name a Fabric CA, and who registers identities there. `name`: one of a server's several, or empty."""

    url: str
    name: str
    roots: tuple[bytes, ...]
    """Roots, PEM, that its server's certificate is verified against."""
    registrar: str
    secret: str = field(repr=False)


async def enroll(
    ca: FabricCa, request: CertificateRequest, *, private_key: bytes | None = None, deadline: float
) -> Issued:
    """Register the identity that a request names, and enroll it; for the given key, else for a new one.

    The CA writes the identity's type as organizational unit, and decides how long the certificate lasts, by
    its own profile. Raises FabricError for whatever the CA refuses, or does not answer.
    """
    key = load_key(private_key) if private_key is not None else ec.generate_private_key(CURVE)
    async with _client(ca, deadline) as client:
        registrar = await _registrar(ca, client)
        secret = secrets.token_urlsafe(24)
        kind = next(iter(request.organizational_units), "client")
        await _register(ca, client, registrar, request.common_name, kind, secret)
        certificate = await _enroll(ca, client, request, key, secret)
    return Issued(
        certificate=certificate, private_key=private_key if private_key is not None else pem_of(key)
    )


def _client(ca: FabricCa, deadline: float) -> httpx.AsyncClient:
    try:
        context = ssl.create_default_context(cadata=b"\n".join(ca.roots).decode())
    except (ssl.SSLError, ValueError) as error:
        raise FabricError(
            f"Fabric CA {ca.url}: its TLS roots cannot be used: {type(error).__name__}",
            hint="`rootCertificate` names a PEM file with the certificate that verifies its server.",
        ) from None
    return httpx.AsyncClient(base_url=ca.url, verify=context, timeout=deadline, trust_env=False)


async def _registrar(ca: FabricCa, client: httpx.AsyncClient) -> Issued:
    """Return a certificate of the registrar for a key that lasts as long as the question."""
    key = ec.generate_private_key(CURVE)
    request = CertificateRequest(common_name=ca.registrar, usage=Usage.IDENTITY, validity_days=1)
    certificate = await _enroll(ca, client, request, key, ca.secret)
    return Issued(certificate=certificate, private_key=pem_of(key))


async def _register(
    ca: FabricCa, client: httpx.AsyncClient, registrar: Issued, name: str, kind: str, secret: str
) -> None:
    # As often as it likes: each renewal enrolls anew, and enrolment and TLS of a node are two.
    asked = {
        "id": name,
        "type": kind,
        "secret": secret,
        "max_enrollments": -1,
        "affiliation": "",
        "attrs": [],
    }
    asked["caname"] = ca.name
    try:
        await _signed(ca, client, registrar, "POST", "/api/v1/register", asked)
    except Refused as refusal:
        if refusal.status != _REGISTERED_ALREADY:
            raise
        place = f"/api/v1/identities/{quote(name, safe='')}"
        changed = {key: asked[key] for key in ("secret", "caname", "max_enrollments")}
        await _signed(ca, client, registrar, "PUT", place, {"type": kind, **changed})


async def _enroll(
    ca: FabricCa,
    client: httpx.AsyncClient,
    request: CertificateRequest,
    key: ec.EllipticCurvePrivateKey,
    secret: str,
) -> bytes:
    asked = {
        "certificate_request": signing_request(request, key).decode(),
        "profile": "tls" if request.usage is Usage.TLS else "",
        "caname": ca.name,
    }
    pair = b64encode(f"{request.common_name}:{secret}".encode()).decode()
    answer = await ask(ca, client, "POST", "/api/v1/enroll", asked, f"Basic {pair}")
    try:
        # In the form that a node keeps: see signed_pem.
        return signed_pem(load_certificate(b64decode(answer["Cert"].text(most=_ANSWER), validate=True)))
    except (ShapeError, ValueError, IdentityError) as error:
        raise _unreadable(ca, "POST /api/v1/enroll", str(error)) from error


async def _signed(
    ca: FabricCa, client: httpx.AsyncClient, signer: Issued, method: str, path: str, body: dict[str, Any]
) -> Plain:
    """Ask as the holder of a certificate: the CA knows the caller by a signature over all of the request."""
    content, certificate = json.dumps(body).encode(), b64encode(signer.certificate).decode()
    parts = (method, *(b64encode(each).decode() for each in (path.encode(), content)), certificate)
    signature = sign(load_key(signer.private_key), ".".join(parts).encode())
    token = f"{certificate}.{b64encode(signature).decode()}"
    return await ask(ca, client, method, path, body, token)


async def ask(
    ca: FabricCa, client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any], authorization: str
) -> Plain:
    """Return the result that the CA answers. No error has what was sent: it may be a password."""
    what = f"{method} {path}"
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    try:
        answer = await client.request(method, path, content=json.dumps(body).encode(), headers=headers)
    except httpx.HTTPError as error:
        raise FabricError(
            f"Fabric CA {ca.url}: {what}: no answer: {str(error) or type(error).__name__}",
            hint="Is it running, and does `rootCertificate` verify its TLS certificate?",
        ) from None
    try:
        found = parse_json(answer.content, limit=_ANSWER)
        if found["success"].flag():
            return found["result"]
        errors = [
            (each["code"].integer(), each["message"].text(most=_WORDS)) for each in found["errors"].items()
        ]
    except ShapeError as error:
        raise _unreadable(ca, what, f"status {answer.status_code}, {error}") from error
    code, words = errors[0] if errors else (answer.status_code, "no reason")
    raise Refused(
        f"Fabric CA {ca.url}: {what}: {words}",
        status=code,
        words=words,
        hint="The CA's own log says more. The registrar's attribute hf.Registrar.Roles must have peer, "
        "orderer, admin and client, and its password must be that in the file.",
    )


def _unreadable(ca: FabricCa, what: str, why: str) -> FabricError:
    return FabricError(
        f"Fabric CA {ca.url}: {what}: its answer cannot be read: {why}",
        hint="Is there a Fabric CA of release 1.5 at this address?",
    )
