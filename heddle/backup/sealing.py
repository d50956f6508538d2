"""Compress and encrypt the objects of a backup, in the format of age, to public keys.

Making a backup needs public keys alone. Source: age-encryption.org/v1.
"""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from pyrage import DecryptError, IdentityError, decrypt, encrypt, x25519

from heddle.errors import BackupError

__all__ = ["Identity", "opened", "read_identity", "sealed"]

Identity: TypeAlias = x25519.Identity
"""A private key of age."""
_LEVEL = 1
"""Blocks hold the same certificates again and again: the fastest level finds most of that."""
_PREFIX = "AGE-SECRET-KEY-1"


def sealed(data: bytes, recipients: Sequence[str]) -> bytes:
    """Return data compressed and, if there are recipients, encrypted to each of them."""
    # No time in it: the same data make the same object.
    packed = gzip.compress(data, _LEVEL, mtime=0)
    if not recipients:
        return packed
    return encrypt(packed, [x25519.Recipient.from_str(each) for each in recipients])


def opened(stored: bytes, identities: Sequence[Identity], *, encrypted: bool) -> bytes:
    """Return what was sealed. Raises BackupError: no identity fits, or it is damaged."""
    if encrypted:
        stored = _decrypted(stored, identities)
    try:
        return gzip.decompress(stored)
    except (OSError, EOFError, ValueError) as error:
        raise BackupError(f"an object of the backup is damaged: {error}") from error


def _decrypted(stored: bytes, identities: Sequence[Identity]) -> bytes:
    if not identities:
        raise BackupError(
            "the backup is encrypted, and reading it needs a private key",
            hint="Give the file with it: --identity FILE, as `age-keygen -o FILE` made it.",
        )
    try:
        return decrypt(stored, list(identities))
    except DecryptError as error:
        raise BackupError(
            f"an object of the backup cannot be decrypted: {error}",
            hint="Give the private key of one of the backup's recipients: --identity FILE.",
        ) from error


def read_identity(path: Path) -> tuple[Identity, ...]:
    """Return the private keys in a file of `age-keygen`. Raises BackupError; quotes nothing of the file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        words = error.strerror if isinstance(error, OSError) else "it is no text"
        raise BackupError(f"{path} cannot be read: {words}") from error
    try:
        found = tuple(Identity.from_str(line.strip()) for line in lines if line.startswith(_PREFIX))
    except IdentityError:
        raise BackupError(f"{path}: a line of it is no private key of age") from None
    if not found:
        raise BackupError(
            f"{path} has no private key of age", hint=f"Expected is a line that begins with {_PREFIX}."
        )
    return found
