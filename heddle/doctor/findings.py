"""Hold what a check of `heddle doctor` has found."""

from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The result of one check."""

    what: str
    """What was checked."""
    found: str
    """What was found there."""
    step: str = ""
    """What to do about it; empty if nothing is needed."""
