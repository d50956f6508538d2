"""A review hides nothing: every element that an update changes is told, old and new, and what gets weaker."""

from collections.abc import Callable
from typing import Any

import pytest
from fabric_protos.common import configtx_pb2, configuration_pb2, policies_pb2
from fabric_protos.msp import msp_config_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_pb2
from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_pb2
from fabric_protos.peer import configuration_pb2 as peer_pb2
from hypothesis import given
from hypothesis import strategies as st

from heddle.configtx import values
from heddle.configtx.blocks import config_of
from heddle.configtx.delta import compute_update
from heddle.configtx.elements import element_map
from heddle.configtx.expression import parse_expression
from heddle.configtx.genesis import genesis_block
from heddle.configtx.request import new_request
from heddle.configtx.review import Review, review
from heddle.errors import NoDifference
from heddle.identity.describe import fingerprint
from tests.configtx.networks import bft_trade, organization, trade
from tests.configtx.strategies import expressions

RAFT = config_of(genesis_block(trade(3))).config
BFT = config_of(genesis_block(bft_trade(4))).config
MALLORY = organization("beta").signer("client", "mallory").certificate
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9.-]{0,8}", fullmatch=True)


def edited(config: configtx_pb2.Config, edit: Callable[[configtx_pb2.ConfigGroup], object]) -> Review:
    """Return the review of the update that an edit of the tree amounts to."""
    target = configtx_pb2.Config.FromString(config.SerializeToString())
    edit(target.channel_group)
    return reviewed(config, target)


def reviewed(config: configtx_pb2.Config, target: configtx_pb2.Config) -> Review:
    update = compute_update("trade", config, target).SerializeToString(deterministic=True)
    return review(new_request(update, config), config)


def set_policy(group: configtx_pb2.ConfigGroup, name: str, text: str) -> None:
    policy = group.policies[name].policy
    if "(" in text:
        policy.type = policies_pb2.Policy.SIGNATURE
        policy.value = parse_expression(text).SerializeToString()
        return
    rule, sub = text.split(" ")
    number = policies_pb2.ImplicitMetaPolicy.Rule.Value(rule)
    policy.type = policies_pb2.Policy.IMPLICIT_META
    policy.value = policies_pb2.ImplicitMetaPolicy(rule=number, sub_policy=sub).SerializeToString()


def change_msp(
    group: configtx_pb2.ConfigGroup, edit: Callable[[msp_config_pb2.FabricMSPConfig], object]
) -> None:
    message = values.read(group, "MSP", msp_config_pb2.MSPConfig())
    fabric = msp_config_pb2.FabricMSPConfig.FromString(message.config)
    edit(fabric)
    message.config = fabric.SerializeToString()
    values.put(group, "MSP", message)


def application(root: configtx_pb2.ConfigGroup) -> configtx_pb2.ConfigGroup:
    return root.groups["Application"]


def test_a_policy_is_shown_in_words_old_and_new() -> None:
    """MAJORITY Admins turned to ANY Writers was an element's name and nothing more."""
    found = edited(RAFT, lambda root: set_policy(application(root), "Admins", "ANY Writers"))
    words = "MAJORITY Admins → ANY Writers"
    assert f"may be weaker: policy /Channel/Application/Admins: {words}" in found.weaker
    assert f"  policy: {words}" in found.text()


def test_a_listed_administrator_is_shown_by_fingerprint_subject_and_expiry() -> None:
    """A client that is listed has an administrator's rights, whatever its certificate says."""
    found = edited(
        RAFT,
        lambda root: change_msp(application(root).groups["beta"], lambda msp: msp.admins.append(MALLORY)),
    )
    (line,) = found.weaker
    assert line.startswith("WEAKER: /Channel/Application/beta/MSP: another administrator: ")
    assert fingerprint(MALLORY) in line
    assert "CN=mallory,OU=client, until 20" in line
    (change,) = found.changes
    assert change.key == "[Value]  /Channel/Application/beta/MSP"
    assert change.lines[0].startswith(f"+ value.config.admins[0]: {fingerprint(MALLORY)}")


def test_a_role_that_clients_get_is_shown() -> None:
    """Whose certificates say `client` would all be administrators."""

    def promote(msp: msp_config_pb2.FabricMSPConfig) -> None:
        msp.fabric_node_ous.admin_ou_identifier.organizational_unit_identifier = "client"

    found = edited(RAFT, lambda root: change_msp(application(root).groups["beta"], promote))
    assert (
        "  value.config.fabric_node_ous.admin_ou_identifier.organizational_unit_identifier: admin → client"
        in found.text()
    )
    assert any("other NodeOUs" in line for line in found.weaker)


def test_an_added_mod_policy_is_shown() -> None:
    """Beside an innocent change of the same element."""

    def edit(root: configtx_pb2.ConfigGroup) -> None:
        timeout = orderer_pb2.BatchTimeout(timeout="3s")
        values.put(root.groups["Orderer"], "BatchTimeout", timeout)
        root.groups["Orderer"].values["BatchTimeout"].mod_policy = "/Channel/Application/Writers"

    found = edited(RAFT, edit)
    assert found.lines == ("batch timeout: 2s → 3s",)
    assert found.weaker == (
        "may be weaker: who may change /Channel/Orderer/BatchTimeout: Admins → /Channel/Application/Writers",
    )
    assert found.changes[0].lines == (
        "mod_policy: Admins → /Channel/Application/Writers",
        "value.timeout: 2s → 3s",
    )


