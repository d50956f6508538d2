"""Updates as an orderer takes or refuses them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fabric_protos.common import common_pb2, configtx_pb2
from hypothesis import given, settings

from heddle.configtx.consensus import check_consensus, membership_change
from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.envelope import sign_update, signed_envelope, update_envelope
from heddle.configtx.filters import PERMISSION_DENIED, envelope_signed_data, message_refusal
from heddle.configtx.genesis import channel_group
from heddle.configtx.policies import signed_data_refusal
from heddle.configtx.read import differences, settings_of
from heddle.configtx.settings import Capabilities, ChannelSettings
from heddle.configtx.validate import apply_update, missing_signatures, required_policies
from heddle.errors import ConfigtxError
from heddle.identity.signer import Signer
from heddle.settings import BatchSettings, RaftOptions
from tests.configtx.networks import organization, peer_organization, trade
from tests.configtx.strategies import channels

ALPHA, BETA, ORDERER = (organization(name) for name in ("alpha", "beta", "orderer"))
ADMINS = [ALPHA.signer("admin"), BETA.signer("admin"), ORDERER.signer("admin")]
FASTER = replace(trade(), batch=BatchSettings(timeout="1s"))


def config(wanted: ChannelSettings) -> configtx_pb2.Config:
    return configtx_pb2.Config(channel_group=channel_group(wanted))


def envelope_for(
    live: configtx_pb2.Config, wanted: ChannelSettings, signers: list[Signer]
) -> common_pb2.Envelope:
    update = compute_update("trade", live, apply_settings(live, wanted, None)).SerializeToString()
    return update_envelope(update, [sign_update(update, signer) for signer in signers], ADMINS[0])


@given(channels())
@settings(max_examples=60)
def test_the_delta_leads_to_what_is_wanted(wanted: ChannelSettings) -> None:
    """apply(compute_update(a, b)) on a is b in meaning; with everybody's consent nothing else stops it."""
    live = config(trade())
    if not differences(trade(), wanted):
        return
    new = apply_update(live, envelope_for(live, wanted, ADMINS))
    assert new.sequence == 1
    assert differences(settings_of(new), wanted) == []


def test_only_changed_elements_get_a_new_version() -> None:
    """A second update can rely on the versions of the first."""
    live = config(trade())
    once = apply_update(live, envelope_for(live, FASTER, ADMINS))
    twice = apply_update(once, envelope_for(once, trade(), ADMINS))
    versions = [c.channel_group.groups["Orderer"].values["BatchTimeout"].version for c in (live, once, twice)]
    assert versions == [0, 1, 2]
    assert once.channel_group.groups["Orderer"].version == 0
    assert once.channel_group.groups["Application"] == live.channel_group.groups["Application"]


def refused(live: configtx_pb2.Config, envelope: common_pb2.Envelope) -> str:
    with pytest.raises(ConfigtxError) as caught:
        apply_update(live, envelope)
    return caught.value.message


def test_a_stale_update_is_refused() -> None:
    """Somebody was faster: recompute and sign anew."""
    live = config(trade())
    later = apply_update(live, envelope_for(live, FASTER, ADMINS))
    stale = replace(trade(), batch=BatchSettings(timeout="5s"))
    assert refused(later, envelope_for(live, stale, ADMINS)) == (
        "error applying config update to existing channel 'trade': error authorizing update: "
        "error validating DeltaSet: attempt to set key [Value]  /Channel/Orderer/BatchTimeout "
        "to version 1, but key is at version 1"
    )
    grown = replace(trade(), peer_organizations=(*trade().peer_organizations, peer_organization("gamma")))
    grown_once = apply_update(live, envelope_for(live, grown, ADMINS))
    assert refused(grown_once, envelope_for(live, grown, ADMINS)) == (
        "error applying config update to existing channel 'trade': error authorizing update: "
        "error validating ReadSet: proposed update requires that key [Group]  /Channel/Application "
        "be at version 0, but it is currently at version 1"
    )


def test_missing_consent_is_refused() -> None:
    """A peer organization's admin cannot change the ordering service."""
    live = config(trade())
    assert refused(live, envelope_for(live, FASTER, [ALPHA.signer("admin")])) == (
        "error applying config update to existing channel 'trade': error authorizing update: "
        "error validating DeltaSet: policy for [Value]  /Channel/Orderer/BatchTimeout not satisfied: "
        "implicit policy evaluation failed - 0 sub-policies were satisfied, "
        "but this policy requires 1 of the 'Admins' sub-policies to be satisfied"
    )


