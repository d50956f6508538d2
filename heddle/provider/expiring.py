"""Warnings before a certificate expires."""

from datetime import UTC, datetime

from heddle.identity.expiry import expires_within, not_after
from heddle.provider.handler import Call
from heddle.provider.session import Session

__all__ = ["timestamp", "warn_before_expiry"]


def timestamp(moment: datetime) -> str:
    """Return a time as RFC 3339 in UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def warn_before_expiry(session: Session, call: Call, *, days: int, hint: str) -> None:
    """Warn beneath the resource when its certificate has fewer than `days` left."""
    certificate = str(call.old_outputs.get("certificate", "")).encode()
    if not certificate or not expires_within(certificate, days):
        return
    end = not_after(certificate)
    left = (end - datetime.now(UTC)).days
    when = f"expires in {left} days" if left >= 0 else "has expired"
    await session.warn(f"certificate {call.id} {when}, on {timestamp(end)}\n{hint}", call.urn)
