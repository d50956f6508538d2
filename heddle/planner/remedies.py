"""Say what heals, where more than one place tells it: as a clause, without the dot at its end."""

from typing import Final

__all__ = ["RENEW"]

RENEW: Final = (
    "run `heddle up`; without `certificates.renewBefore` in the stack file, raise `certificates.renewal` by "
    "one first"
)
"""What to do about a certificate that has ended. With `renewBefore` each `up` renews it."""
