"""BFT channels: what is written, read, edited and checked."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fabric_protos.common import configtx_pb2, configuration_pb2, policies_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2
from fabric_protos.orderer.smartbft import configuration_pb2 as smartbft_pb2
from hypothesis import given, settings

from heddle.configtx import bft, values
from heddle.configtx.consensus import check_consensus
from heddle.configtx.consensus_bft import check_configure, check_runtime
from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.envelope import sign_update, update_envelope
from heddle.configtx.genesis import channel_group
from heddle.configtx.merge import merge
from heddle.configtx.read import differences, settings_of
from heddle.configtx.settings import BFT, Capabilities, ChannelSettings
from heddle.configtx.validate import apply_update, missing_signatures
from heddle.errors import ConfigtxError, NoDifference
from heddle.identity.describe import certificate_brief
from heddle.settings import BatchSettings, BftOptions
from tests.configtx.networks import bft_trade, organization, trade
from tests.configtx.strategies import bft_channels

OWNER = organization("orderer")
HOSTS = [f"orderer{n}.example" for n in range(7)]
ADMINS = [organization(name).signer("admin") for name in ("alpha", "beta", "orderer")]


def config(wanted: ChannelSettings) -> configtx_pb2.Config:
    return configtx_pb2.Config(channel_group=channel_group(wanted))


def test_the_policy_names_the_consenters_in_order() -> None:
    """A signature policy over identities, as many as a quorum; mod_policy as of the others."""
    group = channel_group(bft_trade(4)).groups["Orderer"]
    policy = group.policies["BlockValidation"]
    assert policy.mod_policy == "Admins"
    assert policy.policy.type == policies_pb2.Policy.SIGNATURE
    envelope = policies_pb2.SignaturePolicyEnvelope.FromString(policy.policy.value)
    assert envelope.rule.n_out_of.n == 3
    assert [rule.signed_by for rule in envelope.rule.n_out_of.rules] == [0, 1, 2, 3]
    mapping = configuration_pb2.Orderers.FromString(group.values["Orderers"].value).consenter_mapping
    assert [(node.id, node.host) for node in mapping] == [(n + 1, HOSTS[n]) for n in range(4)]


@given(bft_channels())
@settings(max_examples=20)
def test_what_was_written_can_be_read(wanted: ChannelSettings) -> None:
    """Reading a configuration gives the settings that it was made of, and nodes would take it."""
    assert differences(settings_of(config(wanted)), wanted) == []
    check_configure(config(wanted))
    check_runtime(config(wanted))


@given(bft_channels(), bft_channels())
@settings(max_examples=40)
def test_an_edit_reaches_what_is_wanted_and_is_minimal(old: ChannelSettings, new: ChannelSettings) -> None:
    """The policy follows the consenters; a second edit changes no byte; an equal wish is no difference."""
    live = config(old)
    edited = apply_settings(live, new, None)
    assert differences(settings_of(edited), new) == []
    check_configure(edited)
    assert apply_settings(edited, new, None) == edited
    if differences(old, new):
        assert compute_update("trade", live, edited).channel_id == "trade"
    else:
        assert edited == live
        with pytest.raises(NoDifference):
            compute_update("trade", live, edited)


def test_options_that_heddle_has_no_setting_for_are_kept() -> None:
    """Somebody set them on purpose."""
    live = config(bft_trade())
    orderer = live.channel_group.groups["Orderer"]
    kind = orderer_pb2.ConsensusType.FromString(orderer.values["ConsensusType"].value)
    options = smartbft_pb2.Options.FromString(kind.metadata)
    options.sync_on_start = True
    kind.metadata = options.SerializeToString()
    values.put(orderer, "ConsensusType", kind)
    wanted = replace(settings_of(live, channel="trade"), bft=BftOptions(view_change_timeout="30s"))
    after = apply_settings(live, wanted, None).channel_group.groups["Orderer"]
    kind = orderer_pb2.ConsensusType.FromString(after.values["ConsensusType"].value)
    options = smartbft_pb2.Options.FromString(kind.metadata)
    assert (options.sync_on_start, options.view_change_timeout) == (True, "30s")


def test_differences_read_aloud() -> None:
    """A line for each: option, consenter that came, and one whose certificate or number changed."""
    old = bft_trade(4)
    first = replace(old.consenters[0], identity=OWNER.signer("orderer", "again").certificate)
    second = replace(old.consenters[1], id=9)
    new = replace(
        old,
        bft=BftOptions(request_pool_size=7),
        consenters=(first, second, *old.consenters[2:], OWNER.bft_consenter(5, HOSTS[4])),
    )
    shown = [certificate_brief(each.identity) for each in (old.consenters[0], first)]
    assert differences(old, new) == [
        "BFT request pool size: 100000 → 7",
        f"consenter orderer0.example:7050: enrolment certificate {' → '.join(shown)}",
        "consenter orderer1.example:7050: id 2 → 9",
        "consenter orderer4.example:7050: added",
    ]
    assert differences(old, replace(old, bft=BftOptions(request_auto_remove_timeout="180s"))) == []


def test_changes_of_others_are_kept_and_conflicts_named() -> None:
    """As with Raft: theirs stay, both in different ways is an error that names each."""
    applied = bft_trade(4)
    theirs = replace(applied, bft=BftOptions(collect_timeout="2s"))
    ours = replace(applied, bft=BftOptions(request_pool_size=5))
    merged = merge(theirs, ours, applied)
    assert (merged.bft.collect_timeout, merged.bft.request_pool_size) == ("2s", 5)
    assert merged.consensus == BFT
    with pytest.raises(ConfigtxError, match="BFT collect timeout: 1s → 2s on the channel, 1s → 3s here"):
        merge(theirs, replace(applied, bft=BftOptions(collect_timeout="3s")), applied)


def test_what_only_bft_has_makes_no_difference_with_raft() -> None:
    """A Raft channel has no place for a consenter's number and identity: given or not, it is the same."""
    with_identities = replace(trade(4), consenters=bft_trade(4).consenters)
    assert differences(trade(4), with_identities) == []
    assert differences(trade(4), replace(trade(4), bft=BftOptions(request_pool_size=3))) == []
    live = config(trade(4))
    assert apply_settings(live, with_identities, None) == live


