"""Read certificates that an organization revokes: serial numbers, or certificates as PEM."""

import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from heddle.spec.model import refused

__all__ = ["SERIAL", "Revoked", "check_revoked"]

SERIAL = r"[0-9a-fA-F]+(?::[0-9a-fA-F]+)*"
"""A serial number as openssl writes it: hexadecimal, also with colons."""
_LONGEST = 40
"""Hexadecimal digits of a serial number at most (RFC 5280: 20 octets)."""
_WORDS = "a serial number, hexadecimal and in quotes, or a certificate: PEM text or the path of a PEM file"


def check_revoked(value: object) -> str:
    """Return the certificate, or its serial number in the one spelling. Raises PydanticCustomError."""
    if not isinstance(value, str):
        raise refused(_WORDS)
    if "PRIVATE KEY-----" in value:
        raise refused("a certificate alone; this holds a private key, which does not belong in a stack file")
    if value.count("-----BEGIN CERTIFICATE-----") == 1:
        return value
    serial = value.replace(":", "").lower().lstrip("0")
    if re.fullmatch(SERIAL, value) is None or not 1 <= len(serial) <= _LONGEST:
        raise refused(_WORDS)
    return serial


Revoked = Annotated[str, BeforeValidator(check_revoked), WithJsonSchema({"type": "string"})]
"""A certificate that is revoked."""
