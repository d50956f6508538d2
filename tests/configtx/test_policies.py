"""Who satisfies a policy, and who is missing."""

from dataclasses import replace

import pytest
from fabric_protos.common import configtx_pb2, policies_pb2
from fabric_protos.msp import msp_principal_pb2
from hypothesis import given
from hypothesis import strategies as st

from heddle.configtx.genesis import channel_group
from heddle.configtx.policies import (
    Identity,
    SignedData,
    missing,
    refusal,
    signed_data_refusal,
    valid_identities,
)
from heddle.configtx.roles import role_principal, signed_by_any
from heddle.errors import ConfigtxError
from heddle.identity.signer import Signer
from tests.configtx.networks import organization, peer_organization, trade

ROOT = channel_group(trade())
ALPHA, BETA, ORDERER = (organization(name) for name in ("alpha", "beta", "orderer"))


@pytest.mark.parametrize(
    ("path", "signers", "expected"),
    [
        ("/Channel/Application/alpha/Admins", [ALPHA.signer("admin")], True),
        ("/Channel/Application/alpha/Admins", [ALPHA.signer("client")], False),
        ("/Channel/Application/alpha/Admins", [BETA.signer("admin")], False),
        ("/Channel/Application/Admins", [ALPHA.signer("admin")], False),
        ("/Channel/Application/Admins", [ALPHA.signer("admin"), BETA.signer("admin")], True),
        ("/Channel/Orderer/Admins", [ORDERER.signer("admin")], True),
        ("/Channel/Admins", [ALPHA.signer("admin"), BETA.signer("admin")], False),
        ("/Channel/Admins", [ALPHA.signer("admin"), BETA.signer("admin"), ORDERER.signer("admin")], True),
        ("/Channel/Writers", [ALPHA.signer("client")], True),
        ("/Channel/Writers", [ALPHA.signer("peer")], False),
        ("/Channel/Readers", [ALPHA.signer("peer")], True),
        ("/Channel/Orderer/BlockValidation", [ORDERER.signer("orderer")], True),
        ("/Channel/Orderer/BlockValidation", [ALPHA.signer("peer")], False),
        ("/Channel/Orderer/BlockValidation", [ORDERER.signer("client")], False),
        ("/Channel/Orderer/BlockValidation", [ORDERER.signer("admin")], False),
        ("/Channel/Application/Endorsement", [ALPHA.signer("peer"), BETA.signer("peer")], True),
        ("/Channel/Application/Endorsement", [ALPHA.signer("peer", "p0"), ALPHA.signer("peer", "p1")], False),
        ("/Channel/Writers", [], False),
    ],
)
def test_the_default_policies(path: str, signers: list[Signer], expected: bool) -> None:
    """Roles come from the certificate's OU, majorities from the organizations of a group."""
    assert (not refusal(ROOT, path, signers)) is expected
    assert (missing(ROOT, path, signers) is None) is expected


def test_refusals_are_fabrics_words() -> None:
    """Users search for them, and stand-ins send them."""
    assert refusal(ROOT, "/Channel/Application/Admins", [ALPHA.signer("admin")]) == (
        "implicit policy evaluation failed - 1 sub-policies were satisfied, "
        "but this policy requires 2 of the 'Admins' sub-policies to be satisfied"
    )
    words = refusal(ROOT, "/Channel/Application/alpha/Admins", [])
    assert words == "signature set did not satisfy policy"
    assert refusal(ROOT, "/Channel/Nowhere/Admins", []) == "no such policy: 'Nowhere/Admins'"


def test_the_missing_are_named() -> None:
    """A preview says whose signature to fetch."""
    assert str(missing(ROOT, "/Channel/Application/Admins", [])) == "2 of (AlphaMSP.admin, BetaMSP.admin)"
    assert str(missing(ROOT, "/Channel/Application/Admins", [BETA.signer("admin")])) == "AlphaMSP.admin"
    assert str(missing(ROOT, "/Channel/Admins", [ORDERER.signer("admin")])) == (
        "2 of (AlphaMSP.admin, BetaMSP.admin)"
    )


def test_a_stranger_is_nobody() -> None:
    """An organization outside the channel, and a certificate of another authority under a member's name."""
    stranger = organization("stranger").signer("admin")
    forged = Identity(msp_id="AlphaMSP", certificate=stranger.certificate)
    assert refusal(ROOT, "/Channel/Application/alpha/Admins", [stranger, forged])


def test_one_signer_counts_once() -> None:
    """Signing twice is no majority, whichever signature comes first."""
    signer = ALPHA.signer("admin")
    signed = [SignedData(data, signer.serialized, signer.sign(data)) for data in (b"one", b"two")]
    assert len(valid_identities(ROOT, signed)) == 1


