"""Judging a node's answers: what is wrong fits in a line that a person can act on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from heddle.identity.authority import Authority, new_authority
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.network.certificates import ending_authorities, expired_of_instance
from heddle.network.status import channel_nodes, judge_node
from heddle.planner.facts import Answer, CertificateFacts, LedgerState, NoAnswer, NodeFacts
from tests.network.samples import sample_network

SILENT = NoAnswer(
    reason="orderer0 (host:7050): channel c: no answer: \nit is gone",
    cause='pods "orderer0-0" not found\n',
    hint="Look at its StatefulSet.",
)
ACTIVE = LedgerState(relation="consenter", status="active", height=7)


def judged(answers: dict[str, Answer], version: str | NoAnswer = "3.1.5") -> tuple[str, int]:
    """The line about an orderer, and the number of its problems."""
    facts = NodeFacts(name="orderer0", kind="orderer", address="", channels=answers, version=version)
    status = judge_node(sample_network().instance.orderers[0], facts)
    assert "\n" not in status.summary
    return status.summary, len(status.problems)


@pytest.mark.parametrize(
    ("answers", "version", "line", "problems"),
    [
        ({"c": ACTIVE}, "3.1.5", "", 0),
        (
            {"c": SILENT},
            SILENT,
            'does not answer: pods "orderer0-0" not found. Look at its StatefulSet.',
            1,
        ),
        ({"c": ACTIVE}, SILENT, 'version: pods "orderer0-0" not found. Look at its StatefulSet.', 1),
        ({"c": None}, "3.1.5", "c: not joined; `heddle refresh`, then `heddle preview` say what to do", 1),
        (
            {"c": None, "d": None},
            "3.1.5",
            "c: not joined; `heddle refresh`, then `heddle preview` say what to do (and 1 more)",
            2,
        ),
        (
            {"c": LedgerState(relation="follower", status="active", height=7)},
            "3.1.5",
            "c: follower/active, not consenter/active; `heddle channel show` says who orders",
            1,
        ),
        (
            {"c": replace(ACTIVE, state_height=0)},
            "3.1.5",
            "c: its database has the state of 0 of 7 blocks; `heddle up` restarts it, and it makes the state "
            "anew from its blocks",
            1,
        ),
        ({"c": replace(ACTIVE, state_height=6)}, "3.1.5", "", 0),
        (
            {"c": replace(ACTIVE, state_height=NoAnswer(reason="c: silence", cause="connection refused"))},
            "3.1.5",
            "c: its database: connection refused",
            1,
        ),
    ],
)
def test_what_is_wrong_is_one_line(
    answers: dict[str, Answer], version: str | NoAnswer, line: str, problems: int
) -> None:
    """Silence is said once, the first of several problems with the number of the others."""
    assert judged(answers, version) == (line, problems)


def test_nodes_of_a_channel_are_those_that_were_asked_about_it() -> None:
    """A node that was not asked is not on it; one that is silent is, with the reason."""
    facts = [
        NodeFacts(name="a", kind="orderer", channels={"c": ACTIVE}),
        NodeFacts(name="b", kind="peer", channels={"c": SILENT}),
        NodeFacts(name="d", kind="peer", channels={"other": None}),
    ]

    first, second = channel_nodes(facts, "c")

    assert (first.node, first.role, first.state, first.height) == ("a", "consenter", "active", 7)
    assert (second.node, second.role, second.state, second.height) == ("b", "peer", "no answer", 0)
    assert second.trouble.startswith('pods "orderer0-0" not found')


LONG_AGO = datetime.now(UTC) - timedelta(days=400)
OLD = new_authority(common_name="ca", organization="o", now=LONG_AGO)
ENDED = (
    "no `up` heals that; docs/operations/authorities.md says under 'An authority has ended' what stops and "
    "what is left"
)
RENEW = (
    "run `heddle up`; without `certificates.renewBefore` in the stack file, raise `certificates.renewal` by "
    "one first"
)


def certificate(authority: Authority, now: datetime | None = None) -> str:
    request = CertificateRequest(common_name="n", hosts=("n",), usage=Usage.TLS)
    return issue(authority, request, now=now).certificate.decode()


@pytest.mark.parametrize(
    ("issued", "authority_expired", "remedy"),
    [
        (certificate(OLD, LONG_AGO), False, RENEW),
        (certificate(OLD), False, "`heddle up` restarts it with the certificate that was issued since"),
        (None, False, RENEW),
        (None, True, ENDED),
    ],
)
def test_an_expired_certificate_is_named_with_what_heals_it(
    issued: str | None, authority_expired: bool, remedy: str
) -> None:
    """It is the reason of all else, so it comes first, also for a node that is silent because of it."""
    node = replace(sample_network().instance.orderers[0], tls_certificate=issued)
    shown = CertificateFacts(
        not_after=datetime(2026, 11, 28, 9, 30, tzinfo=UTC), expired=True, authority_expired=authority_expired
    )
    facts = NodeFacts(
        name=node.name, kind="orderer", channels={"c": SILENT}, version=SILENT, certificate=shown
    )

    status = judge_node(node, facts)

    assert status.summary == (
        f"its TLS certificate expired on 2026-11-28 at 09:30 UTC; {remedy} (and 2 more)"
    )
    assert status.certificate_expires == "2026-11-28T09:30:00+00:00"


def test_an_expired_enrolment_certificate_is_named() -> None:
    """The node runs on, and does not start again."""
    node = replace(sample_network().instance.orderers[0], identity_certificate=certificate(OLD, LONG_AGO))

    status = judge_node(node, NodeFacts(name=node.name, kind="orderer", channels={"c": ACTIVE}))

    assert status.summary.startswith("its enrolment certificate expired on ")
    assert status.summary.endswith(RENEW)


def test_authorities_that_clients_hold_are_named_a_year_before_they_end() -> None:
    """Also those of organizations that are managed elsewhere; not certificates that only nodes have."""
    instance = sample_network().instance
    soon, ended = (
        new_authority(common_name="ca", organization="o", now=LONG_AGO, validity_days=days)
        for days in ((datetime.now(UTC) - LONG_AGO).days + 100, 30)
    )
    one, two = (
        replace(instance.organizations[name], tls_ca_certificate=each.certificate.decode())
        for name, each in (("one", soon), ("two", ended))
    )
    instance = replace(instance, organizations={"one": one, "two": replace(two, users={})})

    lines = ending_authorities(instance)

    assert [line.split(" on ")[0] for line in lines] == [
        "the TLS authority of two ended",
        "the TLS authority of one ends",
    ]


def test_expired_authorities_and_clients_are_named() -> None:
    """What this stack's commands act with has dates, too; an authority is not healed by renewal."""
    instance = sample_network().instance
    short = new_authority(common_name="ca", organization="o", now=LONG_AGO, validity_days=30)
    one = replace(
        instance.organizations["one"],
        tls_ca_certificate=short.certificate.decode(),
        users={"admin": certificate(OLD, LONG_AGO), "user": certificate(OLD)},
    )
    instance = replace(instance, organizations={"one": one}, admin_tls_certificate=certificate(OLD, LONG_AGO))

    expired = {each.what: each.remedy for each in expired_of_instance(instance)}

    assert expired == {
        "the TLS authority of one": ENDED,
        "the certificate of admin of one": RENEW,
        "the client certificate for the orderers' admin endpoints": RENEW,
    }


@pytest.mark.parametrize(
    ("image", "version", "shown"),
    [
        ("docker.io/hyperledger/fabric-orderer:3.1.5", "v3.1.5", "v3.1.5"),
        ("docker.io/hyperledger/fabric-orderer:3.1", "v3.1.4", "v3.1.4"),
        ("docker.io/hyperledger/fabric-orderer:3.1.5", "v3.1.4", "v3.1.4, to be 3.1.5"),
        ("docker.io/hyperledger/fabric-orderer:3.1.5", SILENT, "unknown, to be 3.1.5"),
        ("localhost/heddle/standin:0.1.0", "v3.1.4", "v3.1.4"),
        (None, "v3.1.4", "v3.1.4"),
    ],
)
def test_a_release_is_shown_beside_the_one_that_is_to_come(
    image: str | None, version: str | NoAnswer, shown: str
) -> None:
    """A rollout that stopped half-way is seen; an image that tells nothing is not held against its node."""
    node = replace(sample_network().instance.orderers[0], image=image)
    facts = NodeFacts(name=node.name, kind="orderer", channels={"c": ACTIVE}, version=version)
    found = judge_node(node, facts)
    assert found.release == shown
    assert found.image == (image or "")
