"""Say from within a thread what goes on with an object."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Teller"]


@dataclass(frozen=True, kw_only=True)
class Teller:
    """Tell about one object.

    warn: tells what the user should look at. until: says what is waited for, as `heddle.telling.Wait.words`.
    """

    warn: Callable[[str], None]
    until: Callable[[str], None]
