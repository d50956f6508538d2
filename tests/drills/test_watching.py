"""The drill's own Prometheus has the instance's rules; their times alone may be shorter."""

import pytest
import yaml

from heddle.drills.watching import hastened
from heddle.monitoring.alarms import ALARMS, rules_yaml
from heddle.monitoring.targets import Places, Target, config_yaml


def test_rules_stay_as_they_are() -> None:
    """Unless somebody asks for shorter times."""
    text = rules_yaml("dev", "fabric-dev")

    assert hastened(text, 1) == text


def test_waits_are_divided_and_nothing_else() -> None:
    """No wait is shorter than a second; the expressions, with their ranges, are the same."""
    whole = yaml.safe_load(rules_yaml("dev", "fabric-dev"))
    short = yaml.safe_load(hastened(rules_yaml("dev", "fabric-dev"), 6))

    rules = [rule for group in whole["groups"] for rule in group["rules"]]
    quick = {rule["alert"]: rule for group in short["groups"] for rule in group["rules"]}
    assert len(rules) == sum(map(len, ALARMS.values()))
    assert quick["ConsenterAway"]["for"] == "10s"
    assert quick["CertificateEndsInAMonth"]["for"] == "600s"
    assert [rule for rule in rules if {**quick[rule["alert"]], "for": rule["for"]} != rule] == []


@pytest.mark.parametrize("times", [5, 10, 60])
def test_intervals_are_divided_too(times: float) -> None:
    """A rule that waits ten seconds is of no use when it is looked at every fifteen.

    Prometheus does not start where an answer may take longer than the interval.
    """
    target = Target(name="peer0", host="peer0.example.com", port=9443, organization="one", role="peer")
    whole = config_yaml("dev", "fabric-dev", [target], tls=True, places=Places())

    short = yaml.safe_load(hastened(whole, times))["global"]

    assert int(short["scrape_interval"].removesuffix("s")) == max(1, round(15 / times))
    assert short["evaluation_interval"] == short["scrape_interval"]
    assert int(short["scrape_timeout"].removesuffix("s")) <= int(short["scrape_interval"].removesuffix("s"))
