"""One orderer of three lies about the channel's configuration: nothing of it is signed, and it is named."""

import asyncio
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fabric_protos.common import common_pb2, configtx_pb2, policies_pb2
from typer.testing import CliRunner

from heddle.cli.app import app
from heddle.configtx.blocks import block_hash, config_of, data_hash, last_config_index
from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.envelope import sign_update, update_envelope
from heddle.configtx.genesis import genesis_block
from heddle.configtx.read import settings_of
from heddle.embedded.fabric.orderer.blocks import metadata_signature, next_block, signed_block
from heddle.errors import FabricError, NotBelieved, ProviderError
from heddle.fabric.connection import Connections
from heddle.fabric.dial import DirectDialer
from heddle.fabric.orderer import config_block, deliver_block
from heddle.identity.signer import Signer
from heddle.waiting import retry
from tests.contract.standins import ROOT, prepared_standins
from tests.network.processes import network_of_processes
from tests.network.samples import use_network
from tests.provider.harness import Engine, channel_value
from tests.provider.previews.others import change_batch
from tests.provider.tokens import CHANNEL
from tests.real.network import RealNetwork

LIAR = "orderer3"
ATTACKER = "/Channel/Application/Writers"

Config = configtx_pb2.Config


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A channel on three orderers, the third of which hands out what lies in the folder `lies`."""

    network: RealNetwork
    lies: Path

    def inputs(self, **batch: Any) -> dict[str, Any]:
        network = self.network
        signers = [network.ordering.admin, *(one.admin for one in network.organizations.values())]
        value = channel_value(network.settings(), network.orderers, signers, network.admin_tls)
        return value | {"batch": {**value["batch"], **batch}}

    def orderer_key(self) -> Signer:
        """The lying orderer's own identity, which may sign blocks."""
        issued = self.network.identities[LIAR]
        msp_id = self.network.ordering.msp.msp_id
        return Signer(msp_id=msp_id, certificate=issued.certificate, private_key=issued.private_key)

    def tell(self, block: common_pb2.Block) -> None:
        (self.lies / str(block.header.number)).write_bytes(block.SerializeToString())

    async def led(self) -> None:
        """Wait until the honest orderers have a leader: the liar answers without one."""
        network = self.network
        async with Connections(DirectDialer()) as connections:
            await retry(
                lambda left: config_block(
                    connections, network.orderers[0], "channel", network.ordering.admin, deadline=left
                ),
                lambda error: isinstance(error, FabricError),
                deadline=20,
            )

    async def honest(self) -> common_pb2.Block:
        """The newest configuration block that the first orderer has."""
        network = self.network
        async with Connections(DirectDialer()) as connections:
            read = partial(deliver_block, connections, network.orderers[0], "channel", best_effort=True)
            newest = await read("newest", network.ordering.admin, deadline=10)
            return await read(last_config_index(newest), network.ordering.admin, deadline=10)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    network = prepared_standins(tmp_path)
    lies = tmp_path / "lies"
    lies.mkdir()
    liar = network.programs[LIAR]
    liar.argv = [sys.executable, "-m", "tests.provider.lying_orderer"]
    liar.environment |= {"LIES": str(lies), "PYTHONPATH": str(ROOT)}
    network.start()
    yield Scene(network=network, lies=lies)
    network.stop()


def _open_to_clients(config: Config) -> None:
    """Let any client change the batch from now on: an administrator's update would carry it along."""
    for name in ("BatchSize", "BatchTimeout"):
        config.channel_group.groups["Orderer"].values[name].mod_policy = ATTACKER


def _cut_consenters(config: Config) -> None:
    """Leave one consenter of three."""
    settings = settings_of(config, channel="channel")
    edited = apply_settings(config, replace(settings, consenters=settings.consenters[:1]), None)
    config.channel_group.CopyFrom(edited.channel_group)


CHANGES = {"mod_policy": _open_to_clients, "consenters": _cut_consenters}


