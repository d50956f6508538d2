"""What Fabric's own programs say about everything that is made here."""

import json
import subprocess
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fabric_protos.common import common_pb2, configtx_pb2, policies_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heddle.configtx import values
from heddle.configtx.blocks import (
    block_hash,
    config_of,
    last_config_index,
    verify_block,
    verify_genesis,
)
from heddle.configtx.consensus import check_consensus
from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.envelope import sign_update, update_envelope
from heddle.configtx.filters import message_refusal
from heddle.configtx.genesis import channel_group, genesis_block
from heddle.configtx.read import settings_of
from heddle.configtx.settings import ChannelSettings
from heddle.configtx.validate import apply_update
from heddle.errors import ConfigtxError, NoDifference
from heddle.identity.msp import msp_config
from heddle.identity.signer import Signer
from heddle.settings import BatchSettings
from tests.configtx.networks import organization, peer_organization, trade
from tests.configtx.real_orderer import PROGRAMS, OrdererProcess, running
from tests.configtx.strategies import bft_channels, channels
from tests.programs import needs
from tests.real.mspfolder import msp_folder

pytestmark = [pytest.mark.real, needs(*PROGRAMS)]

SETTINGS = trade(1)
OFFERS = 20
ADMINS = [organization(name).signer("admin") for name in ("alpha", "beta", "orderer")]


@pytest.fixture(scope="module")
def orderer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OrdererProcess]:
    with running(tmp_path_factory.mktemp("orderer"), SETTINGS) as node:
        yield node


@pytest.fixture(scope="module")
def genesis(orderer: OrdererProcess) -> common_pb2.Block:
    block = genesis_block(SETTINGS)
    status, body = orderer.join(block)
    assert status == 201, body
    assert orderer.wait_for("active", 1)["consensusRelation"] == "consenter"
    return block


def live(orderer: OrdererProcess) -> configtx_pb2.Config:
    return config_of(orderer.block("config")).config


def propose(
    config: configtx_pb2.Config,
    wanted: ChannelSettings,
    signers: list[Signer] = ADMINS,
    submitter: Signer = ADMINS[0],
) -> common_pb2.Envelope:
    return propose_config(config, apply_settings(config, wanted, None), signers, submitter)


def propose_config(
    config: configtx_pb2.Config,
    edited: configtx_pb2.Config,
    signers: list[Signer] = ADMINS,
    submitter: Signer = ADMINS[0],
) -> common_pb2.Envelope:
    update = compute_update("trade", config, edited).SerializeToString()
    return update_envelope(update, [sign_update(update, signer) for signer in signers], submitter)


def test_an_orderer_runs_with_our_identity_and_genesis(
    orderer: OrdererProcess, genesis: common_pb2.Block
) -> None:
    """It starts with the MSP folder, joins the block, becomes active, and gives the same block back."""
    fetched = orderer.block("0")
    assert fetched == genesis
    assert verify_genesis(fetched, block_hash(genesis.header).hex()) == config_of(genesis).config


def test_an_update_is_taken_and_the_block_believed(
    orderer: OrdererProcess, genesis: common_pb2.Block
) -> None:
    """The new configuration equals ours message by message, and the real signatures satisfy the policy."""
    before = live(orderer)
    height = orderer.info()["height"]
    envelope = propose(before, replace(SETTINGS, batch=BatchSettings(timeout="700ms")))
    expected = apply_update(before, envelope)
    status, body = orderer.update(envelope)
    assert status == 201, body
    orderer.wait_for("active", height + 1)
    block, previous = orderer.block("newest"), orderer.block(str(height - 1))
    assert config_of(block).config == expected
    assert config_of(block).last_update == envelope
    assert last_config_index(block) == block.header.number == height
    verify_block(block, before, previous_hash=block_hash(previous.header))
    assert settings_of(expected).batch.timeout == "700ms"
    forged = common_pb2.Block.FromString(block.SerializeToString())
    forged.header.previous_hash = b"\0" * 32
    with pytest.raises(ConfigtxError, match="not signed"):
        verify_block(forged, before)


def edited(
    config: configtx_pb2.Config, change: Callable[[configtx_pb2.ConfigGroup], None]
) -> configtx_pb2.Config:
    copy = configtx_pb2.Config()
    copy.CopyFrom(config)
    change(copy.channel_group)
    return copy


def no_endpoints(root: configtx_pb2.ConfigGroup) -> None:
    root.groups["Orderer"].groups["orderer"].values["Endpoints"].value = b""


def unknown_value(root: configtx_pb2.ConfigGroup) -> None:
    root.groups["Orderer"].values["Surprise"].mod_policy = "Admins"


