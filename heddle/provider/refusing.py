"""Raise what the planner refuses as an error of the resource."""

from heddle.errors import ProviderError
from heddle.planner.facts import Refusal

__all__ = ["raise_refusal"]


def raise_refusal(refusal: Refusal | None) -> None:
    """Raise ProviderError with the reason and the hint of a refusal; return if there is none."""
    if refusal is not None:
        raise ProviderError(refusal.reason, hint=refusal.hint)