def test_consensus_is_for_ever() -> None:
    """Neither way; said before anything else, with the way out."""
    for old, new in ((trade(4), bft_trade(4)), (bft_trade(4), trade(4))):
        with pytest.raises(ConfigtxError, match="its consensus is") as caught:
            apply_settings(config(old), new, None)
        assert "new channel" in caught.value.hint
        with pytest.raises(ConfigtxError, match="attempted to change consensus type from"):
            check_consensus(config(old), config(new))


FIRST, *REST = bft_trade(4).consenters


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"capabilities": Capabilities(channel="V2_0")}, "BFT needs channel capability V3_0"),
        ({"consensus": "solo"}, "consensus 'solo': expected etcdraft or BFT"),
        ({"consenters": ()}, "no consenter"),
        ({"consenters": (replace(FIRST, id=0), *REST)}, "orderer0.example:7050: id 0"),
        ({"consenters": (replace(FIRST, id=2), *REST)}, "2 consenters have id 2"),
        ({"consenters": (replace(FIRST, msp_id="AlphaMSP"), *REST)}, "MSP id 'AlphaMSP': expected"),
        ({"consenters": (replace(FIRST, identity=b""), *REST)}, "could not decode the PEM"),
        (
            {"consenters": (replace(FIRST, identity=REST[0].identity), *REST)},
            "two consenters sign with one key",
        ),
        (
            {"consenters": (replace(FIRST, identity=ADMINS[0].certificate), *REST)},
            "enrolment certificate is none of OrdererMSP",
        ),
        (
            {"consenters": (replace(FIRST, client_tls_certificate=FIRST.identity), *REST)},
            "client TLS certificate comes from no TLS authority",
        ),
        (
            {"consenters": (replace(FIRST, server_tls_certificate=b"x"), *REST)},
            "a certificate cannot be read",
        ),
        ({"bft": BftOptions(collect_timeout="soon")}, "BFT collect timeout: duration 'soon'"),
        ({"bft": BftOptions(collect_timeout="0s")}, "BFT collect timeout 0s: expected more than 0"),
        ({"bft": BftOptions(request_pool_size=0)}, "BFT request pool size 0: expected at least 1"),
        (
            {"bft": BftOptions(request_forward_timeout="30s")},
            "BFT request forward timeout 30s: expected no more than request complain timeout, 20s",
        ),
        ({"bft": BftOptions(view_change_resend_interval="21s")}, "no more than view change timeout"),
        (
            {"batch": BatchSettings(absolute_max_bytes=9000, preferred_max_bytes=9000)},
            "expected at least 10 KB with BFT",
        ),
        (
            {"batch": BatchSettings(max_message_count=2 * 10**7)},
            "expected no more than absolute max bytes",
        ),
    ],
)
def test_what_would_halt_the_chain_is_refused(change: dict[str, Any], words: str) -> None:
    """BFT orderers commit such a configuration and stop: Heddle says so before."""
    with pytest.raises(ConfigtxError) as caught:
        channel_group(replace(bft_trade(4), **change))
    assert words in caught.value.message