def config_envelope(config: Config, update: common_pb2.Envelope | None = None) -> common_pb2.Envelope:
    header = common_pb2.ChannelHeader(type=common_pb2.CONFIG, channel_id="channel")
    payload = common_pb2.Payload(
        data=configtx_pb2.ConfigEnvelope(config=config, last_update=update).SerializeToString()
    )
    payload.header.channel_header = header.SerializeToString()
    return common_pb2.Envelope(payload=payload.SerializeToString())


def _far_and_unsigned(scene: Scene, before: common_pb2.Block, config: Config) -> common_pb2.Block:
    """A number that no honest orderer can outbid, and no signature."""
    block = next_block(before, [config_envelope(config)], last_config=0, consenter_metadata=b"")
    block.header.number = 10**6
    return _with_last_config(block)


def _signed_alone(scene: Scene, before: common_pb2.Block, config: Config) -> common_pb2.Block:
    """The next block, signed by the liar's own key, which satisfies BlockValidation of a Raft channel."""
    config.sequence += 1
    return _signed(scene, before, config_envelope(config))


def _with_an_update_of_a_client(scene: Scene, before: common_pb2.Block, config: Config) -> common_pb2.Block:
    """The same, with an update that makes the configuration, signed by a client that may not."""
    live = config_of(before).config
    raised = Config()
    raised.CopyFrom(live)
    raised.channel_group.CopyFrom(config.channel_group)
    update = compute_update("channel", live, raised).SerializeToString()
    (organization, *_) = scene.network.organizations.values()
    client = organization.user
    config.sequence += 1
    return _signed(
        scene,
        before,
        config_envelope(config, update_envelope(update, [sign_update(update, client)], client)),
    )


def _signed(scene: Scene, before: common_pb2.Block, envelope: common_pb2.Envelope) -> common_pb2.Block:
    last = before.header.number
    block = next_block(before, [envelope], last_config=last, consenter_metadata=b"")
    signature = metadata_signature(block, scene.orderer_key())
    return signed_block(block, [signature.SerializeToString()])


def _with_last_config(block: common_pb2.Block) -> common_pb2.Block:
    last = common_pb2.LastConfig(index=block.header.number)
    value = common_pb2.OrdererBlockMetadata(last_config=last).SerializeToString()
    block.metadata.metadata[common_pb2.SIGNATURES] = common_pb2.Metadata(value=value).SerializeToString()
    return block


FORGERIES: list[Callable[[Scene, common_pb2.Block, Config], common_pb2.Block]] = [
    _far_and_unsigned,
    _signed_alone,
    _with_an_update_of_a_client,
]


@pytest.mark.parametrize("change", list(CHANGES.values()), ids=list(CHANGES))
@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__.strip("_"))
async def test_no_administrator_signs_what_one_orderer_made_up(
    scene: Scene,
    engine: Engine,
    forge: Callable[[Scene, common_pb2.Block, Config], common_pb2.Block],
    change: Callable[[Config], None],
) -> None:
    """The honest orderers' configuration is taken: previewed, updated, read. The liar is named."""
    await engine.up(CHANNEL, "channel", scene.inputs())
    before = await scene.honest()
    forged = config_of(before).config
    change(forged)
    scene.tell(forge(scene, before, forged))

    _, message = await engine.preview(CHANNEL, "channel", scene.inputs(maxMessageCount=100))
    assert "consenter" not in message
    outputs = await engine.up(CHANNEL, "channel", scene.inputs(maxMessageCount=100))
    after = config_of(await scene.honest()).config
    old = config_of(before).config.channel_group.groups["Orderer"]
    new = after.channel_group.groups["Orderer"]
    assert outputs["sequence"] == after.sequence == 1
    assert settings_of(after).batch.max_message_count == 100
    assert settings_of(after).consenters == settings_of(config_of(before).config).consenters
    for name in old.values:
        assert new.values[name].mod_policy == old.values[name].mod_policy
    assert any(LIAR in warning and "not believed" in warning for warning in engine.log.of("warning"))
    await engine.read(CHANNEL, "channel")


