"""Take plain data that others wrote (JSON of a node, a file) as the shape that is expected of it.

A message says where something is, what was expected there and what kind of thing was found; never the value,
which may be a key or a token.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Plain", "ShapeError", "parse_json"]

_KINDS = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}
_SHOWN = 40
"""Characters of a key in a message: keys come from others too."""


class ShapeError(ValueError):
    """Data of another shape than expected; who reads it says whose it is."""


@dataclass(frozen=True, kw_only=True)
class Plain:
    """A value and where it is: `channels[0].name`. Every reading method raises ShapeError."""

    value: Any = field(repr=False)
    path: str = ""

    def __getitem__(self, key: str) -> "Plain":
        entry = self.get(key)
        if entry is None:
            raise ShapeError(f"{self._at(key)} is missing")
        return entry

    def __contains__(self, key: str) -> bool:
        return key in self.object()

    def get(self, key: str) -> "Plain | None":
        """Return an entry of an object; None where there is none, or null."""
        value = self.object().get(key)
        return None if value is None else Plain(value=value, path=self._at(key))

    def object(self) -> dict[str, Any]:
        """Return an object, its entries unread."""
        if not isinstance(self.value, dict) or not all(isinstance(key, str) for key in self.value):
            raise self.unlike("an object")
        return self.value

    def entries(self) -> Iterator[tuple[str, "Plain"]]:
        """Yield the entries of an object, also those that are null."""
        for key, value in self.object().items():
            yield key, Plain(value=value, path=self._at(key))

    def items(self) -> Iterator["Plain"]:
        """Yield the items of a list."""
        if not isinstance(self.value, list):
            raise self.unlike("a list")
        for index, value in enumerate(self.value):
            yield Plain(value=value, path=f"{self.path}[{index}]")

    def text(self, *, most: int | None = None) -> str:
        """Return text that can be written and sent, of at most so many characters."""
        if not isinstance(self.value, str):
            raise self.unlike("text")
        if most is not None and len(self.value) > most:
            raise ShapeError(f"{self._here()}: at most {most} characters expected, {len(self.value)} found")
        if _half_character(self.value):
            raise ShapeError(f"{self._here()}: text expected, half a character found")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """Return a list of texts."""
        return tuple(item.text() for item in self.items())

    def flag(self) -> bool:
        """Return a truth value: JSON's true or false."""
        if not isinstance(self.value, bool):
            raise self.unlike("true or false")
        return self.value

    def integer(self, least: int = 0, most: int = 2**64 - 1) -> int:
        """Return a whole number in a range; 1.0 is one, as in data that Pulumi kept."""
        value = self.value
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.unlike("a whole number")
        if not least <= value <= most:
            raise ShapeError(f"{self._here()}: a number from {least} to {most} expected")
        return value

    def seconds(self) -> float:
        """Return a time as seconds."""
        if not isinstance(self.value, int | float) or isinstance(self.value, bool):
            raise self.unlike("a number")
        return float(self.value)

    def port(self) -> int:
        """Return a number that can be a TCP port."""
        return self.integer(1, 65535)

    def unlike(self, expected: str) -> ShapeError:
        """Return the error for a value of another kind."""
        kind = _KINDS.get(type(self.value), "a number" if isinstance(self.value, int | float) else "else")
        return ShapeError(f"{self._here()}: {expected} expected, {kind} found")

    def _at(self, key: str) -> str:
        shown = key if key.isprintable() else ascii(key)
        shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
        return f"{self.path}.{shown}" if self.path else shown

    def _here(self) -> str:
        return self.path or "at the top"


def parse_json(data: bytes, *, limit: int) -> Plain:
    """Read JSON of at most `limit` bytes. Raises ShapeError for anything else, and quotes nothing of it."""
    if len(data) > limit:
        raise ShapeError(f"at most {limit} bytes expected, {len(data)} found")
    try:
        value = json.loads(data)
        if b"\\ud" in data.lower() and _half_character(json.dumps(value, ensure_ascii=False)):
            raise ShapeError("not JSON that can be read (half a character)")
        return Plain(value=value)
    except ShapeError:
        raise
    except json.JSONDecodeError as error:
        raise ShapeError(f"not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except (ValueError, RecursionError) as error:  # no UTF-8, a number of thousands of digits, depth
        raise ShapeError(f"not JSON that can be read ({type(error).__name__})") from None


def _half_character(text: str) -> bool:
    """Tell whether JSON's escapes left half of a surrogate pair, which no encoding can write."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
