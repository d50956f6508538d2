"""Ask nodes for the certificates that they present, and tell what has expired."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography import x509

from heddle.errors import FabricError, IdentityError
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.fabric.tls import presented_certificate
from heddle.identity.expiry import not_after
from heddle.identity.keys import load_certificate
from heddle.network.instance import InstanceOutput, NodeOutput
from heddle.network.inventory import TLS_WORDS, Registered, of_instance, of_node
from heddle.network.purposes import (
    AUTHORITY,
    EXTERNAL_ROOT,
    EXTERNAL_TLS_ROOT,
    RESTART,
    SOON,
    TLS,
    TLS_AUTHORITY,
    YEAR,
)
from heddle.planner.facts import CertificateFacts, NoAnswer, NodeFacts
from heddle.planner.remedies import ENDED, RENEW
from heddle.text import counted

__all__ = [
    "Expired",
    "ask_certificate",
    "ending_authorities",
    "ending_of",
    "ending_soon",
    "expired_answer",
    "expired_of_instance",
    "expired_of_node",
]

_HELD_BY_CLIENTS: Final = (AUTHORITY, TLS_AUTHORITY, EXTERNAL_ROOT, EXTERNAL_TLS_ROOT)


@dataclass(frozen=True, kw_only=True)
class Expired:
    """Name a certificate that has expired, since when, and what heals it."""

    what: str
    not_after: datetime
    remedy: str

    def __str__(self) -> str:
        return f"{self.what} expired on {self.not_after:%Y-%m-%d at %H:%M} UTC"


async def ask_certificate(
    connections: Connections, node: Node, issued: Collection[bytes] = (), *, deadline: float
) -> CertificateFacts | None:
    """Return what a node's TLS certificate says, also of one that has expired; None where none was seen.

    `issued`: certificates, PEM, that the state issued to the node. One with another key is none of the node's
    and counts as not seen, since nothing else protects a certificate whose date is ignored.
    """
    try:
        shown = await presented_certificate(connections.dialer, node, deadline=deadline)
        known = [load_certificate(pem).public_key() for pem in issued]
        authorities = [not_after(pem) for pem in node.tls_root_certificates]
    except (FabricError, IdentityError):
        return None  # the node's other answers tell why
    if known and shown.public_key() not in known:
        return None
    return _facts(shown, authorities)


def _facts(shown: x509.Certificate, authorities: Collection[datetime]) -> CertificateFacts:
    now = datetime.now(UTC)
    return CertificateFacts(
        not_after=shown.not_valid_after_utc,
        expired=shown.not_valid_after_utc <= now,
        authority_expired=bool(authorities) and max(authorities) <= now,
    )


def expired_answer(node: Node, certificate: CertificateFacts | None) -> NoAnswer | None:
    """Return why a node with an expired certificate cannot be asked by gRPC; None if that is not the reason.

    gRPC verifies dates, as every other client and node does.
    """
    if certificate is None or not certificate.expired:
        return None
    return NoAnswer(reason=f"{node.at()}: {certificate}", cause=str(certificate), hint=certificate.remedy)


def expired_of_node(node: NodeOutput, facts: NodeFacts, now: datetime | None = None) -> Iterator[Expired]:
    """Return what a node presents or was issued, and has expired.

    Where the state holds a newer certificate than the node presents, the node only has to restart.
    """
    now = now or datetime.now(UTC)
    shown = facts.certificate
    if shown is not None and shown.expired:
        issued = ending_of(node.tls_certificate) if node.tls_certificate else None
        newer = issued is not None and issued > now
        remedy = ENDED if shown.authority_expired else RESTART if newer else RENEW
        yield Expired(what=TLS_WORDS, not_after=shown.not_after, remedy=remedy)
    for each in of_node(node):
        if each.purpose is not TLS:
            yield from _expired(each, now)


def expired_of_instance(instance: InstanceOutput, now: datetime | None = None) -> Iterator[Expired]:
    """Return the authorities and the clients' certificates of an instance that have expired."""
    now = now or datetime.now(UTC)
    for each in of_instance(instance):
        yield from _expired(each, now)


def ending_soon(instance: InstanceOutput, now: datetime | None = None) -> str:
    """Return in a line how many certificates of an instance end soon, and the first of them; empty if none.

    Those that have ended are named one by one elsewhere.
    """
    now = now or datetime.now(UTC)
    nodes = (*instance.orderers, *instance.peers)
    found = [*of_instance(instance), *(each for node in nodes for each in of_node(node))]
    lines = []
    for window, words in ((SOON, f"{SOON.days} days"), (YEAR, "a year")):
        known = [
            (end, each) for each in found if each.purpose.soon == window and (end := ending_of(each.pem))
        ]
        ends = [(end, each) for end, each in known if now < end <= now + window]
        if ends:
            lines.append(_in_words(ends, words, now))
    return "; ".join(lines)


def ending_authorities(instance: InstanceOutput, now: datetime | None = None) -> list[str]:
    """Return a line for each authority that ends within a year: files for clients hold it until then.

    Those of other organizations are among them, whose administrators tell nobody here.
    """
    now = now or datetime.now(UTC)
    found = [each for each in of_instance(instance) if each.purpose in _HELD_BY_CLIENTS]
    ends = {each: end for each in found if (end := ending_of(each.pem)) and end <= now + YEAR}
    return [
        f"{each.what} {'ended' if end <= now else 'ends'} on {end:%Y-%m-%d}: these files hold it. "
        "Write them anew once another one stands beside it."
        for each, end in sorted(ends.items(), key=lambda pair: pair[1])
    ]


def _in_words(ends: Sequence[tuple[datetime, Registered]], window: str, now: datetime) -> str:
    end, first = min(ends, key=lambda pair: pair[0])
    nouns = ("certificate", "") if first.purpose.soon == SOON else ("authority", "authorities")
    count = f"{counted(len(ends), *nouns)} {'ends' if len(ends) == 1 else 'end'}"
    left = counted((end - now).days, "day")
    return f"{count} within {window}, the first in {left}: {first.purpose.name} of {first.whose}"


def _expired(registered: Registered, now: datetime) -> Iterator[Expired]:
    end = ending_of(registered.pem)
    if end is not None and end <= now:
        yield Expired(what=registered.what, not_after=end, remedy=registered.purpose.remedy_at(end, now))


def ending_of(pem: str) -> datetime | None:
    """Return the end of a certificate; None for one that cannot be read, which others refuse."""
    try:
        return not_after(pem.encode())
    except IdentityError:
        return None
