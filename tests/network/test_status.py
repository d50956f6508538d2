"""Judging a node's answers: what is wrong fits in a line that a person can act on."""

import pytest

from heddle.network.status import channel_nodes, judge_node
from heddle.planner.facts import Answer, LedgerState, NoAnswer, NodeFacts
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
