"""Checksums of what pods mount: another one makes another pod template."""

import base64
import hashlib
import json
from collections.abc import Mapping

import pulumi


def sha256_of(value: object) -> str:
    """Return the sha256 of plain data, in hexadecimal; the order of keys does not matter."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def base64_of(text: str) -> str:
    """Return text as a Secret's `data` holds it."""
    return base64.b64encode(text.encode()).decode()


def checksum_of(files: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[str]:
    """Return a sha256 over names and contents. Not secret: it tells nothing of a random key or password."""
    everything: pulumi.Output[dict[str, str]] = pulumi.Output.all(**files)
    return pulumi.Output.unsecret(everything.apply(sha256_of))