def unknown_capability(root: configtx_pb2.ConfigGroup) -> None:
    capabilities = values.capabilities("V9_9")
    capabilities.capabilities["V3_0"].SetInParent()
    values.put(root, "Capabilities", capabilities)


def only_unknown_capability(root: configtx_pb2.ConfigGroup) -> None:
    values.put(root, "Capabilities", values.capabilities("V9_9"))


def global_addresses(root: configtx_pb2.ConfigGroup) -> None:
    values.put(root, "OrdererAddresses", values.addresses(["orderer0.example:7050"]))


def no_capabilities(root: configtx_pb2.ConfigGroup) -> None:
    del root.groups["Orderer"].values["Capabilities"]


def hash_width(root: configtx_pb2.ConfigGroup) -> None:
    root.values["BlockDataHashingStructure"].value = b""


def hash_algorithm(root: configtx_pb2.ConfigGroup) -> None:
    root.values["HashingAlgorithm"].value = b""


def no_orderers(root: configtx_pb2.ConfigGroup) -> None:
    del root.groups["Orderer"]


def no_application(root: configtx_pb2.ConfigGroup) -> None:
    del root.groups["Application"]


def consortiums(root: configtx_pb2.ConfigGroup) -> None:
    root.groups["Consortiums"].mod_policy = "Admins"


def two_versions_of_an_msp(root: configtx_pb2.ConfigGroup) -> None:
    owner = organization("orderer").msp
    more = replace(owner, tls_root_certificates=(*owner.tls_root_certificates, *owner.root_certificates))
    group = root.groups["Application"].groups["orderer"]
    group.CopyFrom(root.groups["Application"].groups["alpha"])
    values.put(group, "MSP", msp_config(more))


def policy_with_a_hole(root: configtx_pb2.ConfigGroup) -> None:
    policy = root.groups["Application"].policies["Hole"]
    policy.mod_policy = "Admins"
    policy.policy.type = 1
    envelope = policies_pb2.SignaturePolicyEnvelope()
    envelope.rule.signed_by = 3
    policy.policy.value = envelope.SerializeToString()


def policy_of_no_kind(root: configtx_pb2.ConfigGroup) -> None:
    policy_with_a_hole(root)
    root.groups["Application"].policies["Hole"].policy.type = 7


def no_batch(root: configtx_pb2.ConfigGroup) -> None:
    values.put(
        root.groups["Orderer"],
        "BatchSize",
        values.fill(orderer_pb2.BatchSize(), BatchSettings(max_message_count=0)),
    )


def backwards(root: configtx_pb2.ConfigGroup) -> None:
    values.put(
        root.groups["Orderer"],
        "BatchTimeout",
        values.fill(orderer_pb2.BatchTimeout(), BatchSettings(timeout="-1s")),
    )


def nonsense(root: configtx_pb2.ConfigGroup) -> None:
    values.put(
        root.groups["Orderer"],
        "BatchTimeout",
        values.fill(orderer_pb2.BatchTimeout(), BatchSettings(timeout="soon")),
    )


def no_policy(root: configtx_pb2.ConfigGroup) -> None:
    root.groups["Orderer"].values["BatchTimeout"].mod_policy = ""
    backwards(root)


def foreign_msp(root: configtx_pb2.ConfigGroup) -> None:
    values.put(root.groups["Application"].groups["alpha"], "MSP", msp_config(organization("gamma").msp))


def strange_name(root: configtx_pb2.ConfigGroup) -> None:
    root.groups["Application"].groups["al pha"].mod_policy = "Admins"


def subgroup(root: configtx_pb2.ConfigGroup) -> None:
    root.groups["Application"].groups["alpha"].groups["below"].mod_policy = "Admins"


def leaf_as_root(root: configtx_pb2.ConfigGroup) -> None:
    alpha = organization("alpha")
    msp = replace(alpha.msp, root_certificates=(alpha.signer("peer").certificate,))
    values.put(root.groups["Application"].groups["alpha"], "MSP", msp_config(msp))


def lonely_policy(root: configtx_pb2.ConfigGroup) -> None:
    root.policies["Empty"].mod_policy = "Admins"


