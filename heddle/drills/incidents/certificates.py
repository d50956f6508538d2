"""An incident of certificates: one ends within a day."""

from typing import Any, Final

from heddle.drills.ground import Ground
from heddle.drills.model import UP, Drill, Edits, Facts
from heddle.errors import DrillError
from heddle.runbooks.following import start_heddle

__all__ = ["ENDING"]

_USUAL: Final = 365
"""Days of validity where the stack file says none."""
_VALIDITY: Final = ("certificates", "validityDays")
_RENEWALS: Final = ("certificates", "renew")


async def _user(ground: Ground) -> Facts:
    """Choose the user of the first organization here: nothing restarts for its certificate."""
    organization = next(iter(dict.fromkeys(peer.organization for peer in ground.instance.peers)))
    holder = f"user@{organization}"
    renewals: dict[str, Any] = ground.wanted(*_RENEWALS) or {}
    return {
        "holder": holder,
        "days": ground.wanted(*_VALIDITY) or _USUAL,
        "ending": renewals.get(holder, 0) + 1,
    }


async def _end_soon(ground: Ground, facts: Facts) -> None:
    renewals = {**(ground.wanted(*_RENEWALS) or {}), facts["holder"]: facts["ending"]}
    ground.edit({_VALIDITY: 1})
    ground.edit({_RENEWALS: renewals})
    answer = await start_heddle(("up", ground.stack, "--yes"), ground.folder)
    if answer.code:
        raise DrillError(f"`{answer.line}` ended with {answer.code}: {answer.end}", hint="Run it by hand.")


async def _renew(ground: Ground, facts: Facts) -> Edits:
    """Return the edit of the page: the usual validity, and one more renewal."""
    renewals = ground.wanted(*_RENEWALS) or {}
    number = max(renewals.get(facts["holder"], 0), facts["ending"]) + 1
    return {_VALIDITY: facts["days"], _RENEWALS: {**renewals, facts["holder"]: number}}


ENDING = Drill(
    name="certificate-ending",
    summary="The certificate of one user is issued anew, for a single day.",
    alarms=("CertificateEnds", "CertificateEndsInAWeek"),
    page="certificates.md",
    choose=_user,
    cause=_end_soon,
    mend=_renew,
    commands=UP,
)