def test_invalid_signatures_are_skipped() -> None:
    """They neither count nor stand in the way of valid ones."""
    signer = ALPHA.signer("admin")
    good = SignedData(b"data", signer.serialized, signer.sign(b"data"))
    bad = [
        SignedData(b"other", signer.serialized, signer.sign(b"data")),
        SignedData(b"data", b"no identity", b""),
        SignedData(b"data", b"", b""),
    ]
    assert signed_data_refusal(ROOT, "/Channel/Application/alpha/Admins", bad)
    assert not signed_data_refusal(ROOT, "/Channel/Application/alpha/Admins", [*bad, good])


def root_with(envelope: policies_pb2.SignaturePolicyEnvelope) -> configtx_pb2.ConfigGroup:
    root = configtx_pb2.ConfigGroup()
    root.CopyFrom(ROOT)
    root.policies["Test"].policy.type = policies_pb2.Policy.SIGNATURE
    root.policies["Test"].policy.value = envelope.SerializeToString()
    return root


@given(st.integers(0, 4), st.integers(0, 4))
def test_n_of_m_needs_n_different_signers(needed: int, given_: int) -> None:
    """An identity that has served one rule serves no other; zero is always satisfied."""
    envelope = signed_by_any("AlphaMSP", ["client"] * 4)
    envelope.rule.n_out_of.n = needed
    signers = [ALPHA.signer("client", f"client{n}") for n in range(given_)]
    assert (not refusal(root_with(envelope), "/Channel/Test", signers)) is (given_ >= needed)


def test_principals_of_every_kind() -> None:
    """Role, unit, identity, combination: as msp/mspimpl.go decides them."""
    signer = ALPHA.signer("client", "somebody")
    kinds = msp_principal_pb2.MSPPrincipal
    identity = kinds(principal_classification=kinds.IDENTITY, principal=signer.serialized)
    combined = msp_principal_pb2.CombinedPrincipal(
        principals=[identity, role_principal("AlphaMSP", "member")]
    )
    cases = {
        identity.SerializeToString(): True,
        kinds(
            principal_classification=kinds.COMBINED, principal=combined.SerializeToString()
        ).SerializeToString(): True,
        kinds(
            principal_classification=kinds.IDENTITY, principal=ALPHA.signer("client").serialized
        ).SerializeToString(): False,
        role_principal("AlphaMSP", "peer").SerializeToString(): False,
        kinds(principal_classification=kinds.COMBINED).SerializeToString(): False,
        kinds(principal_classification=kinds.ANONYMITY).SerializeToString(): True,
    }
    for principal, expected in cases.items():
        envelope = policies_pb2.SignaturePolicyEnvelope(identities=[kinds.FromString(principal)])
        envelope.rule.signed_by = 0
        assert (not refusal(root_with(envelope), "/Channel/Test", [signer])) is expected


def test_a_policy_with_a_hole_is_an_error() -> None:
    """A principal that is not in the list: Fabric does not load such a channel."""
    envelope = policies_pb2.SignaturePolicyEnvelope()
    envelope.rule.signed_by = 3
    with pytest.raises(ConfigtxError, match="index out of range, requested 3"):
        refusal(root_with(envelope), "/Channel/Test", [])


def test_external_organizations_count_as_any_other() -> None:
    """One that is only a definition: its administrator is missing until he has signed."""
    with_gamma = replace(
        trade(), peer_organizations=(*trade().peer_organizations, peer_organization("gamma"))
    )
    root = channel_group(with_gamma)
    signers = [ALPHA.signer("admin")]
    need = missing(root, "/Channel/Application/Admins", signers)
    assert str(need) == "1 of (BetaMSP.admin, GammaMSP.admin)"
    signers.append(organization("gamma").signer("admin"))
    assert missing(root, "/Channel/Application/Admins", signers) is None


def test_an_organization_without_the_policy_is_named_as_such() -> None:
    """It counts among those of whom a majority is needed, and nobody can sign for it."""
    root = configtx_pb2.ConfigGroup.FromString(ROOT.SerializeToString())
    del root.groups["Application"].groups["beta"].policies["Admins"]
    need = missing(root, "/Channel/Application/Admins", [ALPHA.signer("admin")])
    assert str(need) == "beta, which has no policy Admins"


def test_a_policy_of_another_kind_is_refused_and_an_unknown_rule_needs_nothing() -> None:
    """The first a node does not load at all; of the second it needs zero."""
    root = configtx_pb2.ConfigGroup.FromString(ROOT.SerializeToString())
    root.policies["Admins"].policy.type = policies_pb2.Policy.MSP
    with pytest.raises(ConfigtxError, match="has unknown policy type: 2"):
        refusal(root, "/Channel/Admins", [])
    unknown = policies_pb2.ImplicitMetaPolicy(
        rule=policies_pb2.ImplicitMetaPolicy.Rule.ValueType(7), sub_policy="Admins"
    )
    root.policies["Admins"].policy.type = policies_pb2.Policy.IMPLICIT_META
    root.policies["Admins"].policy.value = unknown.SerializeToString()
    assert refusal(root, "/Channel/Admins", []) == ""
    assert missing(root, "/Channel/Admins", []) is None