@pytest.mark.parametrize(
    "change",
    [
        no_endpoints,
        unknown_value,
        unknown_capability,
        no_batch,
        backwards,
        nonsense,
        no_policy,
        foreign_msp,
        strange_name,
        subgroup,
        lonely_policy,
        only_unknown_capability,
        global_addresses,
        no_capabilities,
        hash_width,
        hash_algorithm,
        no_orderers,
        no_application,
        consortiums,
        two_versions_of_an_msp,
        policy_with_a_hole,
        policy_of_no_kind,
        leaf_as_root,
    ],
    ids=lambda change: change.__name__,
)
def test_nonsense_is_refused_in_the_same_words(
    orderer: OrdererProcess, genesis: common_pb2.Block, change: Callable[[configtx_pb2.ConfigGroup], None]
) -> None:
    """What a stand-in says is what the real node says, letter by letter."""
    config = live(orderer)
    assert_same_refusal(orderer, config, propose_config(config, edited(config, change)))


@pytest.mark.parametrize("signers", [[], ADMINS[:1], ADMINS[2:]], ids=["none", "alpha", "orderer"])
def test_missing_consent_is_refused_in_the_same_words(
    orderer: OrdererProcess, genesis: common_pb2.Block, signers: list[Signer]
) -> None:
    """Which policy, how many were satisfied, how many are needed."""
    config = live(orderer)
    now = settings_of(config, channel="trade")
    grown = replace(now, peer_organizations=(*now.peer_organizations, peer_organization("gamma")))
    assert_same_refusal(orderer, config, propose(config, grown, signers))
    if ADMINS[2] not in signers:
        slower = replace(now, batch=BatchSettings(timeout="3s"))
        assert_same_refusal(orderer, config, propose(config, slower, signers))


def test_stale_updates_are_refused_in_the_same_words(
    orderer: OrdererProcess, genesis: common_pb2.Block
) -> None:
    """Versions of write set and read set."""
    config = live(orderer)
    older = configtx_pb2.Config()
    older.CopyFrom(config)
    older.channel_group.groups["Orderer"].values["BatchTimeout"].version += 5
    assert_same_refusal(orderer, config, propose(older, replace(SETTINGS, batch=BatchSettings(timeout="9s"))))
    older.CopyFrom(config)
    older.channel_group.groups["Application"].version += 5
    grown = replace(SETTINGS, peer_organizations=(*SETTINGS.peer_organizations, peer_organization("gamma")))
    same_batch = replace(grown, batch=settings_of(config).batch)
    assert_same_refusal(orderer, config, propose(older, same_batch))


def test_more_than_one_consenter_is_refused_in_the_same_words(
    orderer: OrdererProcess, genesis: common_pb2.Block
) -> None:
    """Etcdraft's own check, and a certificate that no orderer organization's TLS authority signed."""
    config = live(orderer)
    base = settings_of(config, channel="trade")
    more = [organization("orderer").consenter(f"orderer{n}.example") for n in (7, 8)]
    envelope = propose(config, replace(base, consenters=(*base.consenters, *more)))
    status, body = orderer.update(envelope)
    assert status == 400
    with pytest.raises(ConfigtxError) as caught:
        check_consensus(config, apply_update(config, envelope))
    assert body["error"].endswith(caught.value.message)
    foreign = organization("alpha").consenter("orderer9.example")
    envelope = propose(config, replace(base, consenters=(*base.consenters, foreign)))
    status, body = orderer.update(envelope)
    assert status == 400
    with pytest.raises(ConfigtxError) as caught:
        check_consensus(config, apply_update(config, envelope))
    # Go adds a hint in brackets where the authority has the name of another one.
    assert caught.value.message in body["error"]


def test_who_may_not_submit_is_told_so(orderer: OrdererProcess, genesis: common_pb2.Block) -> None:
    """The outer signature of a peer is no writer's."""
    config = live(orderer)
    wanted = replace(settings_of(config, channel="trade"), batch=BatchSettings(timeout="4s"))
    envelope = propose(config, wanted, submitter=organization("alpha").signer("peer"))
    status, body = orderer.update(envelope)
    assert status >= 400
    assert body["error"].endswith(
        "config update for existing channel did not pass initial checks: " + message_refusal(config, envelope)
    )


def assert_same_refusal(
    orderer: OrdererProcess, config: configtx_pb2.Config, envelope: common_pb2.Envelope
) -> None:
    """Offer an update until Fabric refuses it in the stand-in's words.

    Fabric walks a channel's groups in the order of a Go map, which differs from call to call. Of two groups
    that are wrong together it names either, each about every second time.
    """
    with pytest.raises(ConfigtxError) as caught:
        apply_update(config, envelope)
    said = set()
    for _ in range(OFFERS):
        status, body = orderer.update(envelope)
        assert status == 400, body
        if body["error"].endswith(caught.value.message):
            return
        said.add(body["error"])
    pytest.fail(f"Fabric never says {caught.value.message!r}, but {said}")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


