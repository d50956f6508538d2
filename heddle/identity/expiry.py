"""Tell how long a certificate is still valid."""

from datetime import UTC, datetime, timedelta

from heddle.identity.keys import load_certificate

__all__ = ["expires_within", "not_after"]


def not_after(cert_pem: bytes) -> datetime:
    """Return the last moment of validity, in UTC. Raises IdentityError if it cannot be read."""
    return load_certificate(cert_pem).not_valid_after_utc


def expires_within(cert_pem: bytes, days: float, now: datetime | None = None) -> bool:
    """Tell whether fewer than `days` days are left, or none. Raises IdentityError."""
    return not_after(cert_pem) - (now or datetime.now(UTC)) < timedelta(days=days)