def test_another_authority_is_shown_by_fingerprints() -> None:
    """Counts say nothing: one root before, one root after."""
    old, new = organization("beta").authority.certificate, organization("gamma").authority.certificate

    def replace_root(msp: msp_config_pb2.FabricMSPConfig) -> None:
        msp.root_certs[:] = [new]

    found = edited(RAFT, lambda root: change_msp(application(root).groups["beta"], replace_root))
    text = "\n".join(found.text())
    assert f"- value.config.root_certs[0]: {fingerprint(old)}" in text
    assert f"+ value.config.root_certs[0]: {fingerprint(new)}" in text
    assert found.weaker[0].startswith(
        "WEAKER: /Channel/Application/beta/MSP: identities of another authority"
    )
    briefs = [f"{fingerprint(each)[:23]}… until 20" for each in (old, new)]
    assert all(brief in found.lines[0] for brief in briefs)


def test_an_unknown_value_is_shown_as_bytes() -> None:
    """Also what this Heddle has never heard of is told, with its length."""

    def edit(root: configtx_pb2.ConfigGroup) -> None:
        root.values["FromTomorrow"].value = b"\x01\x02"
        root.values["FromTomorrow"].mod_policy = "Admins"

    found = edited(RAFT, edit)
    assert "may be weaker: value /Channel/FromTomorrow is new" in found.weaker
    assert "  value: unknown to Heddle: 2 bytes 0102" in found.text()


def test_an_unknown_field_is_shown_as_bytes() -> None:
    """A field that Fabric's message does not have, hidden in a value that it has."""

    def edit(root: configtx_pb2.ConfigGroup) -> None:
        value = root.groups["Orderer"].values["BatchTimeout"]
        value.value += bytes([15 << 3 | 2, 3]) + b"abc"

    found = edited(RAFT, edit)
    assert "  + value.unknown field 15[0]: 3 bytes 616263 (kind 2)" in found.text()


def test_an_access_right_is_shown() -> None:
    """ACLs give rights without any policy changing."""

    def edit(root: configtx_pb2.ConfigGroup) -> None:
        acls = peer_pb2.ACLs()
        acls.acls["_lifecycle/CommitChaincodeDefinition"].policy_ref = "/Channel/Application/Readers"
        values.put(application(root), "ACLs", acls)

    found = edited(RAFT, edit)
    assert "may be weaker: value /Channel/Application/ACLs is new" in found.weaker
    wanted = "value.acls._lifecycle/CommitChaincodeDefinition.policy_ref: /Channel/Application/Readers"
    assert f"  {wanted}" in found.text()


def test_fewer_consenters_are_told_by_what_may_fail() -> None:
    """Three to one is a channel that stops with its only node; with its address for who reads."""

    def edit(root: configtx_pb2.ConfigGroup) -> None:
        kind = values.read(root.groups["Orderer"], "ConsensusType", orderer_pb2.ConsensusType())
        metadata = etcdraft_pb2.ConfigMetadata.FromString(kind.metadata)
        del metadata.consenters[1:]
        kind.metadata = metadata.SerializeToString()
        values.put(root.groups["Orderer"], "ConsensusType", kind)

    found = edited(RAFT, edit)
    assert found.weaker == ("WEAKER: 0 instead of 1 consenter may fail",)
    assert "  - value.metadata.consenters[1].host: orderer1.example" in found.text()


def test_a_consenter_with_other_keys_is_named_by_its_address() -> None:
    """A place in a list tells nobody which node it is."""
    certificate = organization("orderer").server("elsewhere.example").certificate

    def edit(root: configtx_pb2.ConfigGroup) -> None:
        message = values.read(root.groups["Orderer"], "Orderers", configuration_pb2.Orderers())
        message.consenter_mapping[1].server_tls_cert = certificate
        values.put(root.groups["Orderer"], "Orderers", message)

    found = edited(BFT, edit)
    assert "may be weaker: consenter orderer1.example:7050 gets other keys" in found.weaker
    line = f"+ value.consenter_mapping[1] orderer1.example:7050.server_tls_cert: {fingerprint(certificate)}"
    assert any(each.startswith(f"  {line}") for each in found.text())


def test_a_version_that_changes_alone_is_told() -> None:
    """Nothing else of the element is new, and the version makes other updates void."""
    update = configtx_pb2.ConfigUpdate(channel_id="trade")
    update.write_set.values["HashingAlgorithm"].CopyFrom(RAFT.channel_group.values["HashingAlgorithm"])
    update.write_set.values["HashingAlgorithm"].version = 1
    found = review(new_request(update.SerializeToString(), RAFT), RAFT)
    assert "[Value]  /Channel/HashingAlgorithm: version 0 → 1, nothing else changes" in found.text()


