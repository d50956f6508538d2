"""What a rollout of orderers or peers is told."""

from tests.components.declared import NETWORK, NODES, waits_for
from tests.components.recording import Recorder, record


def test_one_node_of_the_instance_restarts_at_a_time(network: Recorder) -> None:
    """The orderers, then the peers of all organizations, which one rollout takes one after the other."""
    rollouts = set(network.of("Rollout"))

    waits = {name: [each for each in waits_for(network, name) if each in rollouts] for name in rollouts}

    assert waits == {
        "dev-orderers-rollout": [],
        "dev-peers-rollout": ["dev-orderers-rollout"],
        "dev-orderers-dial-anew": ["dev-orderers-rollout", "dev-peers-rollout"],
        "dev-peers-dial-anew": ["dev-orderers-rollout", "dev-peers-rollout", "dev-orderers-dial-anew"],
    }


def test_who_waits_for_the_channels_restarts_after_them(network: Recorder) -> None:
    """Also for gateways that must learn of other orderers. What a template changes was rolled out before."""
    for kind in ("orderers", "peers"):
        first, again = (network.of("Rollout")[f"dev-{kind}-{part}"] for part in ("rollout", "dial-anew"))
        same = {key for key in first if first[key] == again.get(key)}
        assert first.keys() - same == {"revisions", "again"}
        assert first["revisions"].keys() == again["revisions"].keys()
        assert (first["again"], again["again"], *set(again["revisions"].values())) == (
            False,
            True,
            "after-channels",
        )
        assert network.position(f"dev-{kind}-dial-anew") > network.position("dev-channel-channel-ledger")


def test_orderers_can_be_asked_to_hand_over(network: Recorder) -> None:
    """The leader knows its successor by the certificate that the successor itself shows."""
    inputs = network.of("Rollout")["dev-orderers-rollout"]

    assert inputs["tlsIdentities"].keys() == {name for name in NODES if name.startswith("orderer")}
    for name, identity in inputs["tlsIdentities"].items():
        assert identity["certificate"] == inputs["certificates"][name]
        assert identity["privateKey"]
    assert [signer["mspId"] for signer in inputs["signers"]] == [
        each["mspId"] for each in inputs["nodes"][:1]
    ]


def test_orderers_of_bft_are_known_by_what_they_sign_with() -> None:
    """The others know who asks for the next view by its enrolment certificate, which its channels name."""
    declared = record({**NETWORK, "ordering": {"type": "bft", "nodes": 4}})
    inputs = declared.of("Rollout")["dev-orderers-rollout"]

    assert "tlsIdentities" not in inputs
    consenters = declared.of("Channel")["dev-channel-channel-ledger"]["consenters"]
    assert {each["node"]: each["identity"] for each in consenters} == {
        name: each["certificate"] for name, each in inputs["consenterIdentities"].items()
    }
    assert {each["mspId"] for each in inputs["consenterIdentities"].values()} == {consenters[0]["mspId"]}


def test_a_rollout_of_orderers_knows_the_gateways(network: Recorder) -> None:
    """Of all peers, by channel: they must reach a restarted orderer again."""
    rollout = network.of("Rollout")["dev-orderers-rollout"]

    assert [each["name"] for each in rollout["gateways"]] == ["peer0-one", "peer1-one", "peer0-two"]
    assert rollout["memberships"] == network.of("Rollout")["dev-peers-rollout"]["memberships"]


def test_a_rollout_of_peers_knows_who_endorses_together(network: Recorder) -> None:
    """Every organization's administrator asks its own peers; each channel has its peers of all of them."""
    rollout = network.of("Rollout")["dev-peers-rollout"]

    assert rollout["channels"] == ["channel", "own"]
    assert rollout["memberships"] == {
        "channel": ["peer0-one", "peer0-two", "peer1-one"],
        "own": ["peer0-two"],
    }
    assert [signer["mspId"] for signer in rollout["signers"]] == ["OneDevMSP", "TwoDevMSP"]
