"""Tell how long a certificate is still valid."""

from datetime import UTC, datetime, timedelta

from heddle.identity.keys import load_certificate

__all__ = ["expires_within", "is_due", "not_after"]


def not_after(cert_pem: bytes) -> datetime:
    """Return the last moment of validity, in UTC. Raises IdentityError if it cannot be read."""
    return load_certificate(cert_pem).not_valid_after_utc


def expires_within(cert_pem: bytes, days: float, now: datetime | None = None) -> bool:
    """Tell whether fewer than `days` days are left, or none. Raises IdentityError."""
    return not_after(cert_pem) - (now or datetime.now(UTC)) < timedelta(days=days)


def is_due(
    cert_pem: bytes,
    authority_pem: bytes,
    window: timedelta,
    validity: timedelta,
    now: datetime | None = None,
) -> bool:
    """Tell whether a certificate is to be renewed: it ends within the window, or has ended.

    One that a renewal would not make last longer is never due: no certificate outlives its authority, so it
    would be renewed again and again. Raises IdentityError.

    Args:
        cert_pem: the certificate.
        authority_pem: the certificate of the authority that would issue the next one.
        window: how long before its end a certificate is renewed.
        validity: how long the next one lasts, if its authority does.
        now: the clock, for tests; the current time without it.
    """
    now = now or datetime.now(UTC)
    end, last = not_after(cert_pem), not_after(authority_pem)
    return end - now <= window and last > now and min(now + validity, last) > end
