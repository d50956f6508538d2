"""Roots of other organizations end, too: previews of a channel say so a year before."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from heddle.identity.authority import new_authority
from heddle.plugin.values import UNKNOWN
from heddle.provider.channel.outside import ends_outside

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def root(days: int) -> str:
    authority = new_authority(
        common_name="ca", organization="o", validity_days=days + 10, now=NOW - timedelta(days=10)
    )
    return authority.certificate.decode()


def member(msp_id: str, days: int, tls_days: int = 5000, **more: Any) -> dict[str, Any]:
    msp = {"mspId": msp_id, "rootCertificates": [root(days)], "tlsRootCertificates": [root(tls_days)], **more}
    return {"name": msp_id, "msp": msp}


def inputs(*members: Any, signers: Any = None) -> dict[str, Any]:
    own = [{"mspId": "Mine"}] if signers is None else signers
    return {"ordererOrganizations": [], "peerOrganizations": [*members], "signers": own}


def test_what_ends_within_a_year_is_named_with_what_stops() -> None:
    """Roots and intermediates, of identities and of TLS; not those of this stack, whose authorities warn."""
    theirs = member("Theirs", 100, 366, tlsIntermediateCertificates=[root(-1)])

    lines = ends_outside(inputs(member("Mine", 5), theirs), NOW).splitlines()

    assert [line.partition(":")[0] for line in lines[:-1]] == [
        "a root of Theirs ends in 100 days, on 2027-03-08T12",
        "an intermediate TLS authority of Theirs has ended, on 2026-11-27T12",
    ]
    assert "nodes refuse what they sign" in lines[0]
    assert lines[-1].startswith("Ask its administrators")


@pytest.mark.parametrize(
    "given",
    [
        inputs(member("Theirs", 366)),
        inputs(UNKNOWN),
        inputs(member("Theirs", 5), signers=UNKNOWN),
        {**inputs(), "peerOrganizations": UNKNOWN},
    ],
)
def test_nothing_is_said_of_what_lasts_or_is_unknown(given: dict[str, Any]) -> None:
    """A preview may not know a member yet."""
    assert ends_outside(given, NOW) == ""
