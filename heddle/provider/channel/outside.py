"""Look at the certificates of a channel's members whose keys are not here."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from heddle.durations import timestamp
from heddle.network.certificates import ending_of
from heddle.network.inventory import of_msp
from heddle.plugin.values import has_unknown
from heddle.provider.checked_values import msp
from heddle.text import counted

__all__ = ["ends_outside"]

_WARNED = timedelta(days=365)
"""How long before: to put a new root beside it on every channel takes several organizations."""


def ends_outside(inputs: Mapping[str, Any], now: datetime | None = None) -> str:
    """Return which roots and intermediates of members that do not sign here end within a year; empty if none.

    They are taken from the stack file. What is not known yet is passed over.
    """
    signers = inputs.get("signers") or []
    if has_unknown(signers):
        return ""
    own = {each["mspId"] for each in signers}
    lines = [
        line
        for key in ("ordererOrganizations", "peerOrganizations")
        for member in (inputs[key] if isinstance(inputs[key], list) else ())
        if not has_unknown(member) and member["msp"]["mspId"] not in own
        for line in _ends(member, now or datetime.now(UTC))
    ]
    hint = "Ask its administrators for a new one in good time; put that beside the old one in the stack file."
    return "\n".join([*dict.fromkeys(lines), hint]) if lines else ""


def _ends(member: Mapping[str, Any], now: datetime) -> Iterator[str]:
    for each in of_msp(msp(member["msp"])):
        end = ending_of(each.pem)
        if end is not None and end - now <= _WARNED:
            when = f"ends in {counted((end - now).days, 'day')}" if end > now else "has ended"
            yield f"{each.what} {when}, on {timestamp(end)}: {each.purpose.stops}"
