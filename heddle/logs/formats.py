"""Read the first line of an entry of a log: its level, who logged it, and what. Pure.

Seen of Fabric 3.1.5 (console with and without colours, json, logfmt: FABRIC_LOGGING_FORMAT), of Heddle's
stand-ins, of CouchDB 3.4, and of chaincodes on Fabric's libraries for Go, Node, Python and Java.
"""

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["Head", "Level", "is_trace", "last_words", "read_head"]


class Level(StrEnum):
    """How serious an entry is, from the least to the most."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    PANIC = "panic"
    """The process ends, or a part of it."""

    @property
    def rank(self) -> int:
        """Return its place: the more serious, the higher."""
        return list(Level).index(self)


@dataclass(frozen=True, kw_only=True)
class Head:
    """Hold what the first line of an entry says; `level` None and `logger` empty where it does not."""

    message: str
    level: Level | None = None
    logger: str = ""


_BEGINNINGS: Final = {
    "deb": Level.DEBUG,
    "tra": Level.DEBUG,
    "inf": Level.INFO,
    "not": Level.INFO,
    "war": Level.WARNING,
    "err": Level.ERROR,
    "cri": Level.PANIC,
    "ale": Level.PANIC,
    "eme": Level.PANIC,
    "sev": Level.ERROR,
    "pan": Level.PANIC,
    "dpa": Level.PANIC,
    "fat": Level.PANIC,
}
"""First letters of the levels' names: Fabric cuts them to four, Java says SEVERE, CouchDB `notice`."""

_WORDS: Final = (
    "debug?|trace|info|notice|warn(?:ing)?|erro?r?|critical|alert|emergency|severe|d?pan(?:ic|i)?|fata?l?"
)
_LEVEL: Final = rf"(?P<level>{_WORDS})\b"
_FABRIC: Final = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \S+ [0-9a-f]{4,} (?P<level>[A-Z]{4}) "
    r"(?:\[(?P<logger>[^\]]*)\] )?(?P<message>.*)"
)
_COUCHDB: Final = re.compile(
    rf"\[{_LEVEL}\] \d{{4}}-\d\d-\d\dT[\d:.]+Z \S+ <?(?P<logger>[\w.]+)>? \S+ (?P<message>.*)", re.IGNORECASE
)
_DATED: Final = re.compile(
    rf"\d{{4}}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\s+\[?{_LEVEL}\]?:?\s*"
    r"(?:\[(?P<logger>[^\]]*)\] )?(?P<message>.*)",
    re.IGNORECASE,
)
_JAVA: Final = re.compile(
    rf"\d\d:\d\d:\d\d[:.,]\d{{3}} {_LEVEL}\s+(?P<logger>\S+)\s+(?P<message>.*)", re.IGNORECASE
)
_NAMED: Final = re.compile(
    r"(?P<level>DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL):(?:(?P<logger>[\w.]+):)?\s?(?P<message>.*)"
)
_GO: Final = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d+)? (?P<message>.*)")
_LOGFMT: Final = re.compile(
    r"ts=\S+ level=(?P<level>\w+) name=(?P<logger>\S+) (?:caller=\S+ )?msg=(?P<message>.*)"
)
_FORMS: Final = (_FABRIC, _COUCHDB, _DATED, _JAVA, _NAMED, _LOGFMT, _GO)

_LAST_WORDS: Final = {
    "panic: ": Level.PANIC,
    "fatal error: ": Level.PANIC,
    "Error: ": Level.ERROR,
    "Traceback (most recent call last)": Level.ERROR,
    "Exception in thread ": Level.ERROR,
    "Uncaught ": Level.ERROR,
}
"""What a process says when it ends or when something in it went wrong, without the form of its log."""
_TRACE: Final = re.compile(
    r"\s|goroutine \d+|created by |main\.|\[signal |exit status |[\w.-]+\.\w+/\S+\(|[\w.]+\(.*\)$"
    r"|[]}]|Caused by: "
)
"""Beginnings of lines of stacks of Go, Python and Java, and of what is printed over several lines."""


def read_head(line: str) -> Head | None:
    """Return what a line without colours says if an entry begins with it, else None."""
    if line.startswith("{"):
        return _read_json(line)
    if not line[:1].isalnum() and not line.startswith("["):
        return None
    for form in _FORMS:
        if found := form.match(line):
            said = found.groupdict()
            return Head(
                message=_unquoted(said["message"]) if form is _LOGFMT else said["message"],
                level=_level(said.get("level") or ""),
                logger=said.get("logger") or "",
            )
    return None


def last_words(line: str) -> Level | None:
    """Return how serious a line is that a process says when something went wrong in it; None for others."""
    return next((level for words, level in _LAST_WORDS.items() if line.startswith(words)), None)


def is_trace(line: str) -> bool:
    """Tell whether a line only goes on from the one before: of a stack, of a configuration, or empty."""
    return not line or _TRACE.match(line) is not None


def _level(word: str) -> Level | None:
    return _BEGINNINGS.get(word[:3].lower())


def _read_json(line: str) -> Head | None:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or not isinstance(said.get("level"), str):
        return None
    message, logger = said.get("msg", said.get("message", "")), said.get("name", said.get("logger", ""))
    return Head(message=str(message), level=_level(said["level"]), logger=str(logger))


def _unquoted(text: str) -> str:
    """Return the message of a line in logfmt, which quotes it as JSON does where it has blanks."""
    if not text.startswith('"'):
        return text
    try:
        said, end = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return text
    return f"{said}{text[end:]}"
