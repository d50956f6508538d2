"""Definitions of organizations that are run elsewhere: certificates that are some, peers with an address."""

import re
from collections.abc import Iterator

from heddle.spec.names import DOMAIN
from heddle.spec.problems import Problem
from heddle.spec.rules.reading import Data, items, problem, section, values

_LISTS = (
    "rootCertificates",
    "intermediateCertificates",
    "tlsRootCertificates",
    "tlsIntermediateCertificates",
)


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with external organizations."""
    for index, item in items(data, "organizations"):
        definition = section(item, "external")
        for key in _LISTS:
            for position, found in values(definition, key):
                if isinstance(found, str) and (words := _no_authority(found)):
                    yield problem(("organizations", index, "external", key, position), found, words)
        for position, found in values(definition, "anchorPeers"):
            if isinstance(found, str) and not _is_address(found):
                place = ("organizations", index, "external", "anchorPeers", position)
                yield problem(place, found, "a host and a port, as peer0.org2.example.com:7051")


def _no_authority(text: str) -> str:
    """Return what is wrong with the certificate of an authority; empty if nothing is."""
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
    return "" if constraints.ca else "the certificate of an authority; this one may issue none"


def _is_address(text: str) -> bool:
    match = re.fullmatch(r"([a-z0-9.-]+):([1-9]\d{0,4})", text, re.ASCII)
    if match is None or int(match[2]) > 65535:
        return False
    return DOMAIN.allows(match[1]) or re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}", match[1]) is not None
