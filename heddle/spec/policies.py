"""Describe policies as a file says them: a word, the path of a channel policy, or an expression."""

import re
from enum import StrEnum

from heddle.spec.model import refused

_PATH = r"/Channel(?:/[A-Za-z0-9.-]+)*/[A-Za-z0-9.-]+"
_LOOKS_LIKE_EXPRESSION = r"\s*[A-Za-z]+\s*\(.*\)\s*"
_EXPRESSION = "an expression, as OR('Org1MSP.peer', 'Org2MSP.peer')"
_CHANNEL_POLICY = "the path of a channel policy, as /Channel/Application/Endorsement"


class Endorsement(StrEnum):
    """The peers that must endorse a transaction, in a word."""

    ANY = "any"
    """A peer of any member."""
    ALL = "all"
    """A peer of every member."""
    MAJORITY = "majority"
    """The channel's own rule: peers of more than half of the members."""


def check_endorsement(value: object) -> str:
    """Check an endorsement rule: any, all, majority, a path or an expression (see heddle.spec.rules)."""
    if isinstance(value, str) and value in set(Endorsement):
        return value
    return _checked(value, f"{', '.join(Endorsement)}, {_CHANNEL_POLICY}, or {_EXPRESSION}")


def check_policy(value: object) -> str:
    """Return a path or an expression. Raises PydanticCustomError for anything else."""
    return _checked(value, f"{_EXPRESSION}, or {_CHANNEL_POLICY}")


def check_members(value: object) -> str:
    """Return an expression. Raises PydanticCustomError for anything else."""
    if not isinstance(value, str) or re.fullmatch(_LOOKS_LIKE_EXPRESSION, value, re.DOTALL) is None:
        words = "an expression, as OR('Org1MSP.member', 'Org2MSP.member')"
        raise refused(words)
    return value


def _checked(value: object, words: str) -> str:
    text = value if isinstance(value, str) else ""
    pattern = _PATH if text.startswith("/") else _LOOKS_LIKE_EXPRESSION
    if re.fullmatch(pattern, text, re.DOTALL) is None:
        raise refused(words)
    return text
