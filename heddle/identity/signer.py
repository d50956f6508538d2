"""A member of an organization who can sign."""

from dataclasses import dataclass, field
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric import ec
from fabric_protos.msp import identities_pb2

from heddle.identity.keys import load_key, sign

__all__ = ["Signer", "serialized_identity"]


def serialized_identity(msp_id: str, certificate: bytes) -> bytes:
    """`msp.SerializedIdentity`, the form in which every message names its creator."""
    identity = identities_pb2.SerializedIdentity(mspid=msp_id, id_bytes=certificate)
    return bytes(identity.SerializeToString())


@dataclass(frozen=True, kw_only=True)
class Signer:
    """An MSP id with certificate and private key, both PEM."""

    msp_id: str
    certificate: bytes
    private_key: bytes = field(repr=False)

    @cached_property
    def serialized(self) -> bytes:
        """`msp.SerializedIdentity` bytes: the creator of what it signs."""
        return serialized_identity(self.msp_id, self.certificate)

    # Reading a key costs more than signing with it, and a client signs every message.
    @cached_property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        return load_key(self.private_key)

    def sign(self, message: bytes) -> bytes:
        """DER, low S, over the SHA-256 of the message. Raises IdentityError if the key cannot be read."""
        return sign(self._key, message)
