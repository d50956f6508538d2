"""Split the bytes of an answer that comes in parts into lines. Pure."""

from collections.abc import Iterator

__all__ = ["LineSplitter"]

_LONGEST = 1 << 20
"""Bytes of a line at most; a longer one is given out in parts, so that no answer fills the memory."""


class LineSplitter:
    """Keeps what came of a line until its end comes. Only a line feed ends a line, as in containers' logs."""

    def __init__(self, longest: int = _LONGEST) -> None:
        self._longest = longest
        self._begun = bytearray()

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Yield the lines that end in a part, without their line feeds."""
        *ended, begun = chunk.split(b"\n")
        for part in ended:
            yield _text(self._begun + part)
            self._begun.clear()
        self._begun += begun
        while len(self._begun) > self._longest:
            yield _text(self._begun[: self._longest])
            del self._begun[: self._longest]

    def rest(self) -> Iterator[str]:
        """Yield the last line if no line feed ended it."""
        if self._begun:
            yield _text(self._begun)
            self._begun.clear()


def _text(line: bytes | bytearray) -> str:
    return bytes(line).decode(errors="replace")
