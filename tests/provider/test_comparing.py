"""Differences are differences of meaning."""

from typing import Any

import pytest

from heddle.plugin.interface import DiffKind
from heddle.plugin.values import UNKNOWN, Secret
from heddle.provider.comparing import compare
from heddle.schema import RESOURCES

CHANNEL = RESOURCES["heddle:ledger:Channel"].inputs


def _node(name: str, **changes: Any) -> dict[str, Any]:
    return {"name": name, "mspId": "M", "host": f"{name}.example", "port": 7050, **changes}


def _diff(olds: dict[str, Any], news: dict[str, Any]) -> dict[str, DiffKind]:
    return {change.path: change.kind for change in compare(CHANNEL, olds, news)}


def test_a_changed_value_is_named_exactly() -> None:
    """The path leads to the value, not to the object around it."""
    olds = {"batch": {"timeout": "2s", "maxMessageCount": 500}}
    news = {"batch": {"timeout": "1s", "maxMessageCount": 500}}
    assert _diff(olds, news) == {"batch.timeout": DiffKind.UPDATE}


def test_ways_to_a_node_never_differ() -> None:
    """Another port to dial, another credential, another order of nodes: nothing changes."""
    olds = {
        "orderers": [_node("a"), _node("b")],
        "signers": [{"privateKey": Secret("x")}],
        "adminTls": {"privateKey": Secret("x")},
    }
    news = {
        "orderers": [_node("b", dial="127.0.0.1:1"), _node("a", host="other", pod="a-0")],
        "signers": [],
        "adminTls": {"privateKey": UNKNOWN},
    }
    assert _diff(olds, news) == {}


def test_nodes_come_and_go_by_name() -> None:
    """Paths of new items are in the new list, paths of old ones in the old list."""
    olds, news = {"orderers": [_node("a"), _node("b")]}, {"orderers": [_node("c"), _node("a")]}
    assert _diff(olds, news) == {"orderers[0]": DiffKind.ADD, "orderers[1]": DiffKind.DELETE}


def test_space_around_a_certificate_means_nothing() -> None:
    """PEM with and without a last line break is the same certificate."""
    olds, news = ({"consenters": [{"node": "a", "clientTlsCertificate": pem}]} for pem in ("PEM\n", "PEM"))
    assert _diff(olds, news) == {}


def test_what_a_later_release_added_is_no_difference() -> None:
    """A stack of an earlier release has what is the default now; no list is an empty one."""
    assert _diff({"channel": "a"}, {"channel": "a", "consensus": "etcdraft"}) == {}
    assert _diff({"channel": "a"}, {"channel": "a", "consensus": "BFT"}) == {"consensus": DiffKind.UPDATE}
    definition = RESOURCES["heddle:chaincode:ChaincodeDefinition"].inputs
    assert compare(definition, {"name": "a"}, {"name": "a", "collections": []}) == []
    assert compare(definition, {"name": "a", "collections": []}, {"name": "a"}) == []


def test_secrecy_is_no_difference() -> None:
    """A value that became secret is the same value."""
    assert _diff({"channel": "a"}, {"channel": Secret("a")}) == {}


def test_unknown_is_a_difference_that_is_not_decided() -> None:
    """What is known after apply may change."""
    (change,) = compare(CHANNEL, {"channel": "a"}, {"channel": UNKNOWN})
    assert change.unknown


def test_a_default_of_a_later_release_is_no_difference() -> None:
    """A state from before an input existed has had its default all along."""
    assert _diff({}, {"peerOrganizations": []}) == {}


@pytest.mark.parametrize(("key", "path"), [("orderer1", "revisions.orderer1"), ("a-b", 'revisions["a-b"]')])
def test_keys_of_maps_are_paths(key: str, path: str) -> None:
    """In Pulumi's syntax of property paths."""
    declared = RESOURCES["heddle:kubernetes:Rollout"].inputs
    (change,) = compare(declared, {"revisions": {key: "1"}}, {"revisions": {key: "2"}})
    assert change.path == path
