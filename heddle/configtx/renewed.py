"""Tell renewed certificates from new ones: those of a channel may differ in bytes and be the wanted ones."""

from dataclasses import replace
from typing import TypeVar

from heddle.configtx.moved import moved_consenters
from heddle.configtx.settings import ChannelSettings, Consenter, OrdererOrganization, PeerOrganization
from heddle.identity.keys import authority_of, public_key_of
from heddle.identity.msp import Msp
from heddle.identity.revocation import lists_in_force

__all__ = ["keep_renewed"]

_Member = TypeVar("_Member", OrdererOrganization, PeerOrganization)


def keep_renewed(wanted: ChannelSettings, live: ChannelSettings) -> ChannelSettings:
    """Return the wanted settings, with everything that is no difference as the channel has it.

    A consenter's certificate that was renewed with the same key needs no configuration update (docs
    raft_configuration.md; Fabric compares public keys, of BFT's enrolment certificates since 3.1.2). One of
    another authority does: Fabric refuses to take an authority from a channel that knows a consenter by it
    (etcdraft/util.go VerifyConfigMetadata).
    Revocation lists of the channel stay until a wanted one covers them: no revocation is taken back.
    """
    in_force = {each.address: each for each in live.consenters} | moved_consenters(wanted, live)
    consenters = []
    for consenter in wanted.consenters:
        current = in_force.get(consenter.address, consenter)
        kept = replace(current, host=consenter.host, port=consenter.port)
        consenters.append(kept if _known_by(current) == _known_by(consenter) else consenter)
    return replace(
        wanted,
        consenters=tuple(consenters),
        orderer_organizations=_revoked_as(wanted.orderer_organizations, live.orderer_organizations),
        peer_organizations=_revoked_as(wanted.peer_organizations, live.peer_organizations),
    )


def _revoked_as(wanted: tuple[_Member, ...], live: tuple[_Member, ...]) -> tuple[_Member, ...]:
    """Return the organizations, each with the revocation lists that it has on the channel or will have."""
    lists = {each.name: each.msp.revocation_lists for each in live}
    return tuple(replace(each, msp=_revoking(each.msp, lists.get(each.name, ()))) for each in wanted)


def _revoking(msp: Msp, live: tuple[bytes, ...]) -> Msp:
    authorities = (*msp.root_certificates, *msp.intermediate_certificates)
    return replace(msp, revocation_lists=lists_in_force(msp.revocation_lists, live, authorities))


def _known_by(consenter: Consenter) -> tuple[object, ...]:
    """Return what a consenter is known by: its certificates' keys and authorities and, of BFT, its number."""
    pems = (consenter.client_tls_certificate, consenter.server_tls_certificate, consenter.identity)
    known = ((public_key_of(pem), authority_of(pem)) if pem else b"" for pem in pems)
    return *known, consenter.id, consenter.msp_id