@st.composite
def edits(draw: st.DrawFn) -> configtx_pb2.Config:
    """A channel of our making, with elements of every kind changed at random."""
    config = configtx_pb2.Config(channel_group=channel_group(draw(channels() | bft_channels())))
    groups = [config.channel_group]
    for group in groups:
        groups.extend(group.groups[name] for name in sorted(group.groups))
    for group in groups:
        for kind in ("values", "policies", "groups"):
            elements = getattr(group, kind)
            for name in sorted(elements):
                change_element(draw, kind, elements, name)
    return config


def change_element(draw: st.DrawFn, kind: str, elements: MutableMapping[str, Any], name: str) -> None:
    match draw(st.integers(0, 12)), kind:
        case 0, _:
            del elements[name]
        case 1, _:
            elements[name].mod_policy = draw(st.sampled_from(["Admins", "Other", "/Channel/Admins"]))
        case 2, _:
            elements[name].version = draw(st.integers(0, 3))
        case 3, "values":
            elements[name].value = draw(st.binary(max_size=3))
        case 3, "policies":
            elements[name].ClearField("policy")
        case 4, _:
            elements["New"].mod_policy = draw(st.sampled_from(["", "Admins"]))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits(), edits())
def test_any_difference_is_computed_as_configtxlator_does(
    tmp_path: Path, original: configtx_pb2.Config, updated: configtx_pb2.Config
) -> None:
    """Equal messages for random trees, the same words for equal ones."""
    for pair in ((original, updated), (original, original)):
        paths = [tmp_path / "original.pb", tmp_path / "updated.pb", tmp_path / "update.pb"]
        for path, config in zip(paths, pair, strict=False):
            path.write_bytes(config.SerializeToString())
        answer = run(
            "configtxlator",
            "compute_update",
            "--channel_id=trade",
            *(f"--{path.stem}={path}" for path in paths[:2]),
            f"--output={paths[2]}",
        )
        if answer.returncode:
            with pytest.raises(NoDifference) as caught:
                compute_update("trade", *pair)
            assert caught.value.message in answer.stderr
        else:
            theirs = configtx_pb2.ConfigUpdate.FromString(paths[2].read_bytes())
            assert compute_update("trade", *pair) == theirs


def test_the_genesis_block_can_be_read(tmp_path: Path) -> None:
    """Configtxlator decodes every value of it, configtxgen inspects it."""
    path = tmp_path / "genesis.block"
    path.write_bytes(genesis_block(trade()).SerializeToString())
    decoded = run("configtxlator", "proto_decode", "--type=common.Block", f"--input={path}")
    assert decoded.returncode == 0, decoded.stderr
    content = json.loads(decoded.stdout)["data"]["data"][0]["payload"]["data"]
    orderer = content["config"]["channel_group"]["groups"]["Orderer"]
    consenters = orderer["values"]["ConsensusType"]["value"]["metadata"]["consenters"]
    assert [node["host"] for node in consenters] == [node.host for node in trade().consenters]
    assert orderer["groups"]["orderer"]["values"]["MSP"]["value"]["config"]["fabric_node_ous"]["enable"]
    assert run("configtxgen", "-inspectBlock", str(path)).returncode == 0


def test_configtxgen_reads_the_msp_folder_as_we_write_it(tmp_path: Path) -> None:
    """Its organization has the MSP that ours has, so either may make the channel."""
    alpha = organization("alpha")
    for path, content in msp_folder(alpha.msp).items():
        (tmp_path / "msp" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "msp" / path).write_bytes(content)
    policies = {
        name: {"Type": "Signature", "Rule": f"OR('AlphaMSP.{role}')"}
        for name, role in {"Readers": "member", "Writers": "member", "Admins": "admin"}.items()
    }
    organization_ = {"Name": "alpha", "ID": "AlphaMSP", "MSPDir": "msp", "Policies": policies}
    (tmp_path / "configtx.yaml").write_text(json.dumps({"Organizations": [organization_]}))
    printed = run("configtxgen", "-printOrg", "alpha", "-configPath", str(tmp_path))
    assert printed.returncode == 0, printed.stderr
    config = json.loads(printed.stdout)["values"]["MSP"]["value"]
    encoded = subprocess.run(
        ["configtxlator", "proto_encode", "--type=msp.MSPConfig"],
        input=json.dumps(config).encode(),
        capture_output=True,
        check=True,
    ).stdout
    from fabric_protos.msp import msp_config_pb2

    theirs = msp_config_pb2.FabricMSPConfig.FromString(msp_config_pb2.MSPConfig.FromString(encoded).config)
    ours = msp_config_pb2.FabricMSPConfig.FromString(msp_config(alpha.msp).config)
    assert theirs == ours
