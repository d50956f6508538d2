"""Answer a policy's question whether somebody has consented: by signatures, or by organizations."""

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from fabric_protos.msp.msp_principal_pb2 import MSPPrincipal

from heddle.configtx.members import Members, Signatory, principal_organization, principal_text

__all__ = ["Organizations", "Signers", "Voters"]


class Voters(Protocol):
    """The consents given so far: of single signers, or of whole organizations."""

    def take(self, principal: MSPPrincipal, used: set[int]) -> bool:
        """Tell whether one of them, not used yet, is the principal; that one is added to `used`."""
        ...

    def name(self, principal: MSPPrincipal) -> str:
        """Return how messages call a principal that is missing."""
        ...


class Signers(NamedTuple):
    """Identities that have signed. Each counts once in a signature policy."""

    identities: Sequence[Signatory]
    members: Members

    def take(self, principal: MSPPrincipal, used: set[int]) -> bool:
        """Tell whether an identity that is not used yet is the principal, and use it up."""
        for index, identity in enumerate(self.identities):
            if index not in used and self.members.satisfies(identity, principal):
                used.add(index)
                return True
        return False

    def name(self, principal: MSPPrincipal) -> str:
        """Return the principal for people: `ExampleMSP.admin`."""
        return principal_text(principal)


class Organizations(NamedTuple):
    """Organizations that have consented. Each has as many members as a policy asks for."""

    msp_ids: Collection[str]

    def take(self, principal: MSPPrincipal, used: set[int]) -> bool:
        """Tell whether the principal's organization has consented."""
        return self.name(principal) in self.msp_ids

    def name(self, principal: MSPPrincipal) -> str:
        """Return the MSP id of the principal's organization."""
        return principal_organization(principal)
