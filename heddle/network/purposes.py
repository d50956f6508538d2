"""Name what the certificates of a network are for, what stops when one ends, and what heals it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from heddle.planner.remedies import ENDED, RENEW

__all__ = [
    "ADMIN",
    "ADMIN_ENDPOINTS",
    "AUTHORITY",
    "ENROLMENT",
    "EXTERNAL_ROOT",
    "EXTERNAL_TLS_ROOT",
    "OPERATIONS",
    "OPERATIONS_AUTHORITY",
    "PERSON",
    "RESTART",
    "SERVER",
    "SOON",
    "TLS",
    "TLS_AUTHORITY",
    "USER",
    "YEAR",
    "Purpose",
]

SOON: Final = timedelta(days=30)
YEAR: Final = timedelta(days=365)
RESTART: Final = "`heddle up` restarts it with the certificate that was issued since"
_EXCHANGE: Final = "exchange it before it ends: docs/operations/authorities.md"
_ELSEWHERE: Final = "its administrators put a new one beside it on the channel in good time"


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """Describe a use of certificates: `name` in a few words, `stops` in a sentence, `remedy` in a clause.

    ended: what to do once one has ended, in a clause, where that is something else.
    """

    name: str
    stops: str
    remedy: str = RENEW
    ended: str = ""

    def remedy_at(self, end: datetime, now: datetime) -> str:
        """Return what to do about a certificate that ends at that moment."""
        return self.ended if self.ended and end <= now else self.remedy

    @property
    def soon(self) -> timedelta:
        """Return how long before its end people are told: to exchange an authority takes planning."""
        return YEAR if self.remedy in {_EXCHANGE, _ELSEWHERE} else SOON


TLS: Final = Purpose(
    name="TLS", stops="Nodes and clients refuse new connections to the node; only those that are open go on."
)
ENROLMENT: Final = Purpose(
    name="enrolment", stops="The node runs on until it restarts, and does not start again."
)
AUTHORITY: Final = Purpose(
    name="authority",
    stops="All that it issued has ended, too: its organization's nodes run on until they restart, and do not "
    "start again; what its members sign is refused.",
    remedy=_EXCHANGE,
    ended=ENDED,
)
TLS_AUTHORITY: Final = Purpose(
    name="TLS authority",
    stops="All that it issued has ended, too: nobody connects to its organization's nodes any more.",
    remedy=_EXCHANGE,
    ended=ENDED,
)
ADMIN: Final = Purpose(
    name="administrator",
    stops="Nodes refuse what it signs: channel updates, approvals, and what Heddle asks in its name.",
)
USER: Final = Purpose(name="user", stops="Nodes refuse what clients sign with it.")
ADMIN_ENDPOINTS: Final = Purpose(
    name="client of admin ports",
    stops="The orderers' admin ports refuse Heddle: it joins and looks at no channel there.",
)
OPERATIONS: Final = Purpose(
    name="client of operations",
    stops="Operations ports refuse whoever shows it: versions and metrics are not read any more.",
)
OPERATIONS_AUTHORITY: Final = Purpose(
    name="authority of operations",
    stops="Operations ports refuse every client: versions and metrics are not read any more.",
    remedy=_EXCHANGE,
)
SERVER: Final = Purpose(
    name="TLS of the chaincode",
    stops="Peers refuse new connections to the chaincode's server: its transactions fail from then on.",
)
EXTERNAL_ROOT: Final = Purpose(
    name="root on channels",
    stops="Its members' certificates have ended, too: nodes refuse what they sign.",
    remedy=_ELSEWHERE,
)
EXTERNAL_TLS_ROOT: Final = Purpose(
    name="TLS root on channels",
    stops="Nodes and clients refuse connections to the nodes below it.",
    remedy=_ELSEWHERE,
)
PERSON: Final = Purpose(
    name="yourself",
    stops="Nodes refuse what you sign, and so every question of yours.",
    remedy="ask for another access folder: `heddle access grant`",
)
