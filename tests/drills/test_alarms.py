"""Which alarms of a namespace fire, as Prometheus answers."""

import json

import pytest

from heddle.drills.alarms import firing_in
from heddle.errors import DrillError


def answer(*alerts: dict[str, object]) -> bytes:
    """As `/api/v1/alerts` answers."""
    return json.dumps({"status": "success", "data": {"alerts": list(alerts)}}).encode()


def alert(name: str, state: str = "firing", **labels: str) -> dict[str, object]:
    """One alarm, with the annotations that Heddle's rules have."""
    notes = {"summary": f"{name} fires.", "command": "heddle up dev", "page": "docs/operations/up.md"}
    return {"labels": {"alertname": name, **labels}, "annotations": notes, "state": state, "value": "1"}


def test_only_alarms_of_the_namespace_that_fire_count() -> None:
    """One that is pending does not, nor another instance's; one of the whole cluster does."""
    content = answer(
        alert("NodeNotScraped", namespace="fabric-dev", node="peer0"),
        alert("NodeNotScraped", namespace="fabric-other", node="peer0"),
        alert("QuorumLost", "pending", namespace="fabric-dev"),
        alert("MachineNotReady", node="machine"),
    )

    found = firing_in(content, "fabric-dev", source="here")

    assert [each.key for each in found] == [
        ("NodeNotScraped", "namespace=fabric-dev", "node=peer0"),
        ("MachineNotReady", "node=machine"),
    ]
    assert found[0].command == "heddle up dev"


@pytest.mark.parametrize("content", [b"", b"[]", answer({"labels": {}}), answer(alert("A") | {"state": 1})])
def test_another_answer_is_refused(content: bytes) -> None:
    """With the place in it that is not as expected."""
    with pytest.raises(DrillError, match="here: an answer that is none"):
        firing_in(content, "fabric-dev", source="here")
