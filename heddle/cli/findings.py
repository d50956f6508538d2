"""What `heddle doctor` finds."""

from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at. `step`: what to do about it; empty if all is well."""

    what: str
    found: str
    step: str = ""
