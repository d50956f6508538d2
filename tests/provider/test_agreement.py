"""Who must approve a definition, by the channel's LifecycleEndorsement policy."""

import pytest
from fabric_protos.common import configtx_pb2, policies_pb2

from heddle.configtx.expression import parse_expression, parse_implicit_meta
from heddle.configtx.readiness import missing_organizations


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


def test_without_the_policy_the_peers_decide() -> None:
    """Nothing is demanded here that they would not demand."""
    assert missing_organizations(configtx_pb2.ConfigGroup(), set()) is None
