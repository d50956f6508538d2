"""Make text that others wrote (a node, an API server, a kubelet) safe to print."""

import hashlib
import json
import re
from collections.abc import Sequence
from textwrap import wrap
from typing import Final

__all__ = [
    "are",
    "counted",
    "escaped",
    "folded",
    "part_of",
    "printable",
    "sentence",
    "shown_bytes",
    "some",
    "without_colours",
    "without_controls",
]

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.:/@*+=,-]+")
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_WHOLE: Final = 64
"""Bytes of a value that are shown whole; of a longer one the beginning and the hash."""

_NAMED: Final = 3
"""How many names a line has before it only counts the others."""
_LONGEST = 2000
"""Characters of a node's words in a message. A chaincode's error with its cause is a few hundred."""


def counted(count: int, noun: str, nouns: str = "") -> str:
    """Return a number with its noun: `1 block`, `2 blocks`; `nouns` are many where an s is not enough."""
    return f"{count} {noun if count == 1 else nouns or f'{noun}s'}"


def part_of(count: int, whole: int, noun: str, nouns: str = "") -> str:
    """Return a part of what there is, with its noun: `1 of 3 orderers`, `1 of 1 orderer`."""
    return f"{count} of {counted(whole, noun, nouns)}"


def some(names: Sequence[str]) -> str:
    """Return names in a line, of many the first three and the number of the others."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def are(count: int) -> str:
    """Return the verb of so many: `is` of one, `are` of others."""
    return "is" if count == 1 else "are"


def printable(words: str) -> str:
    """Return words cut to the length of a message, without signs that move or colour a terminal's text."""
    return without_controls(
        words if len(words) <= _LONGEST else f"{words[:_LONGEST]}… ({len(words)} characters)"
    )


def folded(line: str, width: int) -> list[str]:
    """Return a line in parts of a terminal's width, folded between words; what goes on stands further right.

    Hashes, paths and names stay whole, so that they can be searched for and copied.
    """
    if len(line) <= width:
        return [line]
    margin = " " * (len(line) - len(line.lstrip()))
    parts = wrap(
        line.lstrip(),
        width,
        initial_indent=margin,
        subsequent_indent=f"{margin}    ",
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )
    return parts or [""]


def sentence(clause: str) -> str:
    """Return a clause as a sentence of its own: `run it again` → `Run it again.`."""
    return f"{clause[:1].upper()}{clause[1:]}."


def without_controls(text: str) -> str:
    """Return text without signs that move or colour a terminal's text, whatever its length."""
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() or sign in "\n\t" else "\N{REPLACEMENT CHARACTER}" for sign in text
    )


def without_colours(line: str) -> str:
    """Return a line of Fabric's log without the colours of its format."""
    return _COLOUR.sub("", line)


def escaped(text: str) -> str:
    """Return a text of letters, digits and usual marks as it is, any other as a JSON string in ASCII.

    Two different texts never look alike: not by spaces at their ends, not by letters of other alphabets.
    """
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


def shown_bytes(data: bytes) -> str:
    """Return bytes as their number and hex; of long ones the first and the SHA-256 of all."""
    if len(data) <= _WHOLE:
        return f"{len(data)} bytes {data.hex()}".rstrip()
    return f"{len(data)} bytes {data[:16].hex()}…, sha256:{hashlib.sha256(data).hexdigest()}"
