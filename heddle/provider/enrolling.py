"""Have a Fabric CA issue and revoke, and take both only from the authority that the program names."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from heddle.errors import ProviderError
from heddle.fabric.enrolment import FabricCa, enroll, reenroll, revoke
from heddle.identity.certificate import CertificateRequest, Issued
from heddle.identity.chain import issued
from heddle.identity.expiry import expires_within
from heddle.identity.keys import load_certificate, load_key, public_key_bytes, public_key_of
from heddle.identity.revocation import load_revocation_list, revoked_serials, signed_list

__all__ = ["enrolled", "revoked_there"]

_SECONDS = 30.0
"""For each answer of the CA."""
_LONGEST = 1024
"""Characters of a password."""


async def enrolled(inputs: dict[str, Any], request: CertificateRequest, current: Issued | None) -> Issued:
    """Return what the Fabric CA of a Certificate's inputs issues. Raises ProviderError or FabricError.

    current: the certificate whose key is kept; None: a new key. As long as it is valid its holder asks for
    the next one; after its end the registrar has the identity enrolled again.
    """
    ca = _known(inputs["fabricCa"])
    authority = load_certificate(inputs["authorityCertificate"].encode())
    if current is not None and _may_ask(current.certificate, authority, request):
        made = await reenroll(ca, request, current.certificate, current.private_key, deadline=_SECONDS)
    else:
        key = current.private_key if current is not None else None
        made = await enroll(ca, request, private_key=key, deadline=_SECONDS)
    certificate = made.certificate
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


async def revoked_there(inputs: dict[str, Any], serials: Iterable[str]) -> str:
    """Have the Fabric CA of a RevocationList's inputs revoke; return its list, PEM.

    Raises ProviderError or FabricError, also for a list that nodes would pass over.
    """
    ca, authority = _known(inputs["fabricCa"]), inputs["authorityCertificate"].encode()
    found = await revoke(ca, serials, authority, deadline=_SECONDS)
    crl = load_revocation_list(found)
    missing = {int(serial, 16) for serial in serials} - revoked_serials([found])
    if missing or not signed_list(crl, load_certificate(authority)):
        what = "has not all that was revoked" if missing else "is not signed by the organization's authority"
        raise ProviderError(
            f"Fabric CA {ca.url}: its list of revoked certificates {what}",
            hint="Of a server with several CAs `name` has to be that of the authority that issued them.",
        )
    return found.decode()


def _known(given: Mapping[str, Any]) -> FabricCa:
    return FabricCa(
        url=given["url"],
        name=given["name"],
        roots=tuple(each.encode() for each in given["rootCertificates"]),
        registrar=given["registrar"],
        secret=_secret(given["secretFile"]),
    )


def _may_ask(certificate: bytes, authority: x509.Certificate, request: CertificateRequest) -> bool:
    """Tell whether the CA takes a certificate's word: it issued it, for this name, and it has not ended."""
    known = load_certificate(certificate)
    names = {each.value for each in known.subject.get_attributes_for_oid(NameOID.COMMON_NAME)}
    return issued(authority, known) and names == {request.common_name} and not expires_within(certificate, 0)


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
