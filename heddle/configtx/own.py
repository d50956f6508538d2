"""Tell the consenters of one's own organizations from those of others."""

from collections.abc import Collection

from heddle.configtx.settings import ChannelSettings
from heddle.errors import IdentityError
from heddle.identity.chain import TrustStore

__all__ = ["own_consenters"]


def own_consenters(msp_ids: Collection[str], *states: ChannelSettings) -> frozenset[str]:
    """Return the addresses (host:port) of consenters whose certificates are of these organizations.

    Raft does not write on the ledger whose a consenter is; the authority of its TLS certificate tells.

    Args:
        msp_ids: one's own orderer organizations.
        states: the channel's settings at several moments, each with the authorities of its moment.
    """
    msps = [
        organization.msp
        for state in states
        for organization in state.orderer_organizations
        if organization.msp.msp_id in msp_ids
    ]
    try:
        own = TrustStore(
            (pem for msp in msps for pem in msp.tls_root_certificates),
            (pem for msp in msps for pem in msp.tls_intermediate_certificates),
        )
    except IdentityError:
        return frozenset()
    consenters = [consenter for state in states for consenter in state.consenters]
    return frozenset(each.address for each in consenters if _trusts(own, each.server_tls_certificate))


def _trusts(store: TrustStore, certificate: bytes) -> bool:
    try:
        return store.trusts(certificate)
    except IdentityError:
        return False
