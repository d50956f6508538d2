"""Find consenters that get another address: Fabric does not know them by it, so they neither come nor go."""

from heddle.configtx.settings import BFT, ChannelSettings, Consenter
from heddle.errors import IdentityError
from heddle.identity.keys import public_key_of

__all__ = ["moved_consenters"]


def moved_consenters(wanted: ChannelSettings, live: ChannelSettings) -> dict[str, Consenter]:
    """Return the consenters that are wanted at another address, by that (host:port), as the channel has them.

    Raft knows a consenter by the key of its client TLS certificate, BFT by its number and the key of its
    enrolment certificate (orderer/consensus/etcdraft/membership.go; smartbft/util.go).
    """
    bft = wanted.consensus == BFT
    staying = {each.address for each in wanted.consenters}
    former = {_known_by(each, bft=bft): each for each in live.consenters if each.address not in staying}
    there = {each.address for each in live.consenters}
    found = {}
    for each in wanted.consenters:
        before = None if each.address in there else former.get(_known_by(each, bft=bft))
        if before is not None:
            found[each.address] = before
    return found


def _known_by(consenter: Consenter, *, bft: bool) -> tuple[object, ...]:
    pem = consenter.identity if bft else consenter.client_tls_certificate
    if not pem:
        return (consenter.address,)
    try:
        key = public_key_of(pem)
    except IdentityError:
        key = pem  # what cannot be read is the same only where it is the same bytes
    return (consenter.id, key) if bft else (key,)
