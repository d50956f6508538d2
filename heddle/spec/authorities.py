"""Describe the generation of an organization's authorities, and how far its exchange has come."""

from typing import Annotated, Literal

from heddle.spec.kinds import between
from heddle.spec.model import Section


class AuthorityGeneration(Section):
    """The authorities of an organization, counted from 1; each further generation comes in three phases."""

    generation: Annotated[int, *between(1)]
    """Number of the generation that comes, or is in use. Raise it by one with `phase: trusted`."""
    phase: Literal["trusted", "issuing", "retired"] = "retired"
    """trusted: it stands beside the one before. issuing: it issues all certificates. retired: the one before
    is gone. One edit and one `up` each, in this order."""

    @property
    def issuing(self) -> int:
        """Return the generation that issues certificates."""
        return self.generation - (self.phase == "trusted")

    @property
    def trusted(self) -> tuple[int, ...]:
        """Return the generations that are trusted, the older one first."""
        return (self.generation,) if self.phase == "retired" else (self.generation - 1, self.generation)
