"""Say what heals, where more than one place tells it: as a clause, without the dot at its end."""

from typing import Final

__all__ = ["ENDED", "RENEW"]

RENEW: Final = (
    "run `heddle up`; without `certificates.renewBefore` in the stack file, raise `certificates.renewal` by "
    "one first"
)
"""What to do about a certificate that has ended. With `renewBefore` each `up` renews it."""

ENDED: Final = (
    "no `up` heals that; docs/operations/authorities.md says under 'An authority has ended' what stops and "
    "what is left"
)
"""What to do about an authority that has ended while no other one was trusted."""
