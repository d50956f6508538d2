"""Say which runbooks may act by themselves: those that somebody named, and that change anything. Pure."""

from collections.abc import Iterable
from typing import Final, get_args

from heddle.errors import RunbookError
from heddle.spec.monitoring import ActingRunbook

__all__ = ["ACTING", "allowed_runbooks"]

ACTING: Final = frozenset(get_args(ActingRunbook))
"""Names of the runbooks that can be allowed; the stack file takes the same ones."""


def allowed_runbooks(said: Iterable[str], given: Iterable[str]) -> frozenset[str]:
    """Return the runbooks that may act: those that the stack file says and those of `--act`, together.

    Raises RunbookError for one of `--act` that there is not, or that only looks.
    """
    given = tuple(given)
    for name in given:
        if name not in ACTING:
            raise RunbookError(
                f"--act {name}: there is no runbook of this name that changes anything",
                hint=f"There is: {', '.join(sorted(ACTING))}.",
            )
    return frozenset((*said, *given))
