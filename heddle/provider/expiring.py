"""Say of certificates that end whether `up` renews them now, and warn where it does not."""

from datetime import UTC, datetime, timedelta

from heddle.durations import period, timestamp
from heddle.identity.expiry import expires_within, is_due, not_after
from heddle.provider.handler import Call
from heddle.provider.session import Session
from heddle.text import counted

__all__ = ["due_now", "ending", "warn_before_expiry"]


def due_now(call: Call) -> bool:
    """Tell whether the certificate of a resource ends within its `renewBefore`, so that it is renewed.

    False where the authority is not known yet: another one means a new certificate anyway.
    """
    certificate, window = call.old_outputs.get("certificate"), call.inputs.get("renewBefore")
    authority, days = call.inputs["authorityCertificate"], call.inputs["validityDays"]
    if not (isinstance(certificate, str) and isinstance(window, str) and isinstance(authority, str)):
        return False
    if not isinstance(days, int):
        return False
    return is_due(certificate.encode(), authority.encode(), period(window), timedelta(days=days))


def ending(certificate: bytes) -> str:
    """Return when a certificate ends, as "ends in 12 days, on 2026-12-10T09:12:00Z"."""
    end = not_after(certificate)
    left = end - datetime.now(UTC)
    time = counted(left.days, "day") if left.days else "less than a day"
    return f"{f'ends in {time}' if left > timedelta() else 'has ended'}, on {timestamp(end)}"


async def warn_before_expiry(session: Session, call: Call, *, days: int, hint: str) -> None:
    """Warn beneath the resource when its certificate has fewer than `days` left."""
    certificate = str(call.old_outputs.get("certificate", "")).encode()
    if not certificate or not expires_within(certificate, days):
        return
    end = not_after(certificate)
    left = (end - datetime.now(UTC)).days
    when = f"expires in {counted(left, 'day')}" if left >= 0 else "has expired"
    await session.warn(f"certificate {call.id} {when}, on {timestamp(end)}\n{hint}", call.urn)