async def test_the_command_line_names_the_liar(
    scene: Scene, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And shows what the others have."""
    outputs = await engine.up(CHANNEL, "channel", scene.inputs())
    await scene.led()
    before = await scene.honest()
    forged = config_of(before).config
    _cut_consenters(forged)
    scene.tell(_signed_alone(scene, before, forged))
    use_network(monkeypatch, network_of_processes(scene.network, outputs["genesisHash"]))
    shown = await asyncio.to_thread(CliRunner().invoke, app, ["channel", "show", "s", "--json"])
    assert shown.exit_code == 0, shown.output
    assert len(json.loads(shown.stdout)["settings"]["consenters"]) == 3
    assert f"warning: {LIAR}: its configuration is not believed" in shown.stderr


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__.strip("_"))
async def test_without_another_answer_a_lie_is_refused_by_name(
    scene: Scene, engine: Engine, forge: Callable[[Scene, common_pb2.Block, Config], common_pb2.Block]
) -> None:
    """Nothing is signed, nothing is sent."""
    await engine.up(CHANNEL, "channel", scene.inputs())
    before = await scene.honest()
    forged = config_of(before).config
    _open_to_clients(forged)
    scene.tell(forge(scene, before, forged))
    for node in scene.network.orderers:
        if node.name != LIAR:
            scene.network.programs[node.name].stop()
    with pytest.raises(NotBelieved, match=f"not believed:\n  {LIAR}: block"):
        await engine.read(CHANNEL, "channel")


async def test_the_mark_in_the_state_is_where_proof_begins(scene: Scene, engine: Engine) -> None:
    """Changes of others are proved one by one from there; a state without a mark proves all from block 0."""
    first = await engine.up(CHANNEL, "channel", scene.inputs())
    genesis = first["verified"]
    assert genesis == {"number": 0, "hash": first["genesisHash"]}
    await scene.led()
    for messages in (20, 30):
        await change_batch(scene.network, max_message_count=messages)
    await engine.read(CHANNEL, "channel")
    newest = await scene.honest()
    mark = {"number": newest.header.number, "hash": block_hash(newest.header).hex()}
    assert engine.outputs["channel"]["verified"] == mark
    del engine.outputs["channel"]["verified"]  # as an earlier release left it
    await engine.read(CHANNEL, "channel")
    assert engine.outputs["channel"]["verified"] == mark
    await change_batch(scene.network, max_message_count=40)
    outputs = await engine.up(CHANNEL, "channel", scene.inputs(maxMessageCount=40))
    assert outputs["sequence"] == 3
    assert outputs["verified"]["number"] == (await scene.honest()).header.number


def _anybody(config: Config) -> None:
    root = config.channel_group
    rule = policies_pb2.ImplicitMetaPolicy(
        sub_policy="Readers", rule=policies_pb2.ImplicitMetaPolicy.ANY
    ).SerializeToString()
    for group in (root, root.groups["Application"], root.groups["Orderer"]):
        group.policies["Admins"].policy.value = rule


def _another_capability(config: Config) -> None:
    config.channel_group.groups["Orderer"].values["ChannelRestrictions"].mod_policy = ATTACKER


@pytest.mark.parametrize("change", [_anybody, _another_capability, _cut_consenters])
async def test_a_forged_genesis_is_not_adopted(
    scene: Scene, engine: Engine, change: Callable[[Config], None]
) -> None:
    """Whatever differs from what this stack makes, the policies too: nobody joins it."""
    honest = Engine()
    try:
        await honest.up(CHANNEL, "channel", scene.inputs())
    finally:
        await honest.provider.close()
    genesis = genesis_block(scene.network.settings())
    config = config_of(genesis).config
    change(config)
    genesis.data.data[0] = config_envelope(config).SerializeToString()
    genesis.header.data_hash = data_hash(genesis.data)
    scene.tell(genesis)
    for node in scene.network.orderers:
        if node.name != LIAR:
            program = scene.network.programs[node.name]
            program.stop()
            _forget(scene.network.folder / node.name)
            program.start()
            program.wait()
    with pytest.raises(ProviderError, match="not this stack's:\n  "):
        await engine.up(CHANNEL, "channel", scene.inputs())
    assert "channel" not in engine.outputs


def _forget(home: Path) -> None:
    """Give an orderer an empty disk."""
    for name in ("ledger", "wal", "snap"):
        shutil.rmtree(home / name, ignore_errors=True)
