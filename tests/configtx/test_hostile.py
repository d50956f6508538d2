"""Configurations, updates and blocks from others: read, or refused with a ConfigtxError or IdentityError."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeVar

import pytest
from fabric_protos.common import common_pb2, configtx_pb2, policies_pb2
from fabric_protos.msp import identities_pb2, msp_principal_pb2
from google.protobuf.message import DecodeError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heddle.configtx import blocks
from heddle.configtx.bundle import check_bundle, check_succession
from heddle.configtx.consensus import check_consensus
from heddle.configtx.consensus_bft import check_configure, check_runtime
from heddle.configtx.decode import json_text, message_json
from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.envelope import sign_update, update_envelope
from heddle.configtx.filters import envelope_signed_data, message_refusal
from heddle.configtx.genesis import channel_group
from heddle.configtx.members import principal_text
from heddle.configtx.policies import Identity, missing, refusal
from heddle.configtx.read import differences, settings_of
from heddle.configtx.validate import apply_update, missing_signatures, required_policies
from heddle.errors import ConfigtxError, IdentityError
from tests.configtx.networks import bft_trade, organization, trade

ADMINS = [organization(name).signer("admin") for name in ("alpha", "beta", "orderer")]
SETTINGS = {"etcdraft": trade(), "BFT": bft_trade()}
CONFIGS = {kind: configtx_pb2.Config(channel_group=channel_group(one)) for kind, one in SETTINGS.items()}
BLOCKS = [
    path.read_bytes()
    for path in sorted((Path(__file__).parents[1] / "cases" / "configtx" / "decode").glob("*.Block.pb"))
]
PATHS = ["/Channel/Admins", "/Channel/Orderer/BlockValidation", "/Channel/Application/Endorsement", "Admins"]

many = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
quiet = pytest.mark.filterwarnings("ignore:Parsed a serial number")


_T = TypeVar("_T")


class Draw(Protocol):
    """A strategy's own `draw`, or that of `st.data()`."""

    def __call__(self, strategy: st.SearchStrategy[_T], /) -> _T: ...


def spoil(draw: Draw, data: bytes) -> bytes:
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        data = data[:start] + draw(st.binary(max_size=3)) + data[start + draw(st.integers(0, 4)) :]
    return data


@st.composite
def configs(draw: st.DrawFn) -> configtx_pb2.Config:
    """A real configuration with values, policies and groups spoiled, of another kind, or gone."""
    config = configtx_pb2.Config()
    config.CopyFrom(CONFIGS[draw(st.sampled_from(sorted(CONFIGS)))])
    groups = [config.channel_group]
    for group in groups:
        groups.extend(group.groups[name] for name in sorted(group.groups))
    for _ in range(draw(st.integers(1, 3))):
        group = draw(st.sampled_from(groups))
        values, policies = sorted(group.values), sorted(group.policies)
        match draw(st.integers(0, 5)):
            case 0 | 1 if values:
                value = group.values[draw(st.sampled_from(values))]
                value.value = spoil(draw, value.value)
            case 2 if policies:
                policy = group.policies[draw(st.sampled_from(policies))].policy
                policy.value = spoil(draw, policy.value)
            case 3 if policies:
                group.policies[draw(st.sampled_from(policies))].policy.type = draw(st.integers(0, 4))
            case 4 if values:
                del group.values[draw(st.sampled_from(values))]
            case 5:
                group.groups.clear()
    return config


def tried(use: Callable[..., object], *arguments: object) -> None:
    with suppress(ConfigtxError, IdentityError):
        use(*arguments)


@pytest.mark.parametrize("kind", CONFIGS)
def test_what_is_not_spoiled_is_accepted(kind: str) -> None:
    """A configuration and an update that the tests below spoil: each reader takes it."""
    config, wanted = CONFIGS[kind], SETTINGS[kind]
    assert differences(settings_of(config), wanted) == []
    assert json.loads(json_text(message_json(config)))["channel_group"]["groups"]
    for check in (check_bundle, *((check_configure, check_runtime) if kind == "BFT" else ())):
        check(config)
    check_consensus(config, config)
    check_succession(config, config)
    assert [refusal(config.channel_group, path, ADMINS) for path in PATHS[:1]] == [""]
    assert [missing(config.channel_group, path, ADMINS) for path in PATHS[:1]] == [None]
    changed = replace(wanted, batch=replace(wanted.batch, max_message_count=77))
    update = compute_update("trade", config, apply_settings(config, changed, None))
    content = update.SerializeToString()
    assert missing_signatures(config, update, ADMINS) == {}
    envelope = update_envelope(content, [sign_update(content, one) for one in ADMINS], ADMINS[0])
    assert settings_of(apply_update(config, envelope)).batch == changed.batch


@pytest.mark.parametrize("content", BLOCKS)
def test_a_block_that_is_not_spoiled_is_read(content: bytes) -> None:
    """What is drawn from below: recorded blocks, each with an envelope of a channel."""
    block = common_pb2.Block.FromString(content)
    assert blocks.channel_of(block)
    assert blocks.data_hash(block.data) == block.header.data_hash
    assert json.loads(json_text(message_json(common_pb2.Envelope.FromString(block.data.data[0]))))["payload"]


