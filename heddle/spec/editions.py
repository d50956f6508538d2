"""Hold editions: optional profiles of quotas, as data. Without one, Fabric's own limits hold."""

from dataclasses import dataclass

from heddle.spec.names import NameRule

_INSTANCE_NAME = NameRule(
    pattern=r"[a-z](?:[a-z0-9-]*[a-z0-9])?",
    shortest=4,
    longest=24,
    words="4 to 24 of a–z, 0–9 and -; starts with a letter, no - at the end",
)
_CHAINCODE_NAME = NameRule(
    pattern=r"[a-z][a-z0-9]*",
    shortest=6,
    longest=25,
    words="starts with a lower-case letter, 6 to 25 of a–z and 0–9",
)


@dataclass(frozen=True, kw_only=True)
class Edition:
    """The quotas of an edition: how much an instance of it may have.

    Throughput is no rule of a stack file: nothing caps it. Light nodes, SM cryptography, homomorphic
    encryption and zero-knowledge proofs are not in Fabric 3.
    """

    name: str
    organizations: int
    """Organizations that are managed here."""
    invited: int = 40
    """Organizations that are managed elsewhere."""
    peers: int = 2
    """Peers of each organization."""
    orderers: int
    channels: int
    bft: bool
    """Whether ordering may be BFT."""
    instance_name: NameRule = _INSTANCE_NAME
    chaincode_name: NameRule = _CHAINCODE_NAME


PROFESSIONAL = Edition(name="professional", organizations=2, orderers=3, channels=2, bft=False)
ENTERPRISE = Edition(name="enterprise", organizations=5, orderers=4, channels=4, bft=True)
EDITIONS = {edition.name: edition for edition in (PROFESSIONAL, ENTERPRISE)}
"""The quotas of each edition, by its name."""
