"""Sign as a member of an organization."""

from dataclasses import dataclass, field
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric import ec
from fabric_protos.msp import identities_pb2

from heddle.identity.keys import load_key, sign

__all__ = ["Signer", "serialized_identity"]


def serialized_identity(msp_id: str, certificate: bytes) -> bytes:
    """Return `msp.SerializedIdentity`, the form in which every message names its creator."""
    identity = identities_pb2.SerializedIdentity(mspid=msp_id, id_bytes=certificate)
    return bytes(identity.SerializeToString())


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Hold an MSP id with certificate and private key, both PEM."""

    msp_id: str
    certificate: bytes
    private_key: bytes = field(repr=False)

    @cached_property
    def serialized(self) -> bytes:
        """Return the bytes of `msp.SerializedIdentity`: the creator of what is signed."""
        return serialized_identity(self.msp_id, self.certificate)

    # Reading a key costs more than signing with it, and a client signs every message.
    @cached_property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        return load_key(self.private_key)

    def sign(self, message: bytes) -> bytes:
        """Sign the SHA-256 of the message: DER, low S. Raises IdentityError if the key cannot be read."""
        return sign(self._key, message)