@quiet
@given(configs())
@many
def test_a_configuration_is_read_or_refused(config: configtx_pb2.Config) -> None:
    """By everything that reads one."""
    tried(lambda: differences(settings_of(CONFIGS["etcdraft"]), settings_of(config)))
    tried(lambda: json_text(message_json(config)))
    for check in (check_bundle, check_configure, check_runtime):
        tried(check, config)
    for old in CONFIGS.values():
        tried(check_consensus, old, config)
        tried(check_succession, old, config)
    for wanted in SETTINGS.values():
        tried(apply_settings, config, wanted, None)


@quiet
@given(configs())
@many
def test_policies_are_evaluated_or_refused(config: configtx_pb2.Config) -> None:
    """Signatures are missing exactly where the policy refuses, whatever the policies say."""
    for path in PATHS:
        with suppress(ConfigtxError, IdentityError):
            satisfied = refusal(config.channel_group, path, ADMINS) == ""
            assert satisfied == (missing(config.channel_group, path, ADMINS) is None)


@quiet
@given(configs(), st.data())
@many
def test_an_update_is_applied_or_refused(config: configtx_pb2.Config, data: st.DataObject) -> None:
    """An honest one to a spoiled configuration, and a spoiled one to an honest."""
    for live in CONFIGS.values():
        with suppress(ConfigtxError, IdentityError):
            update = compute_update("trade", live, config)
            tried(required_policies, live, update)
            tried(missing_signatures, config, update, ADMINS)
            content = update.SerializeToString()
            sent = spoil(data.draw, content) if data.draw(st.booleans()) else content
            signatures = [sign_update(sent, one) for one in ADMINS]
            apply_update(live, update_envelope(sent, signatures, ADMINS[0]))


@given(st.data())
@many
def test_a_block_is_believed_or_refused(data: st.DataObject) -> None:
    """By everything that looks into one; also where its hash fits what is in it."""
    with suppress(DecodeError):
        block = common_pb2.Block.FromString(spoil(data.draw, data.draw(st.sampled_from(BLOCKS))))
        looks = (blocks.config_of, blocks.is_config_block, blocks.last_config_index, blocks.channel_of)
        for look in looks:
            tried(look, block)
        tried(blocks.block_hash, block.header)
        tried(blocks.verify_genesis, block, "00")
        for _ in range(2):
            tried(blocks.verify_block, block, CONFIGS["BFT"])
            tried(blocks.verify_block, block, CONFIGS["etcdraft"])
            block.header.data_hash = blocks.data_hash(block.data)


@given(st.data())
@many
def test_an_envelope_is_taken_or_refused(data: st.DataObject) -> None:
    """Random bytes, and real transactions spoiled."""
    original = common_pb2.Block.FromString(data.draw(st.sampled_from(BLOCKS))).data.data[0]
    sent = spoil(data.draw, original) if data.draw(st.booleans()) else data.draw(st.binary(max_size=200))
    tried(Identity.parse, sent)
    with suppress(DecodeError):
        envelope = common_pb2.Envelope.FromString(sent)
        tried(message_refusal, CONFIGS["BFT"], envelope)
        tried(envelope_signed_data, envelope)
        tried(apply_update, CONFIGS["BFT"], envelope)
        tried(message_json, envelope)


def combined(depth: int) -> msp_principal_pb2.MSPPrincipal:
    principal = msp_principal_pb2.MSPPrincipal()
    for _ in range(depth):
        outer = msp_principal_pb2.MSPPrincipal(
            principal_classification=msp_principal_pb2.MSPPrincipal.COMBINED,
            principal=msp_principal_pb2.CombinedPrincipal(principals=[principal]).SerializeToString(),
        )
        principal = outer
    return principal


def test_principals_inside_principals_have_a_limit() -> None:
    """Each is bytes in bytes, which protobuf's own limit does not see."""
    config = configtx_pb2.Config.FromString(CONFIGS["etcdraft"].SerializeToString())
    envelope = policies_pb2.SignaturePolicyEnvelope(identities=[combined(2000)])
    envelope.rule.signed_by = 0
    policy = config.channel_group.policies["Deep"].policy
    policy.type, policy.value = policies_pb2.Policy.SIGNATURE, envelope.SerializeToString()
    with pytest.raises(ConfigtxError, match="more than 8 principals inside each other"):
        refusal(config.channel_group, "/Channel/Deep", ADMINS)
    assert principal_text(combined(3)) == principal_text(combined(0))


def test_principals_that_nobody_knows_have_a_text() -> None:
    """A role from the future, a certificate that is none."""
    principal = msp_principal_pb2.MSPPrincipal(
        principal=msp_principal_pb2.MSPRole(
            msp_identifier="A", role=msp_principal_pb2.MSPRole.MSPRoleType.ValueType(9)
        ).SerializeToString()
    )
    assert principal_text(principal) == "A.role 9"
    principal.principal_classification = msp_principal_pb2.MSPPrincipal.IDENTITY
    identity = identities_pb2.SerializedIdentity(mspid="A", id_bytes=b"nothing")
    principal.principal = identity.SerializeToString()
    assert principal_text(principal) == "A with no certificate: 7 bytes 6e6f7468696e67"
    principal.principal_classification = msp_principal_pb2.MSPPrincipal.Classification.ValueType(9)
    principal.principal = b"new"
    assert principal_text(principal) == "a principal of unknown kind 9, 3 bytes 6e6577"