def spoiled(change: Callable[[configtx_pb2.ConfigGroup], None]) -> configtx_pb2.Config:
    made = config(bft_trade(4))
    change(made.channel_group.groups["Orderer"])
    return made


def options(**changes: object) -> Callable[[configtx_pb2.ConfigGroup], None]:
    def change(orderer: configtx_pb2.ConfigGroup) -> None:
        message = bft.options_message(BftOptions())
        for name, value in changes.items():
            setattr(message, name, value)
        kind = orderer_pb2.ConsensusType(type=BFT, metadata=message.SerializeToString())
        values.put(orderer, "ConsensusType", kind)

    return change


def consenters(*nodes: object) -> Callable[[configtx_pb2.ConfigGroup], None]:
    return lambda orderer: values.put(orderer, "Orderers", bft.mapping(nodes))  # type: ignore[arg-type]  # also what is none


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda orderer: orderer.values.pop("Orderers"), "no values in 'Orderer' group"),
        (lambda orderer: orderer.policies.pop("BlockValidation"), "policy is not found in the policies"),
        (lambda orderer: orderer.policies.clear(), "empty policies in 'Orderer' group"),
        (lambda orderer: orderer.values.pop("ConsensusType"), "missing consensus type property in config"),
        (consenters(*REST), "block validation policy should be a signature policy"),
        (options(leader_rotation=2), "leader rotation must be turned off for this version or be unspecified"),
    ],
)
def test_what_bft_orderers_refuse_is_refused_in_their_words(
    change: Callable[[configtx_pb2.ConfigGroup], None], words: str
) -> None:
    """Of an update, before it is ordered."""
    with pytest.raises(ConfigtxError) as caught:
        check_configure(spoiled(change))
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (consenters(replace(FIRST, server_tls_certificate=b"")), "invalid PEM block"),
        (consenters(replace(FIRST, identity=b"no")), "could not decode the PEM structure"),
        (consenters(replace(FIRST, msp_id="Other")), "no MSP found for MSP with ID of Other"),
        (consenters(replace(FIRST, id=0)), "nodes contains node id 0 which is not permitted, nodes: [0]"),
        (consenters(FIRST, FIRST), "nodes contains duplicate IDs, nodes: [1 1]"),
        (
            options(collect_timeout="x"),
            'bad config metadata option CollectTimeout: time: invalid duration "x"',
        ),
        (
            options(leader_heartbeat_count=0),
            "config validation failed: LeaderHeartbeatCount should be greater than zero",
        ),
        (
            options(request_forward_timeout="21s"),
            "config validation failed: RequestForwardTimeout is bigger than RequestComplainTimeout",
        ),
    ],
)
def test_what_stops_a_chain_is_said_in_its_words(
    change: Callable[[configtx_pb2.ConfigGroup], None], words: str
) -> None:
    """When it starts, or after the configuration is committed."""
    with pytest.raises(ConfigtxError) as caught:
        check_runtime(spoiled(change))
    assert words == caught.value.message


def test_an_update_of_several_consenters_at_once_is_valid() -> None:
    """BFT knows no limit of one; the orderer organizations' admins must consent."""
    live = config(bft_trade(4))
    wanted = replace(bft_trade(7), orderer_organizations=settings_of(live).orderer_organizations)
    update = compute_update("trade", live, apply_settings(live, wanted, None))
    assert list(missing_signatures(live, update, ADMINS[:2])) == ["/Channel/Orderer/Admins"]
    data = update.SerializeToString()
    envelope = update_envelope(data, [sign_update(data, one) for one in ADMINS], ADMINS[0])
    new = apply_update(live, envelope)
    check_consensus(live, new)
    check_configure(new)
    assert len(settings_of(new).consenters) == 7
