"""Have a Fabric CA issue a certificate, and take it only from the authority that the program names."""

from pathlib import Path
from typing import Any

from heddle.errors import ProviderError
from heddle.fabric.enrolment import FabricCa, enroll
from heddle.identity.certificate import CertificateRequest, Issued
from heddle.identity.chain import issued
from heddle.identity.keys import load_certificate, load_key, public_key_bytes, public_key_of

__all__ = ["enrolled"]

_SECONDS = 30.0
"""For each answer of the CA."""
_LONGEST = 1024
"""Characters of a password."""


async def enrolled(inputs: dict[str, Any], request: CertificateRequest, private_key: bytes | None) -> Issued:
    """Return what the Fabric CA of a Certificate's inputs issues. Raises ProviderError or FabricError."""
    given = inputs["fabricCa"]
    ca = FabricCa(
        url=given["url"],
        name=given["name"],
        roots=tuple(each.encode() for each in given["rootCertificates"]),
        registrar=given["registrar"],
        secret=_secret(given["secretFile"]),
    )
    made = await enroll(ca, request, private_key=private_key, deadline=_SECONDS)
    authority, certificate = load_certificate(inputs["authorityCertificate"].encode()), made.certificate
    if not issued(authority, load_certificate(certificate)):
        raise ProviderError(
            f"Fabric CA {ca.url}: certificate {request.common_name} is of "
            f"{load_certificate(certificate).issuer.rfc4514_string()}, "
            f"expected of {authority.subject.rfc4514_string()}",
            hint="Name the CA's own certificate chain, and of a server with several CAs the `name`.",
        )
    if public_key_of(certificate) != public_key_bytes(load_key(made.private_key)):
        raise ProviderError(
            f"Fabric CA {ca.url}: certificate {request.common_name} is for another key than was asked for",
            hint="Does anything between change what the CA answers?",
        )
    return made


def _secret(file: str) -> str:
    """Return the password in a file, which is in no message."""
    try:
        with Path(file).open(encoding="utf-8") as stream:
            found = stream.read(_LONGEST).strip()
    except (OSError, ValueError):
        found = ""
    if not found:
        raise ProviderError(
            f"{file}: the registrar's password cannot be read",
            hint="The file that `secret` names holds it and nothing else.",
        )
    return found
