"""Hold what a check of `heddle doctor` has found."""

from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The result of one check."""

    what: str
    """The name of the check."""
    found: str
    """The state of the thing checked, in words."""
    step: str = ""
    """The next step for the user; empty if nothing is needed."""
