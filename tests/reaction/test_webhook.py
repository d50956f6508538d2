"""Messages of Alertmanager, as it sends them: which alarms they tell of, and which command each leads to."""

import json
from pathlib import Path
from typing import Any

import pytest

from heddle.errors import RunbookError
from heddle.monitoring.alarms import ALARMS
from heddle.reaction.webhook import Alert, command_for, read_webhook
from heddle.runbooks.following import runbook_of

CASES = Path(__file__).parents[1] / "cases/alertmanager"
"""Recorded of prometheus-alertmanager 0.25."""


def alert(name: str, **labels: str) -> Alert:
    """One alarm that fires."""
    return Alert(name=name, fingerprint="f1", started="now", firing=True, labels=labels)


def test_a_recorded_message_is_read() -> None:
    """Its alarms fire, each with its labels and a fingerprint."""
    found = read_webhook((CASES / "firing.json").read_bytes())

    assert [each.name for each in found] == ["NodeDoesNotAnswer"]
    assert all(each.firing and each.fingerprint and each.started for each in found)
    assert found[0].labels["node"] == "peer1-organization"
    assert found[0].summary == "peer1-organization of fabric-dev does not answer."


def test_a_resolved_alarm_does_not_fire() -> None:
    """The same message tells of its end."""
    found = read_webhook((CASES / "resolved.json").read_bytes())

    assert found
    assert not any(each.firing for each in found)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": "3"}, "version: 4 expected"),
        ({"alerts": {}}, "alerts: a list expected"),
        ({"alerts": [{"labels": {}}]}, r"alerts\[0\]"),
        ({"alerts": [{}] * 501}, "at most 500"),
    ],
)
def test_another_message_is_refused(change: dict[str, Any], words: str) -> None:
    """With the place that is not as expected."""
    message = json.loads((CASES / "firing.json").read_text()) | change

    with pytest.raises(RunbookError, match=words):
        read_webhook(json.dumps(message).encode())


def test_a_command_is_the_rules_and_never_the_messages() -> None:
    """Whoever can post a message cannot have a command run that no rule has."""
    message = json.loads((CASES / "firing.json").read_text())
    message["alerts"][0]["annotations"]["command"] = "heddle runbook run restore --stack dev"

    (found,) = read_webhook(json.dumps(message).encode())

    assert runbook_of(command_for(found, "dev")) != "restore"
    assert command_for(alert("SomebodyElses"), "dev") == ""


@pytest.mark.parametrize("value", ["", "--yes", "-e other=1", "peer0; true", "a" * 300])
def test_a_label_that_is_no_name_stands_in_no_command(value: str) -> None:
    """Options and further words among them."""
    rules = {rule.name: rule for rules in ALARMS.values() for rule in rules}
    name = next(name for name, rule in rules.items() if "<channel>" in rule.command("dev"))

    with pytest.raises(RunbookError, match=f"alarm {name}: its label 'channel' is no name"):
        command_for(alert(name, channel=value), "dev")


def test_every_rule_has_a_command_with_its_labels_filled_in() -> None:
    """None is left open."""
    labels = dict.fromkeys(("node", "channel", "pod", "whose", "chaincode", "instance", "namespace"), "peer0")
    more = {"persistentvolumeclaim": "peer0", "clock": "peer0", "container": "peer", "host": "peer1"}
    for rules in ALARMS.values():
        for rule in rules:
            assert "<" not in command_for(alert(rule.name, **labels, **more), "dev"), rule.name
