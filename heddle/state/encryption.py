"""Encrypt and decrypt the secrets of a state with a passphrase, as Pulumi does.

Source: pkg/secrets/passphrase/manager.go and sdk/go/common/resource/config/crypt.go of pulumi/pulumi.
"""

import base64
import hashlib
import os
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from heddle.errors import EngineError
from heddle.paths import secrets_dir

__all__ = ["Crypter", "find_passphrase"]

_ITERATIONS = 1_000_000
_KEY_SIZE = 32
_SALT_SIZE = 8
_NONCE_SIZE = 12
_PROOF = "pulumi"
"""The text that a salt carries encrypted, so that a wrong passphrase is recognised."""


def find_passphrase() -> str:
    """Return the passphrase: Pulumi's variables, else the one that `make up` made (DESIGN, decision 3).

    Raises EngineError when there is none. An empty one encrypts with a key that everybody knows: refused.
    """
    given = os.environ.get("PULUMI_CONFIG_PASSPHRASE")
    if given is not None:
        return _not_empty(given, "PULUMI_CONFIG_PASSPHRASE")
    file = os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    path = Path(file) if file else secrets_dir() / "passphrase"
    if file or path.exists():
        try:
            return _not_empty(path.read_text(encoding="utf-8").strip(), str(path))
        except OSError as error:
            raise EngineError(f"the passphrase cannot be read: {error}") from error
    raise EngineError(
        "there is no passphrase for the secrets in the state",
        hint="Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE, "
        f"or write one to {path} (mode 0600).",
    )


def _not_empty(passphrase: str, source: str) -> str:
    if passphrase.strip():
        return passphrase
    raise EngineError(
        f"the passphrase in {source} is empty: anybody could read the state's secrets",
        hint="Set another one. A stack that was made with an empty one gets a passphrase by "
        "`pulumi stack change-secrets-provider passphrase`.",
    )


@lru_cache(maxsize=8)
def _key(passphrase: str, salt: bytes) -> bytes:
    """Return the key, which takes a fifth of a second to derive: once per process, then."""
    return hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, _ITERATIONS, _KEY_SIZE)


class Crypter:
    """Encrypt and decrypt with one passphrase and salt.

    Equal plaintexts of one owner keep their ciphertext, so that an unchanged secret leaves the state as is.
    """

    def __init__(self, passphrase: str, salt: str = "", *, source: str = "the state") -> None:
        """Take a salt as state or stack file have it, or make a new one.

        Raises EngineError, naming the salt's source, when it was made with another passphrase.
        """
        self._source = source
        raw = self._salt_of(salt) if salt else os.urandom(_SALT_SIZE)
        self._cipher = AESGCM(_key(passphrase, raw))
        self._known: dict[tuple[str, str], str] = {}
        self.salt = salt or f"v1:{base64.b64encode(raw).decode()}:{self.encrypt(_PROOF)}"
        if self.decrypt(self.salt.split(":", 2)[2]) != _PROOF:
            raise self._wrong()

    def _salt_of(self, text: str) -> bytes:
        """Return the salt in `v1:SALT:PROOF`, where the proof is `v1:NONCE:CIPHERTEXT`."""
        parts = text.split(":")
        try:
            if len(parts) == 5 and parts[0] == parts[2] == "v1" and parts[4]:
                return base64.b64decode(parts[1])
        except ValueError:
            pass
        raise EngineError(
            f"the encryption salt of {self._source} is damaged",
            hint="Without it nobody can read the secrets: take the file from a backup.",
        )

    def encrypt(self, plaintext: str, owner: str = "") -> str:
        """Return `v1:NONCE:CIPHERTEXT`, both base64; `owner` is whose value it is, a URN."""
        known = self._known.get((owner, plaintext))
        if known is not None:
            return known
        nonce = os.urandom(_NONCE_SIZE)
        sealed = self._cipher.encrypt(nonce, plaintext.encode(), None)
        ciphertext = f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(sealed).decode()}"
        self._known[owner, plaintext] = ciphertext
        return ciphertext

    def decrypt(self, ciphertext: str, owner: str = "") -> str:
        """Return the plaintext. Raises EngineError for a wrong passphrase or a damaged value."""
        version, _, rest = ciphertext.partition(":")
        nonce, _, sealed = rest.partition(":")
        if version != "v1" or not sealed:
            raise EngineError("an encrypted value has not the form v1:NONCE:CIPHERTEXT")
        try:
            plaintext = self._cipher.decrypt(base64.b64decode(nonce), base64.b64decode(sealed), None).decode()
        except (InvalidTag, ValueError) as error:
            raise self._wrong() from error
        self._known[owner, plaintext] = ciphertext
        return plaintext

    def _wrong(self) -> EngineError:
        return EngineError(
            f"incorrect passphrase: the secrets of {self._source} were made with another one",
            hint="Set PULUMI_CONFIG_PASSPHRASE to the passphrase with which this stack was created.",
        )
