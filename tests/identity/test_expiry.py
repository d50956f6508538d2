"""When a certificate is due: within the window before its end, and only if a new one would last longer."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from heddle.identity.authority import Authority, new_authority
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.identity.expiry import is_due

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
LONG = new_authority(common_name="ca", organization="o", now=BEGIN)
SHORT = new_authority(common_name="ca", organization="o", now=BEGIN, validity_days=40)
SECOND = timedelta(seconds=1)


def _issued(authority: Authority, days: int, now: datetime = BEGIN) -> bytes:
    request = CertificateRequest(common_name="n", usage=Usage.TLS, validity_days=days)
    return issue(authority, request, now=now).certificate


LASTING = {days: _issued(LONG, days) for days in (1, 30, 365)}


@given(
    days=st.sampled_from(sorted(LASTING)),
    window=st.integers(1, 24 * 3600),
    left=st.integers(-(10**7), 10**7),
)
def test_a_certificate_is_due_exactly_within_the_window(days: int, window: int, left: int) -> None:
    """When end − now ≤ window, to the second, also after its end. The window is shorter than it lasts."""
    end, length = BEGIN + timedelta(days=days), timedelta(seconds=window) - SECOND
    now = end - timedelta(seconds=left)

    due = is_due(LASTING[days], LONG.certificate, length, timedelta(days=days), now)

    assert due == (timedelta(seconds=left) <= length)


@given(begun=st.integers(0, 40 * 24), window=st.integers(1, 29 * 24), validity=st.integers(30, 90))
def test_renewals_come_to_an_end_with_the_authority(begun: int, window: int, validity: int) -> None:
    """What cannot last longer is not renewed: else each `up` would restart all nodes."""
    now = BEGIN + timedelta(hours=begun, seconds=-1)
    lasting, length = timedelta(days=validity), timedelta(hours=window)

    renewed = _issued(SHORT, validity, now)

    assert not is_due(renewed, SHORT.certificate, length, lasting, now)


def test_an_authority_that_has_ended_renews_nothing() -> None:
    """Asking it to would fail every `up`."""
    short, end = _issued(SHORT, 10), BEGIN + timedelta(days=40)
    window, lasting = timedelta(days=5), timedelta(days=10)

    assert is_due(short, SHORT.certificate, window, lasting, end - SECOND)
    assert not is_due(short, SHORT.certificate, window, lasting, end)
