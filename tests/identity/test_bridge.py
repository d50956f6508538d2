"""The bridge from a former TLS authority to the next one."""

from datetime import UTC, datetime, timedelta

import pytest

from heddle.errors import IdentityError
from heddle.identity.authority import Authority, new_authority
from heddle.identity.bridge import bridge, may_bridge, presented_beneath
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.identity.chain import TrustStore
from heddle.identity.expiry import not_after
from tests.identity.offline import OfflineRoot

SERVER = CertificateRequest(common_name="peer0", hosts=("peer0.fabric",), usage=Usage.TLS)


def _authority(number: int, **times: object) -> Authority:
    return new_authority(common_name=f"TLS CA {number}", organization="one", **times)  # type: ignore[arg-type]  # two dates


def test_who_knows_the_old_root_alone_accepts_the_new_certificates() -> None:
    """With the bridge beneath them, and only with it; who knows the new root needs none."""
    old, new = _authority(1), _authority(2)
    certificate = issue(new, SERVER).certificate
    between = bridge(old, new.certificate)
    assert not TrustStore([old.certificate]).trusts(certificate)
    assert TrustStore([old.certificate], [between]).trusts(certificate)
    assert TrustStore([new.certificate]).trusts(certificate)
    assert TrustStore([new.certificate], [between]).trusts(certificate)


def test_bridges_lead_over_generations() -> None:
    """A package of the first generation accepts the third."""
    one, two, three = map(_authority, (1, 2, 3))
    bridges = [bridge(two, three.certificate), bridge(one, two.certificate)]
    assert TrustStore([one.certificate], bridges).trusts(issue(three, SERVER).certificate)


def test_the_same_authorities_have_the_same_bridge() -> None:
    """Else every preview would restart nodes; it ends with the first of both."""
    old, new = _authority(1, validity_days=30), _authority(2)
    assert bridge(old, new.certificate) == bridge(old, new.certificate)
    assert not_after(bridge(old, new.certificate)) == not_after(old.certificate)


def test_an_authority_that_has_ended_has_no_bridge() -> None:
    past = datetime.now(UTC) - timedelta(days=10)
    with pytest.raises(IdentityError, match="never valid together"):
        bridge(_authority(1, validity_days=1, now=past), _authority(2).certificate)


def test_an_authority_with_no_room_beneath_it_makes_no_bridge() -> None:
    """Who knows it alone would refuse what stands beneath the bridge."""
    root = OfflineRoot()
    assert may_bridge(root.authority("ca", "one").certificate)
    assert may_bridge(root.pem.encode())
    assert not may_bridge(root.authority("ca", "one", path_length=0).certificate)


def test_what_a_server_presents_leads_to_every_root_that_is_known() -> None:
    """Bridges first, since OpenSSL turns back from no issuer; roots and strangers are left out."""
    old, root = new_authority(common_name="old", organization="one"), OfflineRoot()
    new = root.authority("new", "one", path_length=0)
    bridged, own = bridge(old, new.certificate).decode(), new.certificate.decode()
    stranger = root.authority("stranger", "one").certificate.decode()
    known = [bridged, root.pem, own, stranger, old.certificate.decode(), own]

    assert presented_beneath(new.certificate, known) == [bridged, own]
