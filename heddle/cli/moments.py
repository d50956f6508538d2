"""Read a time that an option gives: so long ago, or a date."""

import re
import time
from datetime import UTC, datetime

import typer

__all__ = ["moment"]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_AGO = re.compile(r"(\d{1,6})([smhdw])")


def moment(text: str, option: str) -> float:
    """Return the time in seconds since 1970; a date without a zone is in UTC. Raises BadParameter."""
    if ago := _AGO.fullmatch(text):
        return time.time() - int(ago[1]) * _UNITS[ago[2]]
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{option} {text}: a time such as 90m, 12h, 7d or 2w ago is expected, or a date: 2026-11-28"
        ) from None
    return (given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp()
