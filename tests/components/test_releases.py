"""What a stack file says of releases, in what a Network declares."""

from typing import Any

from tests.components.declared import NETWORK, waits_for
from tests.components.recording import Recorder, record

RAISED = {
    **NETWORK,
    "capabilities": {"application": "V2_0"},
    "channels": [
        {"name": "channel", "organizations": ["one", "two"], "capabilities": {"channel": "V2_0"}},
        {"name": "own", "organizations": ["two"]},
    ],
}


def _channel(recorder: Recorder, name: str) -> dict[str, Any]:
    return recorder.of("Channel")[f"dev-channel-{name}-ledger"]


def _rollouts_before(recorder: Recorder, name: str) -> set[str]:
    after = waits_for(recorder, f"dev-channel-{name}-ledger")
    return {each for each in after if each.endswith("-rollout")}


def test_a_channel_says_what_it_is_to_have() -> None:
    """Part by part over the instance's own; without a word the Channel's defaults hold, as before."""
    found = record(RAISED)
    assert _channel(found, "channel")["capabilities"] == {"channel": "V2_0", "application": "V2_0"}
    assert _channel(found, "own")["capabilities"] == {"application": "V2_0"}
    assert "capabilities" not in _channel(record(NETWORK), "channel")


def test_a_channel_whose_capabilities_are_stated_waits_for_the_peers() -> None:
    """All restart with their new images first. Others wait for no peer: a broken one keeps none back."""
    found = record(RAISED)
    for channel in ("channel", "own"):
        assert _rollouts_before(found, channel) == {"dev-orderers-rollout", "dev-peers-rollout"}
    assert _rollouts_before(record(NETWORK), "channel") == {"dev-orderers-rollout"}


def test_a_channel_asks_the_peers_that_are_on_it() -> None:
    """With the client that operations endpoints let in."""
    found = record(NETWORK)
    assert [each["name"] for each in _channel(found, "own")["peers"]] == ["peer0-two"]
    assert [each["name"] for each in _channel(found, "channel")["peers"]] == [
        "peer0-one",
        "peer1-one",
        "peer0-two",
    ]
    assert _channel(found, "own")["operationsTls"]


def test_one_node_may_run_another_image_than_its_kind() -> None:
    """A canary: all others keep theirs."""
    canary = "docker.io/hyperledger/fabric-peer:3.1.4"
    found = record({**NETWORK, "nodes": {"peer1-one": {"image": canary}}})
    images = {
        inputs["metadata"]["name"]: inputs["spec"]["template"]["spec"]["containers"][0]["image"]
        for inputs in found.of("StatefulSet").values()
    }
    assert images.pop("peer1-one") == canary
    assert canary not in images.values()