def test_the_submitters_outer_signature_is_no_consent() -> None:
    """Only signatures inside count."""
    live = config(trade())
    update = compute_update("trade", live, apply_settings(live, FASTER, None)).SerializeToString()
    assert "not satisfied" in refused(live, update_envelope(update, [], ORDERER.signer("admin")))


def test_consent_is_to_these_bytes() -> None:
    """A signature taken from another update does not count."""
    live = config(trade())
    update = compute_update("trade", live, apply_settings(live, FASTER, None)).SerializeToString()
    other = sign_update(update + b" ", ORDERER.signer("admin"))
    assert "not satisfied" in refused(live, update_envelope(update, [other], ADMINS[0]))


def test_an_update_is_for_its_channel() -> None:
    """What the header says and what was signed must agree."""
    live = config(trade())
    update = compute_update("other", live, apply_settings(live, FASTER, None)).SerializeToString()
    content = configtx_pb2.ConfigUpdateEnvelope(config_update=update).SerializeToString()
    envelope = signed_envelope(common_pb2.CONFIG_UPDATE, "trade", content, ADMINS[0])
    assert "ConfigUpdate for channel 'other' but envelope for channel 'trade'" in refused(live, envelope)


def test_what_a_node_could_not_run_with_is_refused() -> None:
    """Consent does not help a value that makes no sense, in Fabric's words."""
    live = config(trade())
    edited = configtx_pb2.Config()
    edited.CopyFrom(live)
    edited.channel_group.groups["Orderer"].groups["orderer"].values["Endpoints"].value = b""
    update = compute_update("trade", live, edited).SerializeToString()
    signed = [sign_update(update, signer) for signer in ADMINS]
    words = refused(live, update_envelope(update, signed, ADMINS[0]))
    assert words.endswith("some orderer organizations endpoints are empty: [orderer]")


def test_an_update_without_effect_is_refused() -> None:
    """Nothing to do is an error, as with Fabric."""
    update = configtx_pb2.ConfigUpdate(channel_id="trade")
    update.read_set.version = update.write_set.version = 0
    update.read_set.SetInParent()
    update.write_set.SetInParent()
    envelope = update_envelope(update.SerializeToString(), [], ADMINS[0])
    assert "delta set was empty -- update would have no effect" in refused(config(trade()), envelope)


def test_a_preview_knows_who_must_sign() -> None:
    """Policies and elements, and who is missing beside the signers at hand."""
    live = config(trade())
    wanted = replace(
        FASTER,
        peer_organizations=(peer_organization("alpha", "new.alpha:7051"), peer_organization("beta")),
        capabilities=Capabilities(channel="V2_0"),
    )
    update = compute_update("trade", live, apply_settings(live, wanted, None))
    assert required_policies(live, update) == {
        "/Channel/Admins": ["[Value]  /Channel/Capabilities"],
        "/Channel/Application/alpha/Admins": ["[Value]  /Channel/Application/alpha/AnchorPeers"],
        "/Channel/Orderer/Admins": ["[Value]  /Channel/Orderer/BatchTimeout"],
    }
    needs = missing_signatures(live, update, [ORDERER.signer("admin")])
    assert {path: str(need) for path, need in needs.items()} == {
        "/Channel/Admins": "2 of (AlphaMSP.admin, BetaMSP.admin)",
        "/Channel/Application/alpha/Admins": "AlphaMSP.admin",
    }
    assert missing_signatures(live, update, ADMINS) == {}


def test_one_consenter_at_a_time() -> None:
    """Raft changes its members singly; an exchange keeps the node's place."""
    old = config(trade(3))
    one, two = ORDERER.consenter("orderer8.example"), ORDERER.consenter("orderer9.example")
    first, *rest = trade(3).consenters
    change = membership_change(old, config(replace(trade(3), consenters=(one, *rest))))
    assert [node.host for node in change.added] == ["orderer8.example"]
    assert [node.host for node in change.removed] == ["orderer0.example"]
    with pytest.raises(ConfigtxError) as caught:
        check_consensus(old, config(replace(trade(3), consenters=(first, *rest, one, two))))
    assert caught.value.message == (
        "consensus metadata update for channel config update is invalid: update of more than one consenter "
        "at a time is not supported, requested changes: add 2 node(s), remove 0 node(s)"
    )


