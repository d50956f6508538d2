"""Who must approve a definition, by the channel's LifecycleEndorsement policy."""

import pytest
from fabric_protos.common import configtx_pb2, policies_pb2

from heddle.configtx.expression import parse_expression, parse_implicit_meta
from heddle.configtx.genesis import channel_group
from heddle.configtx.readiness import missing_organizations
from tests.configtx.networks import trade


def _root(policy: str, organizations: str = "ABC") -> configtx_pb2.ConfigGroup:
    """A channel of these organizations, each with its Endorsement policy, and one LifecycleEndorsement."""
    root = configtx_pb2.ConfigGroup()
    application = root.groups["Application"]
    for name in organizations:
        group = application.groups[name]
        group.policies["Endorsement"].policy.CopyFrom(_signature(f"OR('{name}MSP.peer')"))
    wanted = _signature(policy) if "(" in policy else _meta(policy)
    application.policies["LifecycleEndorsement"].policy.CopyFrom(wanted)
    return root


def _signature(text: str) -> policies_pb2.Policy:
    content = parse_expression(text).SerializeToString()
    return policies_pb2.Policy(type=policies_pb2.Policy.SIGNATURE, value=content)


def _meta(text: str) -> policies_pb2.Policy:
    content = parse_implicit_meta(text).SerializeToString()
    return policies_pb2.Policy(type=policies_pb2.Policy.IMPLICIT_META, value=content)


@pytest.mark.parametrize(
    ("policy", "there", "needed"),
    [
        ("MAJORITY Endorsement", {"AMSP", "BMSP"}, "None"),
        ("MAJORITY Endorsement", {"AMSP"}, "1 of (BMSP, CMSP)"),
        ("ALL Endorsement", {"AMSP", "CMSP"}, "BMSP"),
        ("ANY Endorsement", {"CMSP"}, "None"),
        ("AND('AMSP.peer', 'BMSP.peer')", {"AMSP"}, "BMSP"),
        ("OutOf(2, 'AMSP.peer', OR('BMSP.peer', 'CMSP.peer'))", set(), "2 of (AMSP, 1 of (BMSP, CMSP))"),
    ],
)
def test_who_is_missing(policy: str, there: set[str], needed: str) -> None:
    """The organizations by name, and how many of them."""
    assert str(missing_organizations(_root(policy), there)) == needed


def test_without_the_policy_a_majority_is_needed() -> None:
    """As peers count it then (core/chaincode/lifecycle/lifecycle.go)."""
    root = channel_group(trade())
    del root.groups["Application"].policies["LifecycleEndorsement"]
    assert str(missing_organizations(root, {"AlphaMSP"})) == "BetaMSP"
    assert missing_organizations(root, {"AlphaMSP", "BetaMSP"}) is None
    assert missing_organizations(configtx_pb2.ConfigGroup(), set()) is None


def test_an_organization_without_the_sub_policy_is_named() -> None:
    """It counts among those of whom a majority is needed, and is not merely left out."""
    root = _root("MAJORITY Endorsement", "AB")
    del root.groups["Application"].groups["B"].policies["Endorsement"]
    missing = missing_organizations(root, {"AMSP"})
    assert str(missing) == "B, which has no policy Endorsement"


@pytest.mark.parametrize("damage", ["kind", "bytes", "index"])
def test_a_policy_that_cannot_be_read_is_not_satisfied(damage: str) -> None:
    """Whoever has approved: it is among what is missing, with the reason."""
    root = _root("OR('AMSP.peer')")
    policy = root.groups["Application"].policies["LifecycleEndorsement"].policy
    if damage == "kind":
        policy.type = 17
    elif damage == "bytes":
        policy.value = b"\xff\xff"
    else:
        envelope = policies_pb2.SignaturePolicyEnvelope.FromString(policy.value)
        envelope.rule.n_out_of.rules[0].signed_by = 7
        policy.value = envelope.SerializeToString()
    missing = str(missing_organizations(root, {"AMSP", "BMSP", "CMSP"}))
    assert missing.startswith("the policy /Channel/Application/LifecycleEndorsement, which cannot be read: ")
