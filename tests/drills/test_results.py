"""The table, the score and the JSON of drills."""

from heddle.drills.model import Outcome, Result
from heddle.drills.results import TITLES, passed_all, report, row, score

PASSED = Result(
    drill="orderer-killed",
    outcome=Outcome.PASSED,
    alarm="ConsenterAway",
    to_alarm=82.4,
    to_recovery=30.6,
    followed=["heddle up dev --yes"],
    sent=400,
    failed=1,
    pause=3.2,
)
HIDDEN = Result(drill="couchdb-away", outcome=Outcome.NOT_SHOWN, why="its peers keep their state in LevelDB")
FAILED = Result(drill="quorum-lost", outcome=Outcome.FAILED, why="none of its alarms fired")


def test_a_row_has_all_figures() -> None:
    """In the order of the titles."""
    assert dict(zip(TITLES, row(PASSED), strict=True)) == {
        "drill": "orderer-killed",
        "outcome": "passed",
        "alarm": "ConsenterAway",
        "to alarm": "82 s",
        "to recovery": "31 s",
        "longest pause": "3 s",
        "failed": "1 of 400",
        "lost": "0",
        "followed": "heddle up dev --yes",
    }


def test_a_row_of_a_drill_that_cannot_be_shown_says_why() -> None:
    """In place of the alarm; one without a figure has a dash."""
    assert row(HIDDEN)[1:3] == ("not shown", HIDDEN.why)
    assert len(row(HIDDEN)) == len(TITLES)
    assert row(FAILED)[2:5] == ("not waited for", "—", "—")


def test_the_score_counts_what_can_be_shown() -> None:
    """All have passed only if one was shown, and none failed."""
    assert score([PASSED, HIDDEN, FAILED]) == "1 of 2 passed"
    assert passed_all([PASSED, HIDDEN])
    assert not passed_all([PASSED, FAILED])
    assert not passed_all([HIDDEN])


def test_json_says_on_what_and_by_which_rules() -> None:
    """Figures of hastened rules are none of real operation."""
    found = report([PASSED], stack="dev", standin=True, hasten=6)

    assert (found["nodes"], found["hasten"], found["passed"]) == ("stand-ins", 6, True)
    assert found["drills"][0]["to_alarm"] == 82.4
