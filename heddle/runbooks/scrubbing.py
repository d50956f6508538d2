"""Take out of a text what may be a secret, wherever it stands: for archives that leave the house. Pure.

It is the second net: what is known to hold secrets is never read (heddle.runbooks.allowlist). Logs and
messages are others' words, so what looks like a key, a password or a token goes, and all values that are
known to be secret. Hashes in hexadecimal stay: blocks and packages are known by them.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

__all__ = ["REMOVED", "Scrubber", "secret_name"]

REMOVED: Final = "[removed]"
_LEAST: Final = 6
"""Characters of a known value at least: shorter ones are in every text."""

_KEY_BLOCK: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
_NAME: Final = (
    r"(?:[A-Za-z0-9_.-]*(?:passw(?:or)?d|passphrase|secret|token|credential|api[_-]?key|access[_-]?key|"
    r"private[_-]?key|client[_-]?key|keystore|authorization|cookie|adminpw|_pw|dsn)[A-Za-z0-9_.-]*)"
)
_VERDICT: Final = r"(?:not|incorrect|wrong|invalid|required|missing|empty|expired|no|needed|unknown)\b"
"""Words that tell what is wrong with a password, and are none: `Name or password is incorrect`."""
_NAMED: Final = re.compile(
    rf"(?P<name>{_NAME})(?P<sign>\\?[\"']?\s*(?:=>|[:=]|\bis\b(?!\s+{_VERDICT}))\s*)"
    r"(?P<value>\[removed\]|\\?\"(?:[^\"\\]|\\.)*\"?|'[^']*'?|(?:(?:Bearer|Basic)\s+)?[^\s,;&}\])]+)",
    re.IGNORECASE,
)
_OPTION: Final = re.compile(rf"(?P<name>--?{_NAME})(?P<sign>\s+)(?P<value>\S+)", re.IGNORECASE)
_BEARER: Final = re.compile(r"(?P<name>\b(?:Bearer|Basic))(?P<sign>\s+)(?P<value>[A-Za-z0-9+/_.=-]{8,})")
_USERINFO: Final = re.compile(r"(?P<name>[a-z][a-z0-9+.-]*://)(?P<value>[^\s/@]+)@", re.IGNORECASE)
_TOKENS: Final = (
    re.compile(r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,2}"),
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"\bAGE-SECRET-KEY-[A-Z0-9]+"),
    re.compile(r"\b(?:ghp|gho|ghs|glpat|xox[abp])[-_][A-Za-z0-9_-]{16,}"),
)
_LONG: Final = re.compile(r"[A-Za-z0-9+/_=-]{40,}")
_BETWEEN: Final = re.compile(r"[-_/+=]")
_PART: Final = re.compile(
    r"[0-9a-f]*|[0-9A-F]+|[a-z0-9]{1,24}|[A-Z][A-Z0-9]{0,23}|[a-z]*(?:[A-Z]{1,5}[a-z]+){1,5}"
)
"""A part of a long run of signs that may stay: of a hash, a name, a path. Keys mix letters and digits."""

_SECRET_NAME: Final = re.compile(rf"(?:{_NAME}|.*(?:_KEY|_PW|_AUTH))\Z", re.IGNORECASE)


def secret_name(name: str) -> bool:
    """Tell whether a variable of this name is likely to hold a secret."""
    return _SECRET_NAME.fullmatch(name) is not None


class Scrubber:
    """Removes what may be a secret, and the values that are known to be one."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        """Learn the values; of one with several lines each line counts."""
        parts = {part for value in known for part in _parts(value)}
        self._known = sorted(parts, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text without them."""
        for value in self._known:
            if value in text:
                text = text.replace(value, REMOVED)
        text = _KEY_BLOCK.sub(REMOVED, text)
        for form in (_NAMED, _OPTION, _BEARER):
            text = form.sub(lambda found: f"{found['name']}{found['sign']}{REMOVED}", text)
        text = _USERINFO.sub(lambda found: f"{found['name']}{REMOVED}@", text)
        for form in _TOKENS:
            text = form.sub(REMOVED, text)
        return _LONG.sub(lambda found: found[0] if _is_name(found[0]) else REMOVED, text)


def _is_name(run: str) -> bool:
    """Tell whether a long run of signs is a hash, or made of words: a path, a variable, a workload."""
    return all(map(_PART.fullmatch, _BETWEEN.split(run)))


def _parts(value: str) -> Iterator[str]:
    for line in (value, *value.splitlines()):
        part = line.strip()
        if len(part) >= _LEAST and not part.startswith("-----"):
            yield part
            yield part.replace("/", "\\/")
