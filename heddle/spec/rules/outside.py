"""Check definitions of organizations that are run elsewhere: certificates, and peers with an address."""

import re
from collections.abc import Iterator

from heddle.errors import IdentityError
from heddle.spec.names import DOMAIN
from heddle.spec.problems import Problem
from heddle.spec.rules.reading import Data, items, problem, section, values

CERTIFICATE_LISTS = (
    "rootCertificates",
    "intermediateCertificates",
    "tlsRootCertificates",
    "tlsIntermediateCertificates",
)
"""Options of an external organization that hold certificates."""
_PAIRS = (
    ("rootCertificates", "intermediateCertificates"),
    ("tlsRootCertificates", "tlsIntermediateCertificates"),
)
"""Options with roots, and with what is issued below them."""


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with external organizations."""
    for index, item in items(data, "organizations"):
        definition = section(item, "external")
        for key in CERTIFICATE_LISTS:
            for position, found in values(definition, key):
                if isinstance(found, str) and (words := _no_authority(found)):
                    yield problem(("organizations", index, "external", key, position), found, words)
        for roots, key in _PAIRS:
            for position, found in _without_issuer(definition, roots, key):
                place = ("organizations", index, "external", key, position)
                yield problem(place, found, f"the certificate of an authority below one of {roots}")
        for position, found in values(definition, "anchorPeers"):
            if isinstance(found, str) and not _is_address(found):
                place = ("organizations", index, "external", "anchorPeers", position)
                yield problem(place, found, "a host and a port, as peer0.org2.example.com:7051")


def _without_issuer(definition: Data, roots: str, key: str) -> Iterator[tuple[int, str]]:
    """Yield the intermediate authorities that no root stands behind. What is broken is told elsewhere."""
    # Loaded here: it brings cryptography, and most files have no external organization.
    from heddle.identity.chain import chain_of
    from heddle.identity.keys import load_certificate

    texts = {each: [text for _, text in values(definition, each)] for each in (roots, key)}
    if any(not isinstance(text, str) or _no_authority(text) for each in texts.values() for text in each):
        return
    try:
        known = {each: [load_certificate(text.encode()) for text in texts[each]] for each in texts}
    except IdentityError:
        return
    for position, certificate in enumerate(known[key]):
        if not chain_of(certificate, known[roots], known[key]):
            yield position, texts[key][position]


def _no_authority(text: str) -> str:
    """Return what is wrong with the certificate of an authority; empty if nothing is."""
    # Loaded here: most files have no external organization.
    from cryptography import x509

    if "PRIVATE KEY-----" in text:
        return "a certificate alone; this holds a private key, which everybody on the channel would get"
    if "-----BEGIN CERTIFICATE-----" not in text:
        return "a certificate as PEM text, or the path of a PEM file that can be read"
    try:
        (certificate,) = x509.load_pem_x509_certificates(text.encode())
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return "the certificate of an authority; this one may issue none"
    # Text of others: an unknown version or an extension that is there twice is no ValueError.
    except (ValueError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return "one certificate as PEM text; this text holds another number of them, or a broken one"
    if not constraints.ca:
        return "the certificate of an authority; this one may issue none"
    # msp/mspimplsetup.go (Fabric 3.1.5): a channel with another one is refused by every node.
    has_identifier = any(each.oid == x509.SubjectKeyIdentifier.oid for each in certificate.extensions)
    return (
        ""
        if has_identifier
        else "a certificate with a subject key identifier, without which Fabric refuses it"
    )


def _is_address(text: str) -> bool:
    match = re.fullmatch(r"([a-z0-9.-]+):([1-9]\d{0,4})", text, re.ASCII)
    if match is None or int(match[2]) > 65535:
        return False
    return DOMAIN.allows(match[1]) or re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}", match[1]) is not None
