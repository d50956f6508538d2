"""What Fabric's own tools compute and read is what Heddle does."""

import json
import subprocess
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from fabric_protos.common import configtx_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heddle.configtx.delta import compute_update
from heddle.configtx.genesis import channel_group, genesis_block
from heddle.errors import NoDifference
from heddle.identity.msp import msp_config
from tests.configtx.networks import organization, trade
from tests.configtx.real_orderer import PROGRAMS
from tests.configtx.strategies import bft_channels, channels
from tests.programs import needs
from tests.real.mspfolder import msp_folder

pytestmark = [pytest.mark.real, needs(*PROGRAMS)]
SETTINGS = trade(1)
ADMINS = [organization(name).signer("admin") for name in ("alpha", "beta", "orderer")]


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