@pytest.mark.parametrize(
    ("consenters", "running", "change", "lost"),
    [
        (3, 3, "remove", False),
        (3, 2, "remove running", True),
        (3, 2, "remove stopped", False),
        (3, 2, "add", True),
        (3, 3, "add", False),
        (1, 1, "add", False),
        (2, 2, "remove", False),
        (2, 1, "remove running", True),
    ],
)
def test_quorum_is_guarded(consenters: int, running: int, change: str, lost: bool) -> None:
    """As MembershipChanges.UnacceptableQuorumLoss counts it."""
    old = trade(consenters)
    nodes = list(old.consenters)
    active = frozenset(node.client_tls_certificate for node in nodes[:running])
    if change == "add":
        nodes.append(ORDERER.consenter("orderer9.example"))
    else:
        del nodes[0 if change != "remove stopped" else running]
    new = config(replace(old, consenters=tuple(nodes)))
    if not lost:
        check_consensus(config(old), new, active=active)
        return
    with pytest.raises(
        ConfigtxError, match=f"{running} out of {consenters} nodes are alive, configuration will result"
    ):
        check_consensus(config(old), new, active=active)


def test_a_consenters_certificate_must_be_trusted() -> None:
    """By a TLS authority of an orderer organization of the new configuration; a new one must be valid."""
    foreign = organization("alpha").consenter("orderer9.example")
    new = config(replace(trade(), consenters=(*trade().consenters, foreign)))
    with pytest.raises(ConfigtxError, match="certificate signed by unknown authority"):
        check_consensus(config(trade()), new)
    own = config(replace(trade(), consenters=(*trade().consenters, ORDERER.consenter("orderer9.example"))))
    with pytest.raises(ConfigtxError, match="certificate has expired"):
        check_consensus(config(trade()), own, now=datetime.now(UTC) + timedelta(days=400))
    check_consensus(own, own, now=datetime.now(UTC) + timedelta(days=400))


@pytest.mark.parametrize(
    ("raft", "words"),
    [
        ({"election_tick": 1}, r"ElectionTick \(1\) must be greater than HeartbeatTick \(1\)"),
        ({"max_inflight_blocks": 0}, r"MaxInflightBlocks \(0\) can be zero"),
        ({"tick_interval": "soon"}, r"failed to parse TickInterval \(soon\)"),
    ],
)
def test_raft_options_are_checked(raft: dict[str, Any], words: str) -> None:
    """Orderers refuse them; so do settings, before."""
    wanted = replace(trade(), raft=RaftOptions(**raft))
    with pytest.raises(ConfigtxError):
        apply_settings(config(trade()), wanted, None)
    broken = config(trade())
    from heddle.configtx import values

    values.put(
        broken.channel_group.groups["Orderer"],
        "ConsensusType",
        values.consensus_type(wanted.consenters, wanted.raft),
    )
    with pytest.raises(ConfigtxError, match=words):
        check_consensus(config(trade()), broken)


def test_messages_are_filtered_before_they_are_opened() -> None:
    """Empty, too large, expired, not allowed: in Fabric's words."""
    live = config(trade())
    client = ALPHA.signer("client")
    message = signed_envelope(common_pb2.ENDORSER_TRANSACTION, "trade", b"data", client)
    assert message_refusal(live, message) == ""
    assert message_refusal(live, common_pb2.Envelope()) == "Message was empty"
    later = datetime.now(UTC) + timedelta(days=400)
    assert message_refusal(live, message, now=later) == "broadcast client identity expired"
    peer = signed_envelope(common_pb2.ENDORSER_TRANSACTION, "trade", b"data", ALPHA.signer("peer"))
    assert message_refusal(live, peer).endswith(
        f"'Writers' sub-policies to be satisfied: {PERMISSION_DENIED}"
    )
    message.signature = b"forged"
    assert PERMISSION_DENIED in message_refusal(live, message)
    large = signed_envelope(common_pb2.ENDORSER_TRANSACTION, "trade", b" " * (11 << 20), client)
    assert "exceeds maximum allowed 10485760 bytes" in message_refusal(live, large)


def test_readers_are_asked_who_they_are() -> None:
    """Peers may read; strangers may not."""
    live = config(trade())
    peer = signed_envelope(common_pb2.DELIVER_SEEK_INFO, "trade", b"", ALPHA.signer("peer"))
    stranger = signed_envelope(common_pb2.DELIVER_SEEK_INFO, "trade", b"", organization("x").signer("peer"))
    refusals = [
        signed_data_refusal(live.channel_group, "/Channel/Readers", [envelope_signed_data(envelope)])
        for envelope in (peer, stranger)
    ]
    assert refusals[0] == ""
    assert "implicit policy evaluation failed" in refusals[1]
