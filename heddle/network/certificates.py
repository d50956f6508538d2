"""Ask nodes for the certificates that they present, and tell what has expired."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509

from heddle.errors import FabricError, IdentityError
from heddle.fabric.connection import Connections
from heddle.fabric.node import Node
from heddle.fabric.tls import presented_certificate
from heddle.identity.expiry import not_after
from heddle.identity.keys import load_certificate
from heddle.network.instance import InstanceOutput, NodeOutput
from heddle.planner.facts import CertificateFacts, NoAnswer, NodeFacts

__all__ = ["Expired", "ask_certificate", "expired_answer", "expired_of_instance", "expired_of_node"]

_RAISE = "raise `certificates.renewal` in the stack file by one, then run `heddle up`"
_UP = "`heddle up` restarts it with the certificate that was issued since"
_AUTHORITY = "renewal does not heal it: see docs/operations/certificates.md"


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
        issued = _valid_until(node.tls_certificate) if node.tls_certificate else None
        newer = issued is not None and issued > now
        remedy = _AUTHORITY if shown.authority_expired else _UP if newer else _RAISE
        yield Expired(what="its TLS certificate", not_after=shown.not_after, remedy=remedy)
    yield from _expired("its enrolment certificate", node.identity_certificate, _RAISE, now)


def expired_of_instance(instance: InstanceOutput, now: datetime | None = None) -> Iterator[Expired]:
    """Return the authorities and the clients' certificates of an instance that have expired."""
    now = now or datetime.now(UTC)
    for name, organization in instance.organizations.items():
        for kind, pem in (
            ("authority", organization.ca_certificate),
            ("TLS authority", organization.tls_ca_certificate),
        ):
            yield from _expired(f"the {kind} of {name}", pem, _AUTHORITY, now)
        for user, pem in organization.users.items():
            yield from _expired(f"the certificate of {user} of {name}", pem, _RAISE, now)
    words = "the client certificate for the orderers' admin endpoints"
    yield from _expired(words, instance.admin_tls_certificate, _RAISE, now)
    words = "the client certificate for the operations endpoints"
    yield from _expired(words, instance.operations_tls_certificate, _RAISE, now)


def _expired(what: str, pem: str | None, remedy: str, now: datetime) -> Iterator[Expired]:
    end = _valid_until(pem) if pem else None
    if end is not None and end <= now:
        yield Expired(what=what, not_after=end, remedy=remedy)


def _valid_until(pem: str) -> datetime | None:
    """Return the end of a certificate; None for one that cannot be read, which others refuse."""
    try:
        return not_after(pem.encode())
    except IdentityError:
        return None
