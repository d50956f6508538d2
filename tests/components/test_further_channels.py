"""One chaincode on several channels: what is declared once, and what once for each channel."""

from typing import Any

import pytest

from heddle.network.instance import ChaincodeOutput, read_instance
from heddle.schema import OnChange
from heddle.schema.kubernetes import POWER
from tests.components.recording import HASH, Recorder, record

ASSETS: dict[str, Any] = {"name": "assets", "version": "1.0", "channel": "trade", "image": "sample"}
NETWORK: dict[str, Any] = {
    "name": "dev",
    "organizations": [
        {"name": "one", "peers": 2},
        {"name": "two", "peers": 1},
        {"name": "three", "peers": 1},
    ],
    "channels": [
        {"name": "trade", "organizations": [{"name": "one", "peers": [0]}, "two"]},
        {"name": "audit", "organizations": [{"name": "one", "peers": [1]}, "three"]},
    ],
    "chaincodes": [ASSETS],
}
AUDIT: dict[str, Any] = {
    "name": "audit",
    "sequence": 4,
    "endorsement": "all",
    "initRequired": True,
    "collections": [{"name": "findings", "organizations": ["three"]}],
}


def with_assets(**changes: Any) -> Recorder:
    chaincode = {key: value for key, value in {**ASSETS, **changes}.items() if value is not None}
    return record({**NETWORK, "chaincodes": [chaincode]})


@pytest.fixture(scope="module")
def alone() -> Recorder:
    return record(NETWORK)


@pytest.fixture(scope="module")
def both() -> Recorder:
    return with_assets(channels=[AUDIT])


def depends_on(recorder: Recorder, name: str) -> set[str]:
    """Names of what a resource explicitly depends on."""
    waits: Any = recorder.options[name].depends_on
    return {resource._name for resource in waits}


def test_a_server_and_a_package_serve_all_channels(both: Recorder) -> None:
    """One for each organization that is on any of them, and one installation for each of their peers."""
    assert sorted(both.of("Deployment")) == [
        f"dev-chaincode-assets-{name}-1.0-deployment" for name in ("one", "three", "two")
    ]
    assert sorted(both.of("ChaincodeInstallation")) == [
        f"dev-chaincode-assets-{name}" for name in ("peer0-one", "peer0-three", "peer0-two", "peer1-one")
    ]


def test_every_member_approves_on_each_of_its_channels(both: Recorder) -> None:
    """By a peer that is on it, with the one package."""
    approvals = both.of("ChaincodeApproval")

    assert {name: (each["channel"], each["peer"]["name"]) for name, each in approvals.items()} == {
        "dev-chaincode-assets-one": ("trade", "peer0-one"),
        "dev-chaincode-assets-two": ("trade", "peer0-two"),
        "dev-chaincode-assets-one@audit": ("audit", "peer1-one"),
        "dev-chaincode-assets-three@audit": ("audit", "peer0-three"),
    }
    assert {each["packageId"] for each in approvals.values()} == {f"assets_1.0:{HASH}"}


def test_every_channel_has_a_definition_of_its_own(both: Recorder) -> None:
    """Its sequence, endorsers and collections; what an entry leaves out is the chaincode's."""
    definitions = both.of("ChaincodeDefinition")
    trade = definitions["dev-chaincode-assets-definition"]
    audit = definitions["dev-chaincode-assets-definition@audit"]

    assert len(definitions) == 2
    assert (trade["channel"], trade["sequence"], trade.get("initRequired", False)) == ("trade", 1, False)
    assert "endorsementPolicy" not in trade
    assert "collections" not in trade
    assert (audit["channel"], audit["sequence"], audit["initRequired"]) == ("audit", 4, True)
    assert audit["endorsementPolicy"] == "AND('OneDevMSP.peer','ThreeDevMSP.peer')"
    assert [each["policy"] for each in audit["collections"]] == ["OR('ThreeDevMSP.member')"]
    assert [peer["name"] for peer in audit["peers"]] == ["peer1-one", "peer0-three"]

    inherited = with_assets(sequence=3, endorsement="any", channels=["audit"]).of("ChaincodeDefinition")
    assert {each["sequence"] for each in inherited.values()} == {3}
    assert inherited["dev-chaincode-assets-definition@audit"]["endorsementPolicy"] == (
        "OR('OneDevMSP.peer','ThreeDevMSP.peer')"
    )


def test_a_definition_waits_for_what_its_own_channel_needs(both: Recorder) -> None:
    """Trouble on one channel does not hold up another."""
    waits = depends_on(both, "dev-chaincode-assets-definition@audit")

    assert waits == {
        "dev-chaincode-assets-peer1-one",
        "dev-chaincode-assets-peer0-three",
        "dev-chaincode-assets-one@audit",
        "dev-chaincode-assets-three@audit",
        "dev-chaincode-assets-one-1.0-deployment",
        "dev-chaincode-assets-three-1.0-deployment",
    }


def test_a_further_channel_changes_nothing_of_the_first(alone: Recorder, both: Recorder) -> None:
    """No name, no input: the running stack goes on, and something is added.

    Power alone is told of all channels, which is no difference: it asks their leaders when it wakes nodes.
    """
    added = {each.name: each for each in both.declared}

    for each in alone.declared:
        assert each.type == POWER.type or added[each.name] == each
    assert POWER.inputs["channels"].on_change is OnChange.NOTHING


def test_the_order_of_further_channels_names_nothing() -> None:
    """Nor does it matter which of them is taken away."""
    channels = [*NETWORK["channels"], {"name": "third", "organizations": ["two"]}]

    def declared(further: list[str]) -> dict[str, Any]:
        chaincode = {**ASSETS, "channels": further}
        recorder = record({**NETWORK, "channels": channels, "chaincodes": [chaincode]})
        return {each.name: each for each in recorder.declared if each.type != POWER.type}

    both = declared(["audit", "third"])
    assert declared(["third", "audit"]) == both
    assert declared(["third"]).items() < both.items()


def test_all_channels_may_be_in_the_list() -> None:
    """A chaincode without `channel`: none is the first."""
    recorder = with_assets(channel=None, channels=["trade", "audit"])

    assert sorted(recorder.of("ChaincodeDefinition")) == [
        "dev-chaincode-assets-definition@audit",
        "dev-chaincode-assets-definition@trade",
    ]
    assert sorted(read_instance(recorder.instance).chaincode("assets").by_channel()) == ["audit", "trade"]


def test_the_output_says_what_is_on_each_channel(alone: Recorder, both: Recorder) -> None:
    """The output of a chaincode on one channel is as it was."""
    assert "further" not in alone.instance["chaincodes"]["assets"]

    instance = read_instance(both.instance)
    found = instance.chaincode("assets").by_channel()
    assert [_shown(each) for each in found.values()] == [
        ("trade", 1, "", False, ()),
        ("audit", 4, "AND('OneDevMSP.peer','ThreeDevMSP.peer')", True, ("findings",)),
    ]
    assert [[each.name for each in instance.chaincodes_on(name)] for name in ("trade", "audit", "none")] == [
        ["assets"],
        ["assets"],
        [],
    ]


def _shown(chaincode: ChaincodeOutput) -> tuple[object, ...]:
    return (
        chaincode.channel,
        chaincode.sequence,
        chaincode.endorsement_policy,
        chaincode.init_required,
        chaincode.collections,
    )
