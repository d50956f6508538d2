"""Private-data collections: what is written, what stands on the ledger, and what peers would refuse."""

from typing import Any

import pytest
from fabric_protos.peer import collection_pb2

from heddle.errors import ConfigtxError, ProviderError
from heddle.fabric.definition import Committed, Definition
from heddle.provider.collection_package import (
    check_collections,
    collection_changes,
    collection_inputs,
    collections_bytes,
)
from heddle.provider.definitions import check_succession, check_turn, definition_inputs

SECRET: dict[str, Any] = {
    "name": "secret",
    "policy": "OR('AMSP.member', 'BMSP.member')",
    "requiredPeerCount": 0,
    "maxPeerCount": 1,
    "blockToLive": 0,
    "memberOnlyRead": True,
    "memberOnlyWrite": False,
}
OWN = {**SECRET, "name": "own", "endorsementPolicy": "OR('AMSP.peer')"}
BY_PATH = {**SECRET, "name": "path", "endorsementPolicy": "/Channel/Application/Endorsement"}


def test_every_field_is_written_and_read_back() -> None:
    """Including the explicit falses and zeros, in the order given: all organizations approve these bytes."""
    content = collections_bytes([OWN, SECRET, BY_PATH])
    assert collection_inputs(content) == [OWN, SECRET, BY_PATH]
    first = collection_pb2.CollectionConfigPackage.FromString(content).config[0].static_collection_config
    assert (first.maximum_peer_count, first.member_only_read, first.member_only_write) == (1, True, False)
    assert collections_bytes([]) == collections_bytes(None) == b""


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ([], [SECRET], ["collection secret: added"]),
        ([SECRET, OWN], [SECRET], ["collection own: removed"]),
        (
            [SECRET],
            [{**SECRET, "maxPeerCount": 3, "memberOnlyWrite": True}],
            ["collection secret max peer count: 1 → 3", "collection secret member only write: false → true"],
        ),
        (
            [OWN],
            [{key: OWN[key] for key in SECRET}],
            ["collection own endorsement policy: OR('AMSP.peer') → the chaincode's"],
        ),
        ([SECRET, OWN], [OWN, SECRET], ["order of the collections"]),
        ([SECRET], [SECRET], []),
    ],
)
def test_changes_are_told_field_by_field(old: list[Any], new: list[Any], lines: list[str]) -> None:
    """A preview names the collection, the field, and both values."""
    assert collection_changes(collections_bytes(old), collections_bytes(new)) == lines


@pytest.mark.parametrize(
    ("changes", "path", "reason"),
    [
        ({"policy": "AND('A.member', 'B.member')"}, "policy", "expected OR of its members only"),
        ({"policy": "OR('A.member', OutOf(2, 'B.member', 'C.member'))"}, "policy", "OR of its members only"),
        ({"policy": "OR('A'"}, "policy", "principal"),
        ({"requiredPeerCount": 3}, "maxPeerCount", "cannot be less than requiredPeerCount, 3"),
        ({"endorsementPolicy": "perhaps"}, "endorsementPolicy", "none of AND, OR, OutOf"),
    ],
)
def test_what_peers_refuse_is_said_by_check(changes: dict[str, Any], path: str, reason: str) -> None:
    """Before anything is installed or approved."""
    (failure,) = check_collections([OWN, {**SECRET, **changes}])
    assert failure.property == f"collections[1].{path}"
    assert reason in failure.reason


def test_one_name_stands_once() -> None:
    """Two collections of one name would be one."""
    (failure,) = check_collections([SECRET, SECRET])
    assert failure.property == "collections[1].name"


def _definition(collections: list[Any], sequence: int) -> Definition:
    return Definition(
        name="assets", version="1.0", sequence=sequence, collections=collections_bytes(collections)
    )


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ([], r"existing collection \[secret\] missing"),
        ([OWN], r"existing collection \[secret\] missing"),
        ([{**SECRET, "blockToLive": 9}], r"BlockToLive .* \[secret\] modified: 0 in force, 9 wanted"),
    ],
)
def test_a_collection_in_force_stays(wanted: list[Any], words: str) -> None:
    """Peers refuse to drop one, or to let its data live for another time."""
    current = Committed(definition=_definition([SECRET], 1), approvals={})
    with pytest.raises(ProviderError, match=words):
        check_turn(_definition(wanted, 2), current, "channel")
    check_turn(_definition([{**SECRET, "maxPeerCount": 5}, OWN], 2), current, "channel")


INPUTS: dict[str, Any] = {
    "channel": "channel",
    "name": "assets",
    "version": "1.0",
    "sequence": 1,
    "initRequired": False,
    "genesisHash": "0" * 64,
}


@pytest.mark.parametrize(
    ("news", "words"),
    [
        ({}, ""),
        ({"sequence": 2, "version": "2.0"}, ""),
        ({"version": "2.0"}, "Raise sequence to 2"),
        ({"collections": [SECRET]}, "collection secret: added"),
        ({"initRequired": True}, "init required: false → true"),
        ({"sequence": 3}, "sequence 3 is wanted, but 1 is in force"),
    ],
)
def test_another_content_is_another_sequence(news: dict[str, Any], words: str) -> None:
    """Said by check, from the inputs alone: nothing is installed first."""
    failures = check_succession(INPUTS, {**INPUTS, **news})
    assert [failure.property for failure in failures] == (["sequence"] if words else [])
    assert all(words in failure.reason for failure in failures)


def test_collections_that_others_committed_are_a_difference() -> None:
    """What means the same stays as it was written; what does not is read in full."""
    found = _definition([SECRET], 1)
    written = {**SECRET, "policy": "OR('AMSP.member','BMSP.member')"}
    assert "collections" not in definition_inputs(found, {"collections": [written]})
    assert definition_inputs(found, {})["collections"] == [SECRET]
    assert definition_inputs(_definition([], 1), {"collections": [SECRET]})["collections"] == []


def test_bytes_of_others_that_cannot_be_read() -> None:
    """Are an error that says so, not a traceback."""
    with pytest.raises(ConfigtxError, match="collections cannot be read"):
        collection_inputs(b"\xff\xff\xff")
