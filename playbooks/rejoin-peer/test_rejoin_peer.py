"""Check after rejoin-peer what users of the peer can rely on again, from the control machine."""

import json
from typing import Any

import pytest
from testinfra.host import Host

from heddle.planner.facts import is_level


@pytest.fixture(scope="module")
def status(host: Host, about: dict[str, Any]) -> dict[str, Any]:
    """Return the nodes' and chaincodes' status, asked now."""
    found = host.run("heddle status %s --json --cwd %s", about["stack"], about["folder"])
    return dict(json.loads(found.stdout))


@pytest.fixture(scope="module")
def peer(status: dict[str, Any], about: dict[str, Any]) -> dict[str, Any]:
    """Return the status of the peer that came back."""
    return next(node for node in status["nodes"] if node["name"] == about["peer"])


def test_it_answers(peer: dict[str, Any]) -> None:
    """The peer answers, without a complaint."""
    assert peer["version"]
    assert peer["problems"] == []


def test_it_is_on_its_channels(peer: dict[str, Any], about: dict[str, Any]) -> None:
    """The peer is on every channel that the stack puts it on."""
    assert set(peer["heights"]) == set(about["channels"])


def test_it_is_level(peer: dict[str, Any], status: dict[str, Any]) -> None:
    """The peer's ledgers are level with those of all other nodes."""
    for channel, height in peer["heights"].items():
        highest = max(node["heights"].get(channel, 0) for node in status["nodes"])
        assert is_level(height, highest)


def test_chaincodes_are_in_force(status: dict[str, Any]) -> None:
    """The chaincodes in force are those of the last up."""
    assert [each["problem"] for each in status["chaincodes"] if each["problem"]] == []