def test_text_of_others_cannot_write_lines_of_its_own() -> None:
    """A subject with control signs or letters that look like others is escaped."""

    def edit(root: configtx_pb2.ConfigGroup) -> None:
        timeout = orderer_pb2.BatchTimeout(timeout="2s\nnothing gets weaker\x1b[2K\u0430")
        values.put(root.groups["Orderer"], "BatchTimeout", timeout)

    lines = edited(RAFT, edit).text()
    assert '  value.timeout: 2s → "2s\\nnothing gets weaker\\u001b[2K\\u0430"' in lines
    assert all(line.isprintable() for line in lines)


def test_what_is_no_weaker_is_not_called_so() -> None:
    """More consent than before, and settings without rights."""

    def edit(root: configtx_pb2.ConfigGroup) -> None:
        set_policy(application(root), "Admins", "ALL Admins")
        values.put(root.groups["Orderer"], "BatchTimeout", orderer_pb2.BatchTimeout(timeout="3s"))

    found = edited(RAFT, edit)
    assert found.weaker == ()
    assert found.text()[0] == "nothing gets weaker, as far as Heddle can tell"


@st.composite
def edits(draw: st.DrawFn, config: configtx_pb2.Config) -> tuple[str, configtx_pb2.Config]:
    """Return a configuration with one element that is new, removed or changed, and that element's path."""
    target = configtx_pb2.Config.FromString(config.SerializeToString())
    key = draw(st.sampled_from(sorted(element_map(target.channel_group))))
    kind, path = key[1:].split("]", 1)[0], key.split("/", 1)[1]
    steps = path.split("/")[1:]
    group = target.channel_group
    for step in steps if kind == "Group" else steps[:-1]:
        group = group.groups[step]
    if kind == "Group":
        return draw(_grown(group, f"/{path}")), target
    name = steps[-1]
    items: Any = group.values if kind == "Value" else group.policies
    what = draw(st.sampled_from(["removed", "mod_policy", "content", "content", "content"]))
    if what == "removed":
        del items[name]
    elif what == "mod_policy":
        items[name].mod_policy = draw(NAMES)
    elif kind == "Value":
        items[name].value = draw(_contents(items[name].value))
    else:
        draw(_policies(group, name))
    return f"/{path}", target


@st.composite
def _grown(draw: st.DrawFn, group: configtx_pb2.ConfigGroup, path: str) -> str:
    name = draw(NAMES)
    match draw(st.integers(0, 3)):
        case 0:
            group.mod_policy = draw(NAMES)
            return path
        case 1:
            group.values[name].value = draw(st.binary(max_size=200))
        case 2:
            draw(_policies(group, name))
        case _:
            group.groups[name].mod_policy = draw(NAMES)
    return f"{path}/{name}"


@st.composite
def _policies(draw: st.DrawFn, group: configtx_pb2.ConfigGroup, name: str) -> None:
    rule = st.builds(lambda rule, sub: f"{rule} {sub}", st.sampled_from(["ANY", "ALL", "MAJORITY"]), NAMES)
    set_policy(group, name, draw(rule | expressions))
    if draw(st.integers(0, 3)) == 0:
        group.policies[name].policy.value = draw(st.binary(max_size=20))
        group.policies[name].policy.type = draw(st.integers(0, 5))


def _contents(content: bytes) -> st.SearchStrategy[bytes]:
    """Return other contents: any bytes, bytes put behind or into the old ones, one bit turned."""

    def put(extra: bytes, place: float) -> bytes:
        cut = int(place * len(content))
        return content[:cut] + extra + content[cut:]

    def turned(place: float, bit: int) -> bytes:
        index = int(place * (len(content) - 1))
        return content[:index] + bytes([content[index] ^ 1 << bit]) + content[index + 1 :]

    places = st.floats(0, 1)
    known = st.builds(put, st.binary(min_size=1, max_size=8), places) | st.builds(
        lambda extra: content + extra, st.binary(max_size=8)
    )
    return (
        st.binary(max_size=200) | known | (st.builds(turned, places, st.integers(0, 7)) if content else known)
    )


@pytest.mark.parametrize("config", [RAFT, BFT], ids=["raft", "bft"])
@given(data=st.data())
def test_whatever_changes_is_told_with_its_path(config: configtx_pb2.Config, data: st.DataObject) -> None:
    """Any single element, whatever becomes of it; a change of nothing is no update at all."""
    path, target = data.draw(edits(config))
    try:
        found = reviewed(config, target)
    except NoDifference:
        return
    assert any(change.key.endswith(f" {path}") for change in found.changes)
    assert any(f" {path}: " in line for line in found.text())


@pytest.mark.parametrize("config", [RAFT, BFT], ids=["raft", "bft"])
@given(data=st.data())
def test_two_updates_never_look_the_same(config: configtx_pb2.Config, data: st.DataObject) -> None:
    """Whatever is asked of two people, they read of a difference."""
    (_, first), (_, second) = data.draw(edits(config)), data.draw(edits(config))
    if first == second:
        return
    try:
        texts = [reviewed(config, target).text() for target in (first, second)]
    except NoDifference:
        return
    assert texts[0] != texts[1]
