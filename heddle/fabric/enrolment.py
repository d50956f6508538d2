"""Have a Fabric CA issue certificates: register an identity, and enroll it for a key that is made here.

Source: fabric-ca 1.5, swagger/swagger-fabric-ca.json, util.GenECDSAToken, lib/serverenroll.go. Identities are
registered by a registrar, whom the CA's administrators name. Registering one that exists gives it another
secret, so that a certificate can be renewed without anything having been kept, also after it has ended.
"""

import asyncio
import json
import secrets
import ssl
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import quote
from weakref import WeakValueDictionary

import httpx
from cryptography.hazmat.primitives.asymmetric import ec

from heddle.errors import FabricError, IdentityError, Refused
from heddle.identity.authority import Authority
from heddle.identity.certificate import CertificateRequest, Issued, Usage, signing_request
from heddle.identity.keys import CURVE, load_certificate, load_key, pem_of, sign
from heddle.identity.lowlevel import signed_pem
from heddle.plain import Plain, ShapeError, parse_json

__all__ = ["FabricCa", "ask", "enroll", "reenroll", "revoke"]

_ANSWER: Final = 1 << 20
"""Bytes of an answer; a real one has some thousand."""
_GIVEN_UP: Final = (
    "Was the certificate revoked there, or has the CA lost the database that knew it? A new key is "
    "registered anew: raise `certificates.rekey` of its holder in the stack file."
)
_NOT_AUTHENTICATED: Final = 20
"""ErrAuthenticationFailure: what the CA says of a wrong password, and of a certificate that it revoked."""
_REVOKED_ALREADY: Final = 66
"""ErrCertAlreadyRevoked."""
_REGISTERED_ALREADY: Final = 74
"""ErrDupIdentityReg (lib/caerrors/servererror.go)."""
_WORDS: Final = 500
_TURNS: Final = WeakValueDictionary[tuple[str, str, str], asyncio.Lock]()
"""Who enrolls an identity of a CA now: another one would change its password meanwhile."""
_ENROLL: Final = "/api/v1/enroll"
_REENROLL: Final = "/api/v1/reenroll"
_REVOKE: Final = "/api/v1/revoke"
_LIST: Final = "/api/v1/gencrl"


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
    # A node's identity enrolls twice, for its TLS certificate as well: each time with a password of its own.
    turn = _TURNS.setdefault((ca.url, ca.name, request.common_name), asyncio.Lock())
    async with turn, _client(ca, deadline) as client:
        registrar = await _registrar(ca, client)
        secret = secrets.token_urlsafe(24)
        kind = next(iter(request.organizational_units), "")
        await _register(ca, client, registrar, request.common_name, kind, secret)
        certificate = await _enroll(ca, client, request, key, secret)
    return Issued(
        certificate=certificate, private_key=private_key if private_key is not None else pem_of(key)
    )


async def reenroll(
    ca: FabricCa, request: CertificateRequest, certificate: bytes, private_key: bytes, *, deadline: float
) -> Issued:
    """Have the holder of a certificate that has not ended ask for the next one, for the same key.

    The registrar is not needed. The CA refuses a certificate that it has revoked: whoever has its key gets no
    other one. Raises FabricError for whatever the CA refuses, or does not answer.
    """
    holder = Issued(certificate=certificate, private_key=private_key)
    async with _client(ca, deadline) as client:
        asked = _signing(ca, request, load_key(private_key))
        try:
            answer = await _signed(ca, client, holder, "POST", _REENROLL, asked)
        except Refused as refusal:
            if refusal.status == _NOT_AUTHENTICATED:
                refusal.hint = _GIVEN_UP
            raise
    return replace(holder, certificate=_certificate_in(ca, answer, _REENROLL))


async def revoke(ca: FabricCa, serials: Iterable[str], authority: bytes, *, deadline: float) -> bytes:
    """Have certificates revoked, and return the list of all that the CA has revoked, PEM.

    Revoking one that is revoked already changes nothing.

    Args:
        ca: the CA, whose registrar needs the attributes hf.Revoker and hf.GenCRL.
        serials: serial numbers, hexadecimal.
        authority: the certificate of the authority that issued them, PEM.
        deadline: seconds for each answer.

    Raises FabricError for whatever the CA refuses, or does not answer.
    """
    # The CA knows a certificate by both numbers.
    issuer = Authority(certificate=authority, private_key=b"").key_identifier.hex()
    async with _client(ca, deadline) as client:
        registrar = await _registrar(ca, client)
        for serial in serials:
            asked = {"serial": serial, "aki": issuer, "reason": "keycompromise", "caname": ca.name}
            try:
                await _signed(ca, client, registrar, "POST", _REVOKE, asked)
            except Refused as refusal:
                if refusal.status != _REVOKED_ALREADY:
                    raise
        answer = await _signed(ca, client, registrar, "POST", _LIST, {"caname": ca.name})
    try:
        return b64decode(answer["CRL"].text(most=_ANSWER), validate=True)
    except (ShapeError, ValueError) as error:
        raise _unreadable(ca, f"POST {_LIST}", str(error)) from error


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
    """Register an identity, or give the one of that name another secret.

    kind: its type; empty where the certificate has none, as for TLS: then one that exists keeps its own.
    """
    # As often as it likes: each renewal enrolls anew, and enrolment and TLS of a node are two.
    asked = {
        "id": name,
        "type": kind or "client",
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
        await _signed(ca, client, registrar, "PUT", place, {**({"type": kind} if kind else {}), **changed})


async def _enroll(
    ca: FabricCa,
    client: httpx.AsyncClient,
    request: CertificateRequest,
    key: ec.EllipticCurvePrivateKey,
    secret: str,
) -> bytes:
    asked = _signing(ca, request, key)
    pair = b64encode(f"{request.common_name}:{secret}".encode()).decode()
    return _certificate_in(ca, await ask(ca, client, "POST", _ENROLL, asked, f"Basic {pair}"), _ENROLL)


def _signing(ca: FabricCa, request: CertificateRequest, key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    """Return what the CA is asked to sign, by which of its profiles."""
    return {
        "certificate_request": signing_request(request, key).decode(),
        "profile": "tls" if request.usage is Usage.TLS else "",
        "caname": ca.name,
    }


def _certificate_in(ca: FabricCa, answer: Plain, path: str) -> bytes:
    """Return the certificate of an answer, in the form that a node keeps: see signed_pem."""
    try:
        return signed_pem(load_certificate(b64decode(answer["Cert"].text(most=_ANSWER), validate=True)))
    except (ShapeError, ValueError, IdentityError) as error:
        raise _unreadable(ca, f"POST {path}", str(error)) from error


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
