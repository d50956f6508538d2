"""Define kinds of settings: how a value is read, what is allowed, how it is shown, everywhere alike."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from heddle.durations import canonical, nanoseconds
from heddle.quantities import show_size, size

__all__ = ["LARGEST_COUNT", "Boolean", "Duration", "Integer", "ScalarKind", "Size"]

LARGEST_COUNT: Final = 2**32 - 1
"""Numbers on the ledger are 32 bits wide."""
_MILLISECOND: Final = 1_000_000
"""The shortest length allowed, in nanoseconds."""


class _Kind:
    """How values of a kind are compared and shown, where the kind says nothing else."""

    def same(self, value: object, other: object) -> bool:
        """Tell whether two values are equal."""
        return value == other

    def show(self, value: object) -> str:
        """Return the value as text."""
        return str(value)


@dataclass(frozen=True, kw_only=True)
class Duration(_Kind):
    """A duration as Go writes it, in whole milliseconds, with both bounds included."""

    minimum: str = "1ms"
    maximum: str = "1h"

    @property
    def range(self) -> str:
        """Return the bounds as the documentation writes them."""
        return f"`{self.minimum}` to `{self.maximum}`"

    @property
    def allowed(self) -> str:
        """Return the bounds in words."""
        return f'{self.minimum} to {self.maximum} in whole milliseconds, as "2s"'

    def read(self, value: object) -> str:
        """Return the duration in its one spelling. Raises ValueError that says what is allowed."""
        try:
            length = nanoseconds(value if isinstance(value, str) else "")
        except ValueError:
            raise ValueError('a duration with its unit, as "2s", "500ms" or "1m30s"') from None
        within = nanoseconds(self.minimum) <= length <= nanoseconds(self.maximum)
        if not within or length % _MILLISECOND:
            raise ValueError(self.allowed)
        return canonical(length)

    def same(self, value: object, other: object) -> bool:
        """Tell whether two texts are one length of time: `2000ms` is `2s`."""
        return self.show(value) == self.show(other)

    def show(self, value: object) -> str:
        """Return the duration in its one spelling; a ledger may hold what only Go can read, that stays."""
        try:
            return canonical(nanoseconds(str(value)))
        except ValueError:
            return str(value)


@dataclass(frozen=True, kw_only=True)
class Size(_Kind):
    """A number of bytes with both bounds included; the message says what happens beyond a bound."""

    minimum: int = 1
    maximum: int = LARGEST_COUNT
    below: str = ""
    """The consequence of a smaller value, for the message."""
    above: str = ""
    """The consequence of a greater value, for the message."""

    @property
    def range(self) -> str:
        """Return the bounds as the documentation writes them."""
        if self.maximum == LARGEST_COUNT:
            return "a size, as `2 MB`"
        if self.minimum == 1:
            return f"up to `{show_size(self.maximum)}`"
        return f"`{show_size(self.minimum)}` to `{show_size(self.maximum)}`"

    @property
    def allowed(self) -> str:
        """Return the bounds in words."""
        return f"a size from {show_size(self.minimum)} to {show_size(self.maximum)}, in bytes"

    def read(self, value: object) -> int:
        """Return the bytes of 2097152 or "2 MB". Raises ValueError that says what is allowed."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        try:
            count = size(str(value) if is_number or isinstance(value, str) else "")
        except ValueError:
            raise ValueError('a number of bytes above 0, as 2097152 or "2 MB" (MB = 1024 × 1024)') from None
        if problem := self.problem(count):
            raise ValueError(problem)
        return count

    def problem(self, count: int) -> str:
        """Return what is allowed if the number of bytes is out of bounds, else an empty text."""
        if count < self.minimum:
            return f"at least {show_size(self.minimum)}" + (f", or {self.below}" if self.below else "")
        if count > self.maximum:
            return f"at most {show_size(self.maximum)}" + (f", or {self.above}" if self.above else "")
        return ""

    def show(self, value: object) -> str:
        """Return the size as a stack file writes it."""
        return show_size(int(str(value)))


@dataclass(frozen=True, kw_only=True)
class Integer(_Kind):
    """A whole number; bounds, where there are any, are included."""

    minimum: int | None = None
    maximum: int | None = None

    @property
    def allowed(self) -> str:
        """Return the bounds in words."""
        if self.minimum is None:
            return "a whole number"
        if self.maximum is None:
            return f"a whole number, at least {self.minimum}"
        return f"a whole number from {self.minimum} to {self.maximum}"


@dataclass(frozen=True, kw_only=True)
class Boolean(_Kind):
    """A truth value: true or false."""

    @property
    def allowed(self) -> str:
        """Return both values in words."""
        return "true or false"

    def show(self, value: object) -> str:
        """Return the truth value as YAML writes it."""
        return str(value).lower()


ScalarKind: TypeAlias = Duration | Size | Integer | Boolean
